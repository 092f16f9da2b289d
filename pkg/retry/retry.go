package retry

import (
	"context"
	"time"
)

// Policy says how Until tries again.
type Policy struct {
	Backoff
	// Attempts is the largest number of calls; 0 means no limit.
	Attempts int
	// Steady is the running time after which a failed call counts as the first failure again: the
	// pauses start at the least one again, and the failure is reported again. 0 means never.
	Steady time.Duration
	// Final reports whether trying again is pointless; nil means never.
	Final func(err error) bool
	// Adjust returns the pause after a failure, given the pause of Backoff; nil keeps that pause.
	Adjust func(err error, pause time.Duration) time.Duration
	// Notice hears of each failure that is tried again, and of the success. It may be nil.
	Notice *Notice
}

// Until calls fn until it returns nil. Between two calls it waits as the policy says.
//
// Until returns nil after a success. Otherwise it returns the last error of fn: when the error is
// final, when the attempts are used up, or when ctx ends. fn is called at least once, and a call
// under way is never abandoned. A caller that has to know whether ctx ended asks ctx.
func Until(ctx context.Context, p Policy, fn func(context.Context) error) error {
	failures := 0
	for attempt := 1; ; attempt++ {
		began := time.Now()
		err := fn(ctx)
		if err == nil {
			p.Notice.Hear(nil)
			return nil
		}
		if ctx.Err() != nil || p.Final != nil && p.Final(err) || attempt == p.Attempts {
			return err
		}
		if p.Steady > 0 && time.Since(began) > p.Steady {
			failures = 0
			p.Notice.forget()
		}
		failures++
		p.Notice.Hear(err)
		pause := p.Pause(failures)
		if p.Adjust != nil {
			pause = p.Adjust(err, pause)
		}
		if Sleep(ctx, pause) != nil {
			return err
		}
	}
}

// Poll calls fn at once, and again a period after each call has ended, until ctx ends. The notice
// hears of each result; nil means nobody does.
func Poll(ctx context.Context, period time.Duration, n *Notice, fn func(context.Context) error) {
	for {
		err := fn(ctx)
		if ctx.Err() != nil {
			return
		}
		n.Hear(err)
		if Sleep(ctx, period) != nil {
			return
		}
	}
}
