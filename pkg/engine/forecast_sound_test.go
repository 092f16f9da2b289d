package engine

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/nn"
)

// weightsModel is randomModel with other weights.
func weightsModel(change func(lstm, head)) *model.Model {
	m := randomModel(31, 4)
	shape := m.Spec.Shape()
	first, second := make([]float32, shape.LSTMParams()), make([]float32, shape.HeadParams())
	random := rand.New(rand.NewPCG(31, 3))
	for _, weights := range [][]float32{first, second} {
		for i := range weights {
			weights[i] = float32(0.25 * random.NormFloat64())
		}
	}
	change(nn.SplitLSTM(shape, first), nn.SplitHead(shape, second))
	return &model.Model{
		Spec: m.Spec, Version: "9", LSTM: nn.NewLSTM(shape, first), Head: nn.NewHead(shape, second),
	}
}

type (
	lstm = nn.LSTMWeights[float32]
	head = nn.HeadWeights[float32]
)

// alternate sets weights to v and -v in turn, so that sums of equal features cancel.
func alternate(weights []float32, width int, v float32) {
	for i := range weights {
		weights[i] = v
		if i/width%2 == 1 {
			weights[i] = -v
		}
	}
}

func scaleAll(factor float32, all ...[]float32) {
	for _, weights := range all {
		for i := range weights {
			weights[i] *= factor
		}
	}
}

// checkSound fails when a quantile is not finite, beyond what readings may be, or below the one
// before it in its lead.
func checkSound(t *testing.T, all []Forecast) {
	t.Helper()
	for i := range all {
		f := &all[i]
		for k, v := range f.Quantiles {
			if unsound(v) != "" {
				t.Fatalf("%s of %s at %d: quantile %d is %v", f.Source, f.Series, f.Origin, k, v)
			}
		}
		for lead := range f.Horizon {
			if row := f.Quantiles[lead*len(f.Levels):][:len(f.Levels)]; !slices.IsSorted(row) {
				t.Fatalf("%s of %s at %d: lead %d is %v", f.Source, f.Series, f.Origin, lead+1, row)
			}
		}
		if lstm := f.Source == meter.SourceLSTM; lstm != (f.Model != nil) || lstm && f.Replaced != "" {
			t.Fatalf("source %s with the model %v, replaced %q", f.Source, f.Model, f.Replaced)
		}
	}
}

// restored is an engine that goes on from a checkpoint.
func restored(t *testing.T, e *Engine, m *model.Model) *Engine {
	t.Helper()
	next := newEngine(t, m)
	if err := next.Restore(e.Snapshot()); err != nil {
		t.Fatal(err)
	}
	return next
}

func countReplaced(all []Forecast) int {
	n := 0
	for i := range all {
		if all[i].Replaced != "" {
			n++
		}
	}
	return n
}

// Weights can make any number of sound readings. What goes out is a forecast all the same, a simple
// rule's where the network's is none, told once an hour; and the state does not suffer.
func TestForecastsAreNumbersWhateverTheWeights(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change    func(lstm, head)
		some, all bool // a rule stands in for some forecasts at least, or for all
	}{
		"as drawn": {change: func(lstm, head) {}},
		"zero": {change: func(l lstm, h head) {
			scaleAll(0, l.Wx, l.Wh, l.B, h.Wc, h.Bc, h.Wf, h.Wm, h.Bm, h.Wo, h.Bo, h.Wl, h.Bl)
		}},
		"sums that cancel": {some: true, change: func(_ lstm, h head) {
			alternate(h.Wf, 8, 3e38)
			alternate(h.Wc, 8, 3e38)
		}},
		"a million times": {all: true, change: func(l lstm, h head) {
			scaleAll(1e6, l.Wx, l.Wh, l.B, h.Wc, h.Bc, h.Wf, h.Wm, h.Bm, h.Wo, h.Bo, h.Wl, h.Bl)
		}},
		"gates that saturate": {change: func(l lstm, _ head) {
			alternate(l.Wx, 16, 3e38)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			good, bad := randomModel(33, 4), weightsModel(c.change)
			e := newEngine(t, good)
			feed(e, 0, 240)
			if err := e.SetModel(bad); err != nil {
				t.Fatal(err)
			}
			made, replaced := 0, 0
			for i := int64(240); i < 300; i++ {
				if i%10 > 6 {
					continue // a gap, which the network fills
				}
				told := false
				for revision := range 3 {
					r := at(i)
					r.Value += float64(revision)
					result := e.Step([]Reading{r})
					checkSound(t, result.Forecasts)
					if len(result.Forecasts) != 1 || result.Forecasts[0].Revision != revision {
						t.Fatalf("forecasts %+v", result.Forecasts)
					}
					made++
					n := countReplaced(result.Forecasts)
					replaced += n
					if want := n > 0 && !told; want != (len(result.Events) == 1) {
						t.Fatalf("%d replaced, events %v", n, result.Events)
					}
					for _, e := range result.Events {
						told = true
						if e.Kind != ForecastReplaced || e.Series != m17 || e.Message != int(i) ||
							!strings.Contains(e.Text, ": load-1h v9 forecasts ") {
							t.Fatalf("event %+v", e)
						}
					}
					e = restored(t, e, bad)
				}
			}
			// Which sums cancel goes by the order of the kernel's additions.
			if (replaced > 0) != (c.some || c.all) || !c.some && (replaced == made) != c.all {
				t.Errorf("%d of %d forecasts were replaced", replaced, made)
			}
			if err := e.SetModel(good); err != nil {
				t.Fatal(err)
			}
			if f := last(t, e, at(300)); f.Source != meter.SourceLSTM || f.Model != good {
				t.Errorf("after the rollback %s forecasts", f.Source)
			}
			state, curve, _ := e.Extract(m17)
			if _, err := ReadState(state, curve); err != nil {
				t.Errorf("the state suffered: %v", err)
			}
		})
	}
}

// A checkpoint may have been written under a release that let such numbers into the state.
func TestForecastsAreNumbersWhateverTheState(t *testing.T) {
	t.Parallel()
	nan, huge := float32(math.NaN()), float32(3e38)
	for name, poison := range map[string]func(e *Engine){
		"NaN in the states": func(e *Engine) {
			fill(e.hours().slabs.live.row(0), nan)
			fill(e.hours().slabs.settled.row(0), nan)
		},
		"huge states":        func(e *Engine) { fill(e.hours().slabs.live.row(0), huge) },
		"NaN in the ring":    func(e *Engine) { fill(e.hours().slabs.values.row(0), nan) },
		"a huge ring":        func(e *Engine) { fill(e.hours().slabs.values.row(0), huge) },
		"a ring up and down": func(e *Engine) { alternate(e.hours().slabs.values.row(0), 1, huge) },
		"a scale of nothing": func(e *Engine) { e.hours().slabs.scale(0).Scaler.Scale = 1e-38 },
		"a huge scale":       func(e *Engine) { e.hours().slabs.scale(0).Scaler.Scale = huge },
		"moments of NaN":     func(e *Engine) { e.hours().slabs.scale(0).Mean = math.NaN() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := randomModel(35, 4)
			e := newEngine(t, m)
			feed(e, 0, 250)
			poison(e)
			snapshot := e.Snapshot()
			e = newEngine(t, m)
			if err := e.Restore(snapshot); err != nil {
				t.Fatal(err)
			}
			for i := int64(250); i < 330; i++ {
				if i%10 < 7 {
					result := e.Step([]Reading{at(i)})
					checkSound(t, result.Forecasts)
					if len(result.Forecasts) != 1 {
						t.Fatalf("%d forecasts of a reading", len(result.Forecasts))
					}
				}
			}
		})
	}
}

func fill(dst []float32, v float32) {
	for i := range dst {
		dst[i] = v
	}
}

// TestMutatedStatesForecastNumbers imports states that were changed at random, with numbers that
// hurt: a state is refused, or its forecasts are sound.
func TestMutatedStatesForecastNumbers(t *testing.T) {
	t.Parallel()
	states := 1500
	if testing.Short() {
		states = 150
	}
	m := randomModel(37, 4)
	home := newEngine(t, m)
	feed(home, 0, 250)
	state, curve, ok := home.Extract(m17)
	if !ok {
		t.Fatal("there is no state")
	}
	random, taken, replaced := rand.New(rand.NewPCG(42, 5)), 0, 0
	for range states {
		mutated := mutate(random, state)
		p, err := ReadState(mutated, curve)
		if err != nil {
			continue
		}
		taken++
		e := newEngine(t, m)
		if err := e.Insert(p, true, false); err != nil {
			t.Fatal(err)
		}
		next := (p.Origin() - epoch) / meter.HourSeconds
		for i := range int64(3) {
			r := at(next + i)
			r.Series = p.Series()
			result := e.Step([]Reading{r})
			checkSound(t, result.Forecasts)
			replaced += countReplaced(result.Forecasts)
		}
	}
	t.Logf("%d of %d states were taken, %d forecasts replaced", taken, states, replaced)
	if taken < states/10 || replaced == 0 {
		t.Error("the mutations do not hurt")
	}
}

// mutate changes a few numbers of a state.
func mutate(random *rand.Rand, state []meter.Section) []meter.Section {
	hurting := []float32{
		0, -1, 1e-38, 1e6, -1e6, 9e11, -9e11, 1e13, 3e38, -3e38,
		float32(math.NaN()), float32(math.Inf(1)),
	}
	scaling := slices.IndexFunc(state, func(s meter.Section) bool { return s.Name == sectionScaling })
	mutated := make([]meter.Section, len(state))
	for i, s := range state {
		mutated[i] = sectionOf(s.Name, s.Version, bytes.Clone(s.Data))
	}
	for range 1 + random.IntN(2) {
		s := mutated[random.IntN(len(mutated))]
		if random.IntN(3) > 0 {
			s = mutated[scaling+random.IntN(2)] // the section "hidden" follows it
		}
		switch data := s.Data; {
		case len(data) < 4:
		case random.IntN(2) == 0:
			data[random.IntN(len(data))] ^= 1 << random.IntN(8)
		case s.Name == sectionHidden: // after its width and a mark
			put(data, 5+4*random.IntN(len(data)/4-1), hurting[random.IntN(len(hurting))])
		default:
			put(data, 4*random.IntN(len(data)/4), hurting[random.IntN(len(hurting))])
		}
	}
	return mutated
}

// What readings cannot have led to is refused at the import, by section.
func TestImportRefusesNumbersBeyondReadings(t *testing.T) {
	t.Parallel()
	home := newEngine(t, randomModel(39, 4))
	feed(home, 0, 250)
	bad := at(250)
	bad.Value = 1e9 // a value that cannot be true is kept aside
	home.Step([]Reading{bad})
	stray := at(251)
	stray.Second += 900
	home.Step([]Reading{stray})
	nan := math.NaN()
	for name, c := range map[string]struct {
		spoil   func(s *slabs)
		section string
	}{
		"as it is":     {func(*slabs) {}, ""},
		"ring":         {func(s *slabs) { s.values.row(0)[3] = 1.1e12 }, sectionValues},
		"ring of NaN":  {func(s *slabs) { s.values.row(0)[3] = float32(nan) }, sectionValues},
		"centre":       {func(s *slabs) { s.scale(0).Scaler.Center = -1.1e12 }, sectionScaling},
		"mean":         {func(s *slabs) { s.scale(0).Mean = nan }, sectionScaling},
		"weight":       {func(s *slabs) { s.scale(0).Weight = 1e5 }, sectionScaling},
		"square":       {func(s *slabs) { s.scale(0).Square = math.Inf(1) }, sectionScaling},
		"absolute":     {func(s *slabs) { s.scale(0).Absolute = 1e13 }, sectionScaling},
		"live state":   {func(s *slabs) { s.live.row(0)[1] = 1e7 }, sectionHidden},
		"settled":      {func(s *slabs) { s.settled.row(0)[5] = float32(nan) }, sectionHidden},
		"kept aside":   {func(s *slabs) { s.flagged[0][0].value = 1e13 }, sectionAside},
		"off the grid": {func(s *slabs) { s.states[0].raw.Points[0].Value = 1e13 }, sectionExtra},
		"waiting": {func(s *slabs) {
			forecast := make([]float32, horizon*5)
			fill(forecast, 1e13)
			s.waiting.Put(s.held.row(0), s.record(0).newest, accuracy.Maker{Source: 1}, forecast)
		}, sectionWaiting},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			snapshot, curve, _ := home.Extract(m17)
			p, err := ReadState(snapshot, curve)
			if err != nil {
				t.Fatal(err)
			}
			c.spoil(&p.slabs)
			spoilt := slices.DeleteFunc(p.slabs.write(), func(s meter.Section) bool {
				return s.Name == sectionSetting
			})
			_, err = ReadState(spoilt, curve)
			switch {
			case c.section == "":
				if err != nil {
					t.Error(err)
				}
			case err == nil || !strings.Contains(err.Error(), `"`+c.section+`"`) ||
				!strings.Contains(err.Error(), m17.String()):
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestBounded(t *testing.T) {
	t.Parallel()
	inf := float32(math.Inf(1))
	for v, want := range map[float32]float32{
		0: 0, -3.5: -3.5, inf: meter.MaxValue, -inf: -meter.MaxValue, 2e12: meter.MaxValue,
	} {
		if got := bounded(v); got != want || unsound(got) != "" {
			t.Errorf("bounded(%v) = %v", v, got)
		}
	}
	if got := bounded(float32(math.NaN())); got != 0 {
		t.Errorf("bounded(NaN) = %v", got)
	}
}
