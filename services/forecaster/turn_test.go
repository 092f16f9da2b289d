package forecaster

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/streams"
)

// A turn without readings lasts idleWait; while questions come, askWait.
func TestTurnWaitsForReadings(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		turn := func(want time.Duration, when string) {
			t.Helper()
			began := time.Now()
			p.must(t)
			if took := time.Since(began); took != want {
				t.Errorf("%s the turn took %s, want %s", when, took, want)
			}
		}
		turn(idleWait, "without a question")
		p.questions[0] <- question{answer: make(chan streams.SeriesPage, 1)}
		turn(idleWait, "before a question is answered")
		turn(askWait, "after it is answered")
		p.lastAnswer = time.Now().Add(-idleWait + 1)
		turn(askWait, "while the last answer is younger than a wait")
		p.lastAnswer = time.Now().Add(-idleWait)
		turn(idleWait, "when the last answer is as old as a wait")
	})
}

// While readings are pending, outputs are confirmed once a second; when the log is read
// to its end, at once; when there are none, never.
func TestTurnConfirmsOutputs(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		check := func(when string, want int, dirty bool) {
			t.Helper()
			if p.forecasts.flushes != want || p.scores.flushes != want ||
				p.rejects.flushes != want ||
				p.events.flushes != want ||
				p.dirty != dirty {
				t.Fatalf(
					"%s: %d confirmations of forecasts, dirty %v, want %d and %v",
					when,
					p.forecasts.flushes,
					p.dirty,
					want,
					dirty,
				)
			}
		}
		p.must(t)
		check("idle", 0, false)
		time.Sleep(flushEvery - idleWait)
		p.log.reading(m1, hour(0))
		p.take(t, 7)
		check("a second after the last one", 0, true)
		time.Sleep(time.Nanosecond)
		p.log.reading(m1, hour(1))
		p.take(t, 6)
		check("more than a second after the last one", 1, false)
		p.log.reading(m1, hour(2))
		p.take(t, 5)
		check("right after a confirmation", 1, true)
		p.log.reading(m1, hour(3))
		p.take(t, 0)
		check("at the end of the log", 2, false)
		p.must(t)
		check("idle again", 2, false)
	})
}

// A fetched batch is stepped, published and confirmed, also when the context of the partition ends
// meanwhile.
func TestTurnFinishesWhatWasFetched(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		ctx, cancel := context.WithCancel(t.Context())
		p.tail.before = cancel
		p.log.reading(m1, hour(0))
		p.give(0)
		if err := p.turn(ctx); err != nil || p.forecasts.flushes != 1 ||
			len(p.forecasts.ids) != 1 ||
			p.position != 1 {
			t.Errorf(
				"%v, %d confirmations, forecasts %q, position %d",
				err,
				p.forecasts.flushes,
				p.forecasts.ids,
				p.position,
			)
		}
		if err := p.turn(ctx); err != nil {
			t.Errorf("a turn after the end: %v", err)
		}
	})
}

// When the log cannot be read, the error of the turn has the position.
func TestTurnTellsWhyTheLogIsNotRead(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		p.position = 41
		p.tail.err = bus.ErrNoStream
		if err := p.turn(t.Context()); !errors.Is(err, bus.ErrNoStream) ||
			!strings.Contains(err.Error(), "read R0 after 41") {
			t.Errorf("%v", err)
		}
	})
}

// The gauge and the status say how many messages are pending, and the partition is ready
// once it has read what the log held at the start.
func TestTurnReports(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		p.logEnd = 2
		for _, c := range []struct {
			pending uint64
			ready   bool
		}{{5, false}, {1, true}, {0, true}} {
			p.log.reading(m1, hour(int(p.position)))
			p.take(t, c.pending)
			status := p.status.current()
			if got := testutil.ToFloat64(p.metrics.pending.WithLabelValues("0")); got != float64(
				c.pending,
			) ||
				status.Behind != c.pending ||
				status.Ready != c.ready {
				t.Errorf(
					"at %d: gauge %v, status %+v; want %d pending, ready %v",
					p.position,
					got,
					status,
					c.pending,
					c.ready,
				)
			}
		}
		if status := p.status.current(); status.Readings != 3 || status.Forecasts != 3 ||
			status.Series != 1 {
			t.Errorf("%+v", status)
		}
	})
}

// A partition that lags counts none of its series as current once the newest message it
// read is older than freshFor. The series are counted at most every countEvery.
func TestTurnCounts(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		behind := func(pending uint64) bool {
			p.log.clock = bubbleStart
			p.log.reading(m1, hour(int(p.position)))
			p.take(t, pending)
			return p.status.parts[0].census.behind
		}
		if behind(1) {
			t.Error("behind by messages of this moment")
		}
		time.Sleep(freshFor)
		if behind(1) {
			t.Error("behind by messages of a minute ago")
		}
		time.Sleep(countEvery + 1)
		if !behind(1) {
			t.Error("not behind by messages of more than a minute ago")
		}
		time.Sleep(countEvery)
		if !behind(0) {
			t.Error("counted again too soon")
		}
		time.Sleep(time.Nanosecond)
		if behind(0) {
			t.Error("behind without pending messages")
		}
	})
}

// A count that takes long makes the next one wait countShare times as long.
func TestTurnCountsRarelyWhenThatIsDear(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		p.must(t)
		p.countTook = time.Second
		counted := p.lastCount
		time.Sleep(countShare*time.Second - idleWait)
		p.must(t)
		if !p.lastCount.Equal(counted) {
			t.Error("counted before its share of the time")
		}
		time.Sleep(time.Nanosecond)
		p.must(t)
		if p.lastCount.Equal(counted) {
			t.Error("not counted")
		}
	})
}

// A turn drops the models that the partition no longer needs.
func TestTurnDropsModels(t *testing.T) {
	t.Parallel()
	s := newShelf(t, mostRecent+2)
	bubble(t, func(t *testing.T, p *pure) {
		p.models = newModelStore(s, nil)
		for _, v := range s.versions {
			p.log.promote(v)
			p.take(t, 0)
		}
		if len(p.models.loaded) != mostRecent || len(p.recent) != mostRecent {
			t.Errorf("the store keeps %d models, the partition %d", len(p.models.loaded), len(p.recent))
		}
	})
}
