package main

import (
	"context"
	"sync"
	"time"

	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/services/forecaster"
)

const (
	// firstSeries with 35 days of readings, or one with 60, are enough to train a model.
	firstSeries = 10
	// calm is how long arrivals must rest before a training, so that it sees the whole of a history
	// that is being published; calmLimit is the longest that is waited for.
	calm      = 2 * time.Second
	calmLimit = 30 * time.Second
	// rush is how many readings a second are the publishing of a history.
	rush = 1000
	// arrivalsEvery is the pause between two looks at what arrives.
	arrivalsEvery = 200 * time.Millisecond
)

// plentyOf reports whether series of one interval are enough to train its model.
func plentyOf(r engine.Reach) bool { return r.Over35Days >= firstSeries || r.Over60Days > 0 }

// arrivals says when there is enough history for the models of `up`, and the arrivals of a history
// that is being published rest.
type arrivals struct {
	status func() forecaster.Status

	mu      sync.Mutex
	last    forecaster.Status
	seen    time.Time
	changed time.Time                   // when a history was last being published
	since   map[time.Duration]time.Time // by interval: when there was enough of it
}

func newArrivals(status func() forecaster.Status) *arrivals {
	return &arrivals{status: status, since: map[time.Duration]time.Time{}}
}

// watch looks at what arrives until ctx ends.
func (a *arrivals) watch(ctx context.Context) error {
	tick := time.NewTicker(arrivalsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			a.look(now)
		}
	}
}

// look takes the status as of now.
func (a *arrivals) look(now time.Time) {
	s := a.status()
	a.mu.Lock()
	defer a.mu.Unlock()
	// What is published at once stands out from what meters send by now.
	if !a.seen.IsZero() && s.Readings > a.last.Readings+uint64(rush*now.Sub(a.seen).Seconds()) {
		a.changed = now
	}
	a.last, a.seen = s, now
	for interval, reach := range s.Histories {
		if plentyOf(reach) && a.since[interval].IsZero() {
			a.since[interval] = now
		}
	}
}

// enough reports whether there is enough history for a model, and arrivals rest or have been waited
// for long enough.
func (a *arrivals) enough(_ context.Context, model string) bool {
	interval, _ := registry.ModelInterval(model)
	a.mu.Lock()
	defer a.mu.Unlock()
	since := a.since[interval]
	if since.IsZero() || !plentyOf(a.last.Histories[interval]) {
		return false
	}
	rests := a.last.Behind == 0 && a.seen.Sub(a.changed) >= calm
	return rests || a.seen.Sub(since) >= calmLimit
}
