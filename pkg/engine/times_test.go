package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
)

// modelOf is a small network of an interval.
func modelOf(interval int64) *model.Model {
	m := randomModel(3, 4)
	step := time.Duration(interval) * time.Second
	m.Spec.Interval, m.Spec.Name = meter.IntervalName(step), "load-"+meter.IntervalName(step)
	return m
}

// times runs a test for each interval, with a series of that many days that a model of the interval
// forecasts. send sends cell k, unless it was sent before.
func times(t *testing.T, days int64, test func(t *testing.T, e *Engine, interval int64)) {
	t.Parallel()
	for _, interval := range intervals {
		t.Run(fmt.Sprint(interval), func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, modelOf(int64(interval)))
			var all []Reading
			for k := range days * meter.DaySeconds / int64(interval) {
				r := part(k, int64(interval))
				r.Interval, r.History = interval, true
				all = append(all, r)
			}
			if result := e.Step(all); len(result.Rejections) > 0 {
				t.Fatalf("%+v", result.Rejections[0])
			}
			test(t, e, int64(interval))
		})
	}
}

// A reading counts up to 48 hours behind the newest one, at every interval; up to two weeks behind,
// and not an interval later, it goes into its cell.
func TestLateWindowIsTwoDays(t *testing.T) {
	times(t, 16, func(t *testing.T, e *Engine, interval int64) {
		newest := 16*meter.DaySeconds/interval - 1
		for _, c := range []struct {
			behind int64 // seconds
			taken  bool
			late   int
		}{
			{48 * meter.HourSeconds, true, 0}, {48*meter.HourSeconds + interval, true, 1},
			{2*meter.WeekSeconds - interval, true, 1}, {2 * meter.WeekSeconds, false, 0},
		} {
			r := part(newest-c.behind/interval, interval)
			r.Value++
			result := e.Step([]Reading{r})
			if taken := result.Applied == 1 && len(result.Forecasts) == 1; taken != c.taken || result.Late != c.late {
				t.Errorf("%d s behind: %+v", c.behind, result)
			}
			if !c.taken && result.Rejections[0].Reason != meter.ReasonTooLate {
				t.Errorf("%+v", result.Rejections)
			}
		}
	})
}

// A reading 48 hours ahead counts at once, one that is an interval further waits for a second one.
func TestReadingsAheadWaitBehindTwoDays(t *testing.T) {
	times(t, 9, func(t *testing.T, e *Engine, interval int64) {
		newest := 9*meter.DaySeconds/interval - 1
		far := 48*meter.HourSeconds/interval + 1
		if result := e.Step([]Reading{part(newest+far, interval)}); result.Held != 1 {
			t.Errorf("48 hours and an interval ahead: %+v", result)
		}
		if result := e.Step([]Reading{part(newest+far-1, interval)}); result.Applied != 2 {
			t.Errorf("48 hours ahead, and the one that waited: %+v", result)
		}
	})
}

// A silent series that was up to date is forecast for 48 hours, then it is stale.
func TestSilenceEndsAfterTwoDays(t *testing.T) {
	times(t, 9, func(t *testing.T, e *Engine, interval int64) {
		r := part(9*meter.DaySeconds/interval, interval)
		r.Received = r.Second + interval
		e.Step([]Reading{r})
		heard, stale := r.Second, int64(0)
		for now := heard; stale == 0 && now < heard+3*meter.DaySeconds; now += interval {
			for _, event := range e.Tick(now, 0).Events {
				if event.Kind == SeriesStale {
					stale = now - heard
				}
			}
		}
		if s, _ := e.Summary(m17); s.Origin != heard+interval+48*meter.HourSeconds {
			t.Errorf("forecast until %d s after the last reading", s.Origin-heard)
		}
		if stale < 48*meter.HourSeconds || stale > 48*meter.HourSeconds+3*interval {
			t.Errorf("stale after %d s", stale)
		}
	})
}

// The network fills a gap for six hours, then the day before does. The first scale is made of a week.
func TestGapsAndScalesAreTimes(t *testing.T) {
	times(t, 7, func(t *testing.T, e *Engine, interval int64) {
		week := meter.WeekSeconds / interval
		if s, _ := e.Summary(m17); s.Source != meter.SourceLSTM {
			t.Errorf("source %s after a week", s.Source)
		}
		e.Step([]Reading{part(week+meter.DaySeconds/interval-1, interval)}) // most of a day is missing
		co, slot, _ := e.find(m17)
		ring := co.slabs.ring(slot)
		first := ring.Newest - meter.DaySeconds/interval + 1
		for n := first; n < ring.Newest; n++ {
			value, quality := ring.At(n)
			before, _ := ring.At(n - meter.DaySeconds/interval)
			byNetwork := n < first+6*meter.HourSeconds/interval
			if quality != meter.Missing || (value != before) != byNetwork {
				t.Fatalf("cell %d of the gap is %v %s, the day before %v", n-first, value, quality, before)
			}
		}
	})
}

// A hidden state is computed anew from a day, and from 96 cells at least.
func TestWarmUpIsADay(t *testing.T) {
	times(t, 8, func(t *testing.T, e *Engine, interval int64) {
		co, _, _ := e.find(m17)
		if got, want := warmUpCells(co.len), max(96, meter.DaySeconds/interval); got != want {
			t.Errorf("%d cells, want %d", got, want)
		}
		if got := settledWarmUp(co.len) * interval; got < meter.DaySeconds {
			t.Errorf("the settled state is computed from %d s", got)
		}
		if got := int64(co.len.Ring-co.len.Open) * interval; got != 14*meter.DaySeconds {
			t.Errorf("the ring holds %d s before the open cells", got)
		}
	})
}
