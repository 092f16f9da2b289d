package engine

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/series"
)

const (
	epoch   = 480_000 * meter.HourSeconds // a Thursday of 2024, at midnight
	median  = 2                           // of five levels
	horizon = 6

	dayHours  = meter.DaySeconds / meter.HourSeconds
	lateHours = meter.LatenessSeconds / meter.HourSeconds
)

var m17 = meter.ID{Site: "north", Meter: "m17"}

// asinhModel is the first seed of a model on the curve of asinh; below it all are
// plain.
const asinhModel = 101

// randomModel is a small network that nobody trained: the engine has to be right
// whatever it says. Its cells forget slowly, so that every step back to which a
// state was computed is seen in it.
func randomModel(seed uint64, hidden int) *model.Model {
	return randomNetwork(seed, hidden, horizon, series.DefaultLayout(seed%2 == 0))
}

func randomNetwork(seed uint64, hidden, horizon int, layout series.Layout) *model.Model {
	spec := model.Spec{
		Schema: model.SpecSchema, Name: "load-1h", Interval: "1h", Hidden: hidden, Width: 8, Horizon: horizon, Levels: naiveLevels,
		Inputs: layout.InputNames(), LeadFeatures: layout.LeadNames(), CurrentFeatures: layout.CurrentNames(), Scale: model.ScalePlain,
	}
	if seed >= asinhModel && seed%2 == 1 {
		spec.Scale = model.ScaleAsinh
	}
	shape := spec.Shape()
	random := rand.New(rand.NewPCG(seed, 1))
	weights := func(n int) []float32 {
		w := make([]float32, n)
		for i := range w {
			w[i] = float32(0.25 * random.NormFloat64())
		}
		return w
	}
	lstm := weights(shape.LSTMParams())
	for i := range hidden {
		nn.SplitLSTM(shape, lstm).B[hidden+i] += 5 // of the forget gate
	}
	return &model.Model{Spec: spec, LSTM: nn.NewLSTM(shape, lstm), Head: nn.NewHead(shape, weights(shape.HeadParams()))}
}

func newEngine(t interface{ Fatal(...any) }, models ...*model.Model) *Engine {
	e := New()
	for _, m := range models {
		if m == nil {
			continue
		}
		if err := e.SetModel(m); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

// randomBase is a base model that nobody trained, of two days of leads.
func randomBase(seed uint64, hidden int) *model.Model {
	return randomNetwork(seed, hidden, 48, series.DefaultLayout(false).Finer().WithAge()).
		WithVersion(model.BaseVersion)
}

// warm is the number of series whose hidden state is that of the model in force.
func warm(e *Engine) int { return e.Census(0).Warm }

// longerThan is the number of series that reach back over at least that many
// cells without having begun anew.
func longerThan(e *Engine, cells int) int {
	n := 0
	for slot := range e.hours().slabs.ids {
		if r := e.hours().slabs.record(int32(slot)); r.known > 0 && r.newest-r.since+1 >= int64(cells) {
			n++
		}
	}
	return n
}

// load is a household at cell i: a day, and noise that is the same in every run.
func load(i int64) float64 {
	noise := rand.New(rand.NewPCG(uint64(i), 2)).NormFloat64()
	return 2 + math.Sin(2*math.Pi*float64(i)/24) + 0.3*noise
}

// at is the reading of m17 i cells after the epoch.
func at(i int64) Reading {
	return Reading{Series: m17, Second: epoch + i*meter.HourSeconds, Value: load(i), Unit: "kWh", Quality: meter.OK, Message: int(i)}
}

// feed gives the engine the readings of cells from up to before to, as one batch.
func feed(e *Engine, from, to int64) Result {
	var batch []Reading
	for i := from; i < to; i++ {
		batch = append(batch, at(i))
	}
	return e.Step(batch)
}

// last feeds one reading and gives its forecast.
func last(t interface {
	Helper()
	Fatalf(string, ...any)
}, e *Engine, r Reading) Forecast {
	t.Helper()
	result := e.Step([]Reading{r})
	if len(result.Forecasts) != 1 || result.Applied != 1 {
		t.Fatalf("%+v gives %d forecasts, %d applied, rejections %v", r, len(result.Forecasts), result.Applied, result.Rejections)
	}
	return result.Forecasts[0]
}

// cellAt is the cell of m17 i after the epoch.
func cellAt(t testing.TB, e *Engine, i int64) (float32, meter.Quality) {
	t.Helper()
	ring := e.hours().slabs.ring(e.hours().slabs.index[m17])
	if !ring.Has(epoch/meter.HourSeconds + i) {
		t.Fatalf("the ring has cells %d to %d, not %d", ring.First()-epoch/meter.HourSeconds, ring.Newest-epoch/meter.HourSeconds, i)
	}
	return ring.At(epoch/meter.HourSeconds + i)
}

// insert adds the state of a series whose hidden states are of the model in force of hours.
func insert(e *Engine, p *Portable, replace bool) error {
	digest := ""
	if m := e.Model(meter.HourSeconds); m != nil {
		digest = m.Digest
	}
	_, err := e.Insert(p, digest, replace)
	return err
}

// warmed is the hidden state that the model in force computes from zero over the
// last n cells of a series' ring, cell by cell and alone.
func warmed(e *Engine, id meter.ID, n int64) (h, c []float32) {
	slot := e.hours().slabs.index[id]
	ring, shape := e.hours().slabs.ring(slot), e.hours().first().model.Spec.Shape()
	h, c = make([]float32, shape.Hidden), make([]float32, shape.Hidden)
	x, ws := make([]float32, shape.Inputs), nn.NewWorkspace(shape, 1)
	for end := ring.Newest - n + 1; end <= ring.Newest; end++ {
		w := series.WindowOf(make([]float32, featureCells), &ring, e.hours().slabs.scale(slot).Scaler, end, int64(e.hours().slabs.record(slot).Phase), meter.HourSeconds)
		e.hours().first().layout.Input(x, &w)
		e.hours().first().model.LSTM.Step(ws, x, h, c, 1)
	}
	return h, c
}

// live is h and c after the newest cell.
func live(e *Engine, slot int32) (h, c []float32) {
	return e.hours().slabs.halves(e.hours().slabs.live.row(slot))
}

// checkState compares the hidden state of m17 with h and c, to the bit.
func checkState(t testing.TB, e *Engine, h, c []float32) {
	t.Helper()
	slot := e.hours().slabs.index[m17]
	gotH, gotC := live(e, slot)
	if !e.hours().slabs.record(slot).fresh || !slices.Equal(gotH, h) || !slices.Equal(gotC, c) {
		t.Errorf("fresh %v\nh %v\nwant %v\nc %v\nwant %v", e.hours().slabs.record(slot).fresh, gotH, h, gotC, c)
	}
}

// sound says what is wrong with a forecast whatever it foretells: something not
// finite, quantiles that cross, sizes or a label that do not fit.
func sound(f *Forecast) string {
	if len(f.Quantiles) != f.Horizon*len(f.Levels) || f.Horizon == 0 {
		return "sizes do not fit"
	}
	if (f.Source == meter.SourceLSTM) != (f.Model != nil) {
		return "source " + string(f.Source) + " and model do not fit"
	}
	for i, q := range f.Quantiles {
		if math.IsNaN(float64(q)) || math.IsInf(float64(q), 0) {
			return "a quantile is not finite"
		}
		if i%len(f.Levels) > 0 && q < f.Quantiles[i-1] {
			return "quantiles cross"
		}
	}
	return ""
}

// differ says how two forecasts differ, to the bit.
func differ(a, b *Forecast) string {
	switch {
	case a.Message != b.Message, a.Series != b.Series, a.Unit != b.Unit, a.Origin != b.Origin:
		return "message, series, unit or origin"
	case a.Source != b.Source, a.Quality != b.Quality, a.Model != b.Model:
		return "source, quality or model"
	case a.Horizon != b.Horizon || !slices.Equal(a.Levels, b.Levels) || !slices.Equal(a.Quantiles, b.Quantiles):
		return "quantiles"
	}
	return ""
}

// loud is a network whose head multiplies what it is shown.
func loud(seed uint64) *model.Model {
	m := randomModel(seed, 4)
	shape := m.Spec.Shape()
	random := rand.New(rand.NewPCG(seed, 7))
	weights := make([]float32, shape.HeadParams())
	for i := range weights {
		weights[i] = float32(random.NormFloat64())
	}
	m.Head = nn.NewHead(shape, weights)
	return m
}

// hours is the cohort of hourly series, which most tests are of.
func (e *Engine) hours() *cohort { return e.cohort(meter.HourSeconds) }

// The lengths of hourly series.
const (
	ringCells    = 385
	openCells    = 49
	scaleCells   = 168
	featureCells = 336
)

// swapped is an engine that heard n readings of m17 under the first model and then got the second.
func swapped(t testing.TB, n int64, first, second *model.Model) *Engine {
	t.Helper()
	e := newEngine(t, first)
	feed(e, 0, n)
	if err := e.SetModel(second); err != nil {
		t.Fatal(err)
	}
	return e
}

func sectionOf(name string, version uint16, data []byte) meter.Section {
	return meter.Section{Name: name, Version: version, Data: data}
}
