package engine

import (
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/series"
)

// After a change of the model every series is served by the new one at its very
// next reading, from the state that the new one computes from the ring (I6).
func TestSwapWarmsUpFromTheRing(t *testing.T) {
	t.Parallel()
	for name, hidden := range map[string]int{"as wide": 5, "wider": 9, "narrower": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second := randomModel(13, 5), randomModel(14, hidden)
			e := newEngine(t, first)
			other := at(0)
			other.Series.Meter = "other"
			for i := range int64(300) {
				r := at(i)
				r.Series, r.Message = other.Series, -1
				e.Step([]Reading{r})
			}
			for i := range int64(300) {
				if f := last(t, e, at(i)); f.Model != first && i >= scaleCells {
					t.Fatalf("reading %d: %+v", i, f)
				}
			}
			if err := e.SetModel(second); err != nil {
				t.Fatal(err)
			}
			if e.Model(meter.HourSeconds) != second || warm(e) != 0 {
				t.Errorf("model %v, %d warm", e.Model(meter.HourSeconds), warm(e))
			}
			if s, _ := e.Summary(m17); s.Source != meter.SourceLSTM {
				t.Errorf("between the swap and the next reading the source is %s", s.Source)
			}
			f := last(t, e, at(300))
			if f.Source != meter.SourceLSTM || f.Model != second || f.Origin != epoch+301*meter.HourSeconds || sound(&f) != "" {
				t.Errorf("first forecast after the swap: %+v: %s", f, sound(&f))
			}
			h, c := warmed(e, m17, warmUpCells(&series.Hourly)+1) // as the ring was before, then a step
			checkState(t, e, h[:hidden], c)
			if warm(e) != 1 {
				t.Errorf("%d warm: the other series had no reading", warm(e))
			}
			// It goes on from there step by step.
			for i := int64(301); i < 310; i++ {
				if f = last(t, e, at(i)); f.Model != second || f.Origin != epoch+(i+1)*meter.HourSeconds {
					t.Fatalf("reading %d: %+v", i, f)
				}
			}
			h, c = warmed(e, m17, warmUpCells(&series.Hourly)+10)
			checkState(t, e, h, c)
		})
	}
}

func checkWarm(t *testing.T, e *Engine, n int64) {
	t.Helper()
	h, c := warmed(e, m17, n)
	checkState(t, e, h, c)
}

// A swap, then a gap: the new model steps through it.
func TestSwapThenGap(t *testing.T) {
	t.Parallel()
	for _, gap := range []int64{1, gapHours, gapHours + 1, 40} {
		e := newEngine(t, randomModel(15, 5))
		feed(e, 0, 250)
		if err := e.SetModel(randomModel(16, 5)); err != nil {
			t.Fatal(err)
		}
		if f := last(t, e, at(250+gap)); f.Source != meter.SourceLSTM || f.Model != e.Model(meter.HourSeconds) {
			t.Errorf("gap of %d: %+v", gap, f)
		}
		checkWarm(t, e, warmUpCells(&series.Hourly)+gap+1)
	}
}

// The first model takes over series that rules served, all of their past in hand.
func TestFirstModelServesFromTheRing(t *testing.T) {
	t.Parallel()
	e := New()
	feed(e, 0, 190)
	young := at(0)
	young.Series.Meter = "young"
	e.Step([]Reading{young})
	if err := e.SetModel(randomModel(17, 5)); err != nil {
		t.Fatal(err)
	}
	if f := last(t, e, at(190)); f.Source != meter.SourceLSTM {
		t.Errorf("source %s", f.Source)
	}
	checkWarm(t, e, warmUpCells(&series.Hourly)+1)
	young.Second += meter.HourSeconds
	if f := last(t, e, young); f.Source != meter.SourcePersistence || f.Model != nil {
		t.Errorf("a series of two readings: %+v", f)
	}
}

// A change of the scale's curve finds the scale anew from the ring, as the first
// one was found; also where all of the ring was called bad.
func TestSwapToAnotherCurve(t *testing.T) {
	t.Parallel()
	for name, silent := range map[string]int64{"measured": 0, "called bad": ringCells} {
		e := newEngine(t, randomModel(26, 4))
		feed(e, 0, 250)
		for i := range silent {
			last(t, e, bad(at(250+i)))
		}
		for i, seed := range []uint64{asinhModel, 27, asinhModel + 2} {
			if err := e.SetModel(randomModel(seed, 4)); err != nil {
				t.Fatal(err)
			}
			next := 250 + silent + int64(i)
			ring := e.hours().slabs.ring(0)
			ring = ring.Until(e.hours().slabs.scale(0).Taken)
			want := series.Scaling{Curve: e.hours().slabs.curve}
			want.Advance(&ring, &series.Hourly, scaleCells, series.Growth{})
			if got := e.hours().slabs.scale(0).Scaler; got != want.Scaler || (got.Unit > 0) != (seed >= asinhModel) {
				t.Errorf("%s, swap %d: scaler %+v, from the ring %+v", name, i, got, want.Scaler)
			}
			if f := last(t, e, at(next)); f.Source != meter.SourceLSTM || f.Model != e.Model(meter.HourSeconds) || sound(&f) != "" {
				t.Errorf("%s, swap %d: %s %s", name, i, f.Source, sound(&f))
			}
			checkWarm(t, e, warmUpCells(&series.Hourly)+1)
		}
	}
}

func TestModelThatCannotServeIsRefused(t *testing.T) {
	t.Parallel()
	unknown := randomModel(18, 4)
	unknown.Spec.Inputs = append([]string{"z", "temperature"}, unknown.Spec.Inputs[2:]...)
	noMedian := randomModel(18, 4)
	noMedian.Spec.Levels = []float64{0.1, 0.25, 0.4, 0.75, 0.9}
	for says, bad := range map[string]*model.Model{`"temperature" is not known`: unknown, "have no 0.5": noMedian} {
		e := newEngine(t, randomModel(19, 5))
		before := e.Model(meter.HourSeconds)
		feed(e, 0, 200)
		state := e.Snapshot()
		err := e.SetModel(bad)
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "load-1h") {
			t.Errorf("%v, want %s", err, says)
		}
		if e.Model(meter.HourSeconds) != before || !sameSections(state, e.Snapshot()) {
			t.Errorf("%s: the engine changed", says)
		}
		if f := last(t, e, at(200)); f.Model != before {
			t.Errorf("%s: %+v", says, f)
		}
	}
}
