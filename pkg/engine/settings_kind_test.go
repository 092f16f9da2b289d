package engine

import (
	"math"
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// A series that says neither unit nor kind is taken for power. When energy is set for it, its cells
// hold the same energy as those of a series that was energy from the start.
func TestEnergyThatIsSetLater(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		step int64
		set  Setting
	}{
		"minutes by kind":  {60, Setting{Kind: meter.Energy}},
		"minutes by unit":  {60, Setting{Unit: "kWh"}},
		"quarters by kind": {900, Setting{Kind: meter.Energy}},
		"quarters by unit": {900, Setting{Unit: "kWh"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			later, always := newEngine(t, randomModel(2, 4)), newEngine(t, randomModel(2, 4))
			feedStep := func(e *Engine, kind meter.Kind, from, to int64) {
				for s := epoch + from; s < epoch+to; s += c.step {
					e.Step([]Reading{{
						Series: m17, Second: s, Value: float64(c.step), Kind: kind, Quality: meter.OK,
					}})
				}
			}
			const set, end = 30 * meter.HourSeconds, 60 * meter.HourSeconds
			feedStep(later, meter.KindUnknown, 0, set)
			if done := configure(t, later, m17, c.set); len(done.Events) != 1 || done.Events[0].Kind != KindChanged || done.Kept != 0 {
				t.Errorf("%+v", done)
			}
			feedStep(later, meter.KindUnknown, set, end)
			feedStep(always, meter.Energy, 0, end)
			got, want := later.hourRing(t), always.hourRing(t)
			for k := range want.Known {
				n := want.First() + int64(k)
				w, wq := want.At(n)
				g, gq := got.At(n)
				if g != w || gq != wq {
					t.Errorf("hour %d holds %v %s, want %v %s", k, g, gq, w, wq)
				}
			}
		})
	}
}

// hourRing is the hours of the series m17, joined from its own cells.
func (e *Engine) hourRing(t *testing.T) series.Ring {
	t.Helper()
	slot, ok := e.hours().slabs.index[m17]
	if !ok {
		t.Fatal("m17 has no hours")
	}
	return e.hours().slabs.ring(slot)
}

// When a setting makes readings count that waited, or ends forecasts that wait for their actuals,
// it says how many.
func TestSettingCountsWhatWaits(t *testing.T) {
	t.Parallel()
	e := newEngine(t, randomModel(2, 4))
	feed(e, 0, 200)
	held := 0
	for _, minutes := range []int64{0, 15, 60, 75, 120} {
		r := at(222)
		r.Second, r.Kind = r.Second+minutes*60, meter.Energy
		held += e.Step([]Reading{r}).Held
	}
	if held != 2 {
		t.Fatalf("%d readings wait, want the 2 of a quarter past: this tests nothing", held)
	}
	done := configure(t, e, m17, Setting{Interval: 900})
	if done.Applied != held || done.Unscored == 0 {
		t.Errorf("%+v: want %d readings that count now, and forecasts that are not scored", done, held)
	}
}

// A unit that is said after the series changed its interval: the cells that were brought over are
// means, so the series begins again, and no ring has both.
func TestEnergyThatIsSaidAfterAChange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		steps []int64 // of readings without a unit, three days each
		then  int64   // of those with one
	}{
		"half-hours, then quarters": {[]int64{1800, 900}, 900},
		"quarters, then hours":      {[]int64{900, 3600}, 3600},
		"minutes, then quarters":    {[]int64{60, 900}, 900},
		"quarters":                  {[]int64{900}, 900},
		"hours":                     {[]int64{3600}, 3600},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, at := newEngine(t, randomModel(2, 4)), int64(epoch)
			var events []EventKind
			send := func(step int64, unit string) {
				for end := at + 3*meter.DaySeconds; at < end; at += step {
					result := e.Step([]Reading{{
						Series: m17, Second: at, Value: float64(step) / 3600, Unit: unit, Quality: meter.OK,
					}})
					if events = append(events, kinds(result)...); at%7 == 0 {
						e = restored(t, e, randomModel(2, 4))
					}
				}
			}
			for _, step := range c.steps {
				send(step, "")
			}
			changes := len(events)
			send(c.then, "kWh")
			if told := slices.Contains(events[changes:], KindChanged); told != (c.then < 3600 || len(c.steps) > 1) {
				t.Errorf("events %v", events)
			}
			co, slot, _ := e.find(m17)
			ring := co.slabs.ring(slot)
			for n := ring.First(); n <= ring.Newest; n++ {
				v, q := ring.At(n)
				if want := float64(co.len.Interval) / 3600; q.Accepted() && math.Abs(float64(v)-want) > 1e-6 {
					t.Fatalf("cell %d of %d to %d is %v, want %v", n, ring.First(), ring.Newest, v, want)
				}
			}
		})
	}
}
