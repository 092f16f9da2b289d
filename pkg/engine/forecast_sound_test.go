package engine

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

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

// publishable reports whether v is finite and within what readings may be, without the code under
// test.
func publishable(v float32) bool { return v >= -meter.MaxValue && v <= meter.MaxValue }

// checkSound fails when a quantile is not sound, or is below the one before it in its lead.
func checkSound(t *testing.T, all []Forecast) {
	t.Helper()
	for i := range all {
		f := &all[i]
		for k, v := range f.Quantiles {
			if !publishable(v) {
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

// checkReplaced fails unless a simple rule stands in exactly when the network's forecast holds an
// unsound value, and otherwise the forecast is the network's, within the bounds of the series. f is the newest forecast of the only
// series of e.
func checkReplaced(t *testing.T, e *Engine, f *Forecast) {
	t.Helper()
	co := e.hours()
	network := slices.Clone(co.head([]int32{0})[:len(f.Quantiles)])
	for i, z := range network {
		network[i] = co.slabs.scale(0).Scaler.Inverse(z)
	}
	first := slices.IndexFunc(network, func(v float32) bool { return !publishable(v) })
	if first < 0 {
		bounds := Forecast{Levels: f.Levels, Horizon: f.Horizon, Quantiles: network}
		co.bound(0, &bounds)
		if f.Replaced != "" || !slices.Equal(f.Quantiles, network) {
			t.Fatalf("at %d the network forecasts %v; published, replaced %q: %v",
				f.Origin, network, f.Replaced, f.Quantiles)
		}
		return
	}
	want := meter.ReasonOutOfRange
	if !meter.Finite(network[first]) {
		want = meter.ReasonNotFinite
	}
	if f.Replaced != want || f.Source == meter.SourceLSTM {
		t.Fatalf("at %d the network forecasts %v: replaced %q by %s, want %q",
			f.Origin, network[first], f.Replaced, f.Source, want)
	}
}

// Weights can make any number of sound readings. When the network's forecast holds an unsound
// value, a simple rule's forecast is published, an event tells of it once for each origin, and the
// state of the series stays sound.
func TestForecastsAreNumbersWhateverTheWeights(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change      func(lstm, head)
		least, most float64 // share of the forecasts that are a rule's
	}{
		"as drawn": {change: func(lstm, head) {}},
		"zero": {change: func(l lstm, h head) {
			scaleAll(0, l.Wx, l.Wh, l.B, h.Wc, h.Bc, h.Wf, h.Wm, h.Bm, h.Wo, h.Bo, h.Wl, h.Bl)
		}},
		// Which of these sums cancel goes by the order of the kernel's additions.
		"sums that cancel": {least: 0.01, most: 1, change: func(_ lstm, h head) {
			alternate(h.Wf, 8, 3e38)
			alternate(h.Wc, 8, 3e38)
		}},
		"infinite sums that cancel": {least: 1, most: 1, change: func(_ lstm, h head) {
			fill(h.Bc, 3e38)
			fill(h.Wm, 1)
			alternate(h.Wo, 5, 1)
		}},
		// Only readings above the centre of their scale lead beyond what readings may be.
		"one huge feature": {least: 0.5, most: 0.95, change: func(_ lstm, h head) {
			scaleAll(0, h.Wc, h.Wf, h.Bc)
			fill(h.Wc[4*8:5*8], 1e20) // the reading itself is the first feature behind the state
		}},
		"a million times": {least: 1, most: 1, change: func(l lstm, h head) {
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
					checkReplaced(t, e, &result.Forecasts[0])
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
			if share := float64(replaced) / float64(made); share < c.least || share > c.most {
				t.Errorf("%d of %d forecasts were replaced, want a share of %v to %v",
					replaced, made, c.least, c.most)
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

func fill(dst []float32, v float32) {
	for i := range dst {
		dst[i] = v
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
