package trainer

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/loadtide/loadtide/services/trainer/cycle"
)

// hand turns the clock of one service. The service rests when it waits for the clock at every place
// where it waits for it at all; a service that rests has done all that it had to do so far.
type hand struct {
	t       *testing.T
	clock   *clockwork.FakeClock
	timers  int32        // of a service that rests
	running atomic.Int32 // cycles that run: the timer of the job store is not set meanwhile
}

// newHand is the clock of a service with this configuration, which begins at a time.
func newHand(t *testing.T, cfg Config, at time.Time) *hand {
	t.Helper()
	timers := int32(2) // job store, registry
	if cfg.Schedule != ScheduleOff {
		timers++
	}
	return &hand{t: t, clock: clockwork.NewFakeClockAt(at), timers: timers}
}

// deps gives the clock to a service.
func (h *hand) deps(d *Deps) {
	run := d.Run
	d.Clock = h.clock
	d.Run = func(ctx context.Context, job Job, tell teller) (cycle.Event, error) {
		h.running.Add(1)
		defer h.running.Add(-1)
		return run(ctx, job, tell)
	}
}

// rest waits until the service rests.
func (h *hand) rest() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 30*time.Second)
	defer cancel()
	if err := h.clock.BlockUntilContext(ctx, int(h.timers-h.running.Load())); err != nil {
		h.t.Fatalf("the service does not rest: %v", err)
	}
}

// turn turns the clock when the service rests.
func (h *hand) turn(by time.Duration) {
	h.t.Helper()
	h.rest()
	h.clock.Advance(by)
}

// looks lets the service look at job store, registry and drift so many times, and rest.
func (h *hand) looks(times int) {
	h.t.Helper()
	for range times {
		h.turn(quick().Watch)
	}
	h.rest()
}
