package engine

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

// pristine is the state without forecasts: how many there were and which wait for
// their actuals depends on what was known when, and how often one was asked for.
func pristine(e *Engine) []meter.Section {
	for _, co := range e.cohorts {
		for slot := 0; co != nil && slot < len(co.slabs.ids); slot++ {
			rec := co.slabs.record(int32(slot))
			rec.revision, rec.issued = 0, -1
		}
	}
	return slices.DeleteFunc(e.Snapshot(), func(s meter.Section) bool { return strings.HasPrefix(s.Name, sectionWaiting) })
}

// Once the scale of a series is known, whatever order its readings come in, with
// repeats, as long as none is behind the newest by more than the lateness
// window: ring, flags, states and the network's quantiles are those of the
// order of time, to the bit.
func TestAnyOrderGivesTheSame(t *testing.T) {
	t.Parallel()
	cases, late := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		cases++
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 11))
		m := randomModel(rapid.Uint64Range(0, 200).Draw(t, "model"), 4)
		known := rapid.SampledFrom([]int64{170, 200, 300, 330, 400}).Draw(t, "readings before")
		n := rapid.Int64Range(20, 150).Draw(t, "readings")
		reach := rapid.Int64Range(1, lateHours).Draw(t, "how late")
		missing := rapid.SampledFrom([]float64{0, 0.05, 0.5, 0.9}).Draw(t, "missing")
		level := rapid.SampledFrom([]float64{1, 1, 5, 0.2}).Draw(t, "change of level") // brings other scales

		var sorted, shuffled []Reading
		var punctual []bool
		for i := known; i < known+n; i++ {
			r := at(i)
			if i > known+20 || known == 330 {
				r.Value *= level
			}
			switch random.IntN(12) {
			case 0:
				r.Quality = meter.Bad
			case 1:
				r.Quality = meter.Estimated
			case 2:
				r.Value *= 1000
			}
			onTime := i%20 == 0 // so that nothing is far ahead of all before
			if random.Float64() > missing || i == known+n-1 || onTime {
				sorted = append(sorted, r)
				punctual = append(punctual, onTime)
			}
		}
		// Each reading comes when the clock has moved on by up to reach cells, so
		// none is further behind the newest than that.
		type arrival struct {
			at float64
			r  Reading
		}
		var arrivals []arrival
		for i, r := range sorted {
			cell := float64(r.Second / meter.HourSeconds)
			delay := rapid.SampledFrom([]float64{0, 0, 1}).Draw(t, "late") * random.Float64() * (float64(reach) - 0.01)
			if punctual[i] {
				delay = 0
			}
			arrivals = append(arrivals, arrival{cell + delay, r})
			if random.IntN(6) == 0 {
				arrivals = append(arrivals, arrival{cell + delay + random.Float64()*(float64(reach)-delay-0.01), r})
			}
			if i > 0 && delay > 1 {
				late++
			}
		}
		slices.SortStableFunc(arrivals, func(a, b arrival) int {
			if a.at < b.at {
				return -1
			}
			return 1
		})
		for i, a := range arrivals {
			a.r.Message = i
			shuffled = append(shuffled, a.r)
		}

		run := func(readings []Reading, most int) (*Engine, []Forecast) {
			e := newEngine(t, m)
			feed(e, 0, known)
			var forecasts []Forecast
			for len(readings) > 0 {
				k := min(1+random.IntN(most), len(readings))
				result := e.Step(readings[:k])
				if len(result.Rejections) > 0 {
					t.Fatalf("rejected: %+v", result.Rejections)
				}
				forecasts = append(forecasts, result.Forecasts...)
				readings = readings[k:]
			}
			return e, forecasts
		}
		a, _ := run(sorted, 1)
		b, revisions := run(shuffled, rapid.SampledFrom([]int{1, 4, 30}).Draw(t, "batch"))

		// The next reading is forecast alike, then the states are compared whole.
		fa, fb := last(t, a, at(known+n)), last(t, b, at(known+n))
		if d := differ(&fa, &fb); d != "" {
			t.Fatalf("the forecasts differ in %s\n%v\n%v", d, fa.Quantiles, fb.Quantiles)
		}
		sa, sb := pristine(a), pristine(b)
		for i := range sa {
			if !bytes.Equal(sa[i].Data, sb[i].Data) {
				t.Fatalf("section %s differs", sa[i].Name)
			}
		}
		checkRevisions(t, revisions)
	})
	if late < 3*cases {
		t.Errorf("%d cases, %d late readings: this tests little", cases, late)
	}
}

// checkRevisions says that origins ascend and the revisions of each run from 0
// without a hole.
func checkRevisions(t interface{ Fatalf(string, ...any) }, forecasts []Forecast) {
	for i, f := range forecasts {
		want := 0
		if i > 0 && f.Origin == forecasts[i-1].Origin {
			want = forecasts[i-1].Revision + 1
		} else if i > 0 && f.Origin < forecasts[i-1].Origin {
			t.Fatalf("forecast %d has an origin before that of the one before", i)
		}
		if f.Revision != want {
			t.Fatalf("forecast %d has revision %d, want %d", i, f.Revision, want)
		}
	}
}

// A young series, whose scale is not known, has the same ring in any order; the
// first reading to come need not be the first of time. Its readings are kept for
// longer until their interval is sure.
func TestAnyOrderOfAYoungSeries(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, lateHours).Draw(t, "readings")
		order := rapid.Permutation(slices.Collect(func(yield func(int64) bool) {
			for i := range n {
				if i == 0 || rapid.Bool().Draw(t, "there") {
					if !yield(i) {
						return
					}
				}
			}
		})).Draw(t, "order")
		a, b := New(), New()
		for i, k := range order {
			r := at(k)
			r.Message = i
			if result := b.Step([]Reading{r}); result.Applied != 1 {
				t.Fatalf("reading of cell %d: %+v", k, result)
			}
		}
		slices.Sort(order)
		for _, k := range order {
			a.Step([]Reading{at(k)})
		}
		readings := func(s meter.Section) bool { return strings.HasPrefix(s.Name, sectionExtra) }
		sa, sb := slices.DeleteFunc(pristine(a), readings), slices.DeleteFunc(pristine(b), readings)
		if !sameSections(sa, sb) {
			t.Fatalf("the states differ:\n%v\n%v", a.hours().slabs.ring(0), b.hours().slabs.ring(0))
		}
	})
}

// What comes inside the window revises the forecast of the newest origin.
func TestRevisions(t *testing.T) {
	t.Parallel()
	const n = int64(200)
	e := newEngine(t, randomModel(40, 4))
	feed(e, 0, n)
	one := last(t, e, at(n+2))
	if one.Revision != 0 {
		t.Errorf("the first forecast of an origin is revision %d", one.Revision)
	}
	r := at(n)
	if f := last(t, e, r); f.Revision != 1 || f.Origin != one.Origin || slices.Equal(f.Quantiles, one.Quantiles) {
		t.Errorf("after a late reading: %+v", f)
	}
	if result := e.Step([]Reading{r}); result.Repeated != 1 || len(result.Forecasts) != 0 {
		t.Errorf("again: %+v", result)
	}
	r.Value++
	if f := last(t, e, r); f.Revision != 2 {
		t.Errorf("after a correction: %+v", f)
	}
	r = at(n + 1)
	r.History = true
	if result := e.Step([]Reading{r}); result.Applied != 1 || len(result.Forecasts) != 0 {
		t.Errorf("late history: %+v", result)
	}
	// A message of several late readings is one input.
	if result := e.Step(message(9, at(n-1), at(n-2), bad(at(n-3)), at(n))); len(result.Forecasts) != 1 || result.Forecasts[0].Revision != 3 || result.Forecasts[0].Quality != meter.OK {
		t.Errorf("several: %+v", result)
	}
	if f := last(t, e, at(n+3)); f.Revision != 0 {
		t.Errorf("the next origin: %+v", f)
	}
}

// A value that cannot be true is kept until the meter says another, and then forgotten.
func TestCorrectionOfAValueThatCannotBeTrue(t *testing.T) {
	t.Parallel()
	const n = int64(200)
	e := newEngine(t, randomModel(40, 4))
	feed(e, 0, n)
	r := at(n)
	r.Value = 1e6
	last(t, e, r)
	if _, quality := cellAt(t, e, n); quality != meter.Bad {
		t.Fatalf("the cell of a value that cannot be true is %v", quality)
	}
	last(t, e, at(n))
	if value, quality := cellAt(t, e, n); value != float32(load(n)) || quality != meter.OK {
		t.Errorf("after its correction the cell is %v %v", value, quality)
	}
}

// A reading counts as late from the window on, and is refused from two weeks on.
func TestTooLate(t *testing.T) {
	t.Parallel()
	for behind, want := range map[int64]struct{ applied, late int }{
		1: {1, 0}, lateHours: {1, 0}, lateHours + 1: {1, 1}, featureCells - 1: {1, 1}, featureCells: {0, 0},
	} {
		e := newEngine(t, randomModel(41, 4))
		feed(e, 0, 400)
		r := at(399 - behind)
		r.Value++
		result := e.Step([]Reading{r})
		if result.Applied != want.applied || result.Late != want.late ||
			want.applied == 0 && (len(result.Rejections) != 1 || result.Rejections[0].Reason != meter.ReasonTooLate) {
			t.Errorf("%d behind: %+v", behind, result)
		}
	}
}

// A burst of late readings in one batch leaves what they leave one by one.
func TestBurstIsWalkedOnce(t *testing.T) {
	t.Parallel()
	one, burst := newEngine(t, randomModel(42, 4)), newEngine(t, randomModel(42, 4))
	feed(one, 0, 300)
	feed(burst, 0, 300)
	var batch []Reading
	for i := int64(260); i < 300; i++ {
		r := at(i)
		r.Value += 0.5
		r.Message = int(i)
		batch = append(batch, history(r))
		one.Step(batch[len(batch)-1:])
	}
	// The rounds of Step: the series waits for its end.
	var result Result
	burst.begun()
	for burst.rounds.cut(batch); burst.rounds.next(); {
		burst.observe(batch, &result)
		burst.forward(&result)
		if !burst.hours().slabs.record(0).dirty {
			t.Fatal("the series is walked before the burst is over")
		}
	}
	burst.settleDown()
	if !sameSections(one.Snapshot(), burst.Snapshot()) {
		t.Error("the states differ")
	}
}
