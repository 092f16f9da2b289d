package retry

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff says how long to wait after failures: Least after the first one, then twice as long after
// each further one, up to Most.
type Backoff struct {
	Least time.Duration
	Most  time.Duration // Most below Least means Least: the pause does not grow
	// Jitter draws each pause from the upper half of its length, so that callers that failed
	// together do not come back together.
	Jitter bool
}

// Pause returns how long to wait after so many failures in a row; 0 after none.
func (b Backoff) Pause(failures int) time.Duration {
	if failures <= 0 {
		return 0
	}
	pause, most := b.Least, max(b.Least, b.Most)
	for ; failures > 1 && pause > 0 && pause < most; failures-- {
		if pause > most/2 {
			pause = most
		} else {
			pause *= 2
		}
	}
	if b.Jitter && pause > 1 {
		pause = pause/2 + rand.N(pause/2+1)
	}
	return pause
}

// Sleep waits for d and returns nil. When ctx ends before that, Sleep returns the error of ctx.
// When d is not positive, Sleep returns at once.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
