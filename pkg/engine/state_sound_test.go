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
)

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
		if err := insert(e, p, false); err != nil {
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
