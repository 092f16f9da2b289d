package main

import (
	"context"
	"time"
)

const (
	// firstSeries with firstDays of readings, or one series with loneDays, are enough to train a
	// first model.
	firstSeries = 10
	firstDays   = 35
	loneDays    = 60
	// calm is how long readings must come slowly before the first training, so that it reads the
	// whole of a history that is being published. calmLimit bounds the wait for that.
	calm      = 2 * time.Second
	calmLimit = 30 * time.Second
	// rush is the number of readings a second that are the publishing of a history: meters send
	// less.
	rush = 1000
	// arrivalsEvery is the time between two looks at the readings that have come.
	arrivalsEvery = 200 * time.Millisecond
)

// arrivals are the readings that have come so far.
type arrivals struct {
	readings uint64 // applied
	behind   uint64 // not applied yet
	// enough is the number of series that reach back over firstDays, alone over loneDays.
	enough, alone int
}

// awaitHistory waits until there is enough history for a first training and readings come slowly.
// It returns false when ctx ends before.
func (t *training) awaitHistory(ctx context.Context) bool {
	tick := time.NewTicker(arrivalsEvery)
	defer tick.Stop()
	var enoughSince, rushed time.Time
	seen, last := time.Now(), t.arrived().readings
	for {
		var now time.Time
		select {
		case <-ctx.Done():
			return false
		case now = <-tick.C:
		}
		a := t.arrived()
		if a.readings > last+uint64(rush*now.Sub(seen).Seconds()) {
			rushed = now
		}
		last, seen = a.readings, now
		if a.enough < firstSeries && a.alone == 0 {
			continue
		}
		if enoughSince.IsZero() {
			enoughSince = now
		}
		if a.behind == 0 && now.Sub(rushed) >= calm || now.Sub(enoughSince) >= calmLimit {
			return true
		}
	}
}
