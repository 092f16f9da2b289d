package service

import (
	"context"
	"time"
)

// Sleep waits for d, not at all when that is not positive, or for the end of ctx, whose error it
// returns.
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
