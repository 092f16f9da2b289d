package engine

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

// part is the k-th reading of step seconds after the epoch of a finer series
// whose hours are those of at.
func part(k, step int64) Reading {
	r := at(k * step / meter.HourSeconds)
	r.Second, r.Value, r.Message = epoch+k*step, r.Value*float64(step)/meter.HourSeconds, int(k)
	return r
}

// sameCells compares the rings of two engines from cell from on; values may differ
// by rounding where share is above 0.
func sameCells(t *testing.T, a, b *Engine, from int64) {
	t.Helper()
	x, y := a.hours().slabs.ring(0), b.hours().slabs.ring(0)
	if x.Newest != y.Newest {
		t.Fatalf("newest cells %d and %d", x.Newest-epoch/meter.HourSeconds, y.Newest-epoch/meter.HourSeconds)
	}
	for n := max(x.First(), y.First(), epoch/meter.HourSeconds+from); n <= x.Newest; n++ {
		v, p := x.At(n)
		w, q := y.At(n)
		if p != q || math.Abs(float64(v-w)) > 1e-5 {
			t.Fatalf("cell %d is %v %s and %v %s", n-epoch/meter.HourSeconds, v, p, w, q)
		}
	}
}

// Readings of 5 to 30 minutes are joined to hours, whether their interval is said
// or learnt; each hour is forecast once, when it is whole.
func TestFinerReadingsAreJoined(t *testing.T) {
	t.Parallel()
	for _, minutes := range []int64{5, 6, 10, 15, 20, 30} {
		for _, said := range []bool{true, false} {
			for _, kind := range []meter.Kind{meter.Energy, meter.Power} {
				step := minutes * 60
				fine, hourly := newEngine(t, randomModel(60, 4)), newEngine(t, randomModel(60, 4))
				feed(hourly, 0, 220)
				var origins []int64
				for k := range 220 * meter.HourSeconds / step {
					r := part(k, step)
					if kind == meter.Power {
						r.Unit, r.Value = "kW", r.Value*float64(meter.HourSeconds/step)
					}
					if said {
						r.Interval = int32(step)
					}
					result := fine.Step([]Reading{r})
					if len(result.Rejections) > 0 {
						t.Fatalf("%d min, reading %d: %+v", minutes, k, result.Rejections)
					}
					for _, f := range result.Forecasts {
						if f.Revision == 0 {
							origins = append(origins, (f.Origin-epoch)/meter.HourSeconds)
						}
					}
				}
				sameCells(t, fine, hourly, 0)
				if len(origins) != 220 || !slices.IsSorted(origins) {
					t.Errorf("%d min, said %v: %d origins", minutes, said, len(origins))
				}
			}
		}
	}
}

// A finer reading that is missing is stood in for by the others; with less than
// half the hour is missing; one that comes late makes the hour whole.
func TestMissingPartsOfAnHour(t *testing.T) {
	t.Parallel()
	const step = 900
	e, whole := newEngine(t, randomModel(61, 4)), newEngine(t, randomModel(61, 4))
	var all []Reading
	for k := range int64(4 * 205) {
		r := part(k, step)
		r.Interval = step
		all = append(all, r)
	}
	whole.Step(all)
	missing := map[int64]bool{4*200 + 1: true, 4*202 + 0: true, 4*202 + 2: true, 4*202 + 3: true}
	for k, r := range all {
		if !missing[int64(k)] {
			e.Step([]Reading{r})
		}
	}
	for i, want := range map[int64]meter.Quality{199: meter.OK, 200: meter.Estimated, 201: meter.OK, 202: meter.Missing, 203: meter.OK, 204: meter.OK} {
		if _, q := cellAt(t, e, i); q != want {
			t.Errorf("hour %d is %s, want %s", i, q, want)
		}
	}
	// The quarter of the day before stands in.
	if v, _ := cellAt(t, e, 200); math.Abs(float64(v)-(3*load(200)+load(176))/4) > 1e-5 {
		t.Errorf("hour 200 is %v of three quarters, want %v", v, (3*load(200)+load(176))/4)
	}
	revision := 0
	for k := range missing {
		for _, f := range e.Step(all[k : k+1]).Forecasts {
			revision++
			if f.Revision != revision {
				t.Errorf("revision %d, want %d", f.Revision, revision)
			}
		}
	}
	sameCells(t, e, whole, 0)
	if h, c := live(whole, 0); true {
		checkState(t, e, h, c)
	}
}

// sameValues compares the rings of two engines, the first of which may estimate what the other knows.
func sameValues(t *testing.T, a, b *Engine) {
	t.Helper()
	x, y := a.hours().slabs.ring(0), b.hours().slabs.ring(0)
	if x.Newest != y.Newest {
		t.Fatalf("newest cells %d and %d", x.Newest, y.Newest)
	}
	for n := max(x.First(), y.First()); n <= x.Newest; n++ {
		v, p := x.At(n)
		w, _ := y.At(n)
		if !p.Accepted() || math.Abs(float64(v-w)) > 1e-5 {
			t.Fatalf("cell %d is %v %s and %v", n, v, p, w)
		}
	}
}

// In any order, with repeats, finer readings give the same hours and states.
func TestAnyOrderOfFinerReadings(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		step := rapid.SampledFrom([]int64{300, 900, 1800}).Draw(t, "step")
		hours := rapid.Int64Range(1, 40).Draw(t, "hours")
		m := randomModel(62, 4)
		var first, rest []Reading
		for k := range (180 + hours) * meter.HourSeconds / step {
			r := part(k, step)
			r.Interval = int32(step)
			if k < 180*meter.HourSeconds/step {
				first = append(first, r)
			} else if rapid.IntRange(0, 9).Draw(t, "lost") > 0 {
				rest = append(rest, r)
			}
		}
		run := func(readings []Reading) *Engine {
			e := newEngine(t, m)
			e.Step(first)
			for i, r := range readings {
				r.Message = i
				if result := e.Step([]Reading{r}); len(result.Rejections) > 0 {
					t.Fatalf("%+v", result.Rejections)
				}
			}
			// The next hours close all.
			for k := (180 + hours) * meter.HourSeconds / step; k < (182+hours)*meter.HourSeconds/step; k++ {
				r := part(k, step)
				r.Interval = int32(step)
				e.Step([]Reading{r})
			}
			return e
		}
		shuffled := rapid.Permutation(append(slices.Clone(rest), rest[:len(rest)/4]...)).Draw(t, "order")
		a, b := run(rest), run(shuffled)
		if !sameSections(pristine(a), pristine(b)) {
			t.Fatal("the states differ")
		}
	})
}

// A series that comes at another interval is taken over to it at once, and it is told after a day.
func TestChangesOfInterval(t *testing.T) {
	t.Parallel()
	const before, days = int64(200), int64(30)
	e, hourly := newEngine(t, randomModel(63, 4)), newEngine(t, randomModel(63, 4))
	feed(e, 0, before)
	feed(hourly, 0, before+4*days)
	var told []string
	run := func(from, to, step int64) {
		for k := from * meter.HourSeconds / step; k < to*meter.HourSeconds/step; k++ {
			result := e.Step([]Reading{part(k, step)})
			for _, event := range result.Events {
				told = append(told, event.Text)
			}
			if len(result.Rejections) > 0 {
				t.Fatalf("reading %d of %d s: %+v", k, step, result.Rejections)
			}
		}
	}
	run(before, before+days, 1800)
	run(before+days, before+2*days, 900)
	run(before+2*days, before+3*days, 1800)
	run(before+3*days, before+4*days, 3600)
	sameValues(t, e, hourly)
	want := []string{
		"the series has intervals of 30 minutes now, before it had 60: readings come every 30 minutes",
		"the series has intervals of 15 minutes now, before it had 30: readings come every 15 minutes",
		"the series has intervals of 30 minutes now, before it had 15: readings come every 30 minutes",
		"the series has intervals of 60 minutes now, before it had 30: readings come every 60 minutes",
	}
	if !slices.Equal(told, want) {
		t.Errorf("told %q", told)
	}
}

// One stray timestamp costs nothing but itself.
func TestStray(t *testing.T) {
	t.Parallel()
	e, calm := newEngine(t, randomModel(64, 4)), newEngine(t, randomModel(64, 4))
	feed(e, 0, 200)
	feed(calm, 0, 210)
	r := at(200)
	r.Second -= 1800
	if result := e.Step([]Reading{r}); result.Held != 1 || len(result.Forecasts)+len(result.Rejections) != 0 {
		t.Fatalf("stray: %+v", result)
	}
	if result := e.Step([]Reading{r}); result.Repeated != 1 {
		t.Fatalf("stray again: %+v", result)
	}
	refused := 0
	for i := int64(200); i < 210; i++ {
		result := e.Step([]Reading{at(i)})
		if len(result.Forecasts) != 1 || result.Applied != 1 {
			t.Fatalf("reading %d: %+v", i, result)
		}
		for _, x := range result.Rejections {
			refused++
			if x.Reason != meter.ReasonIntervalUnsupported || x.Held == nil || x.Held.Second != r.Second {
				t.Errorf("%+v", x)
			}
		}
	}
	if refused != 1 || !sameSections(pristine(e), pristine(calm)) {
		t.Errorf("refused %d times, or the states differ", refused)
	}
}
