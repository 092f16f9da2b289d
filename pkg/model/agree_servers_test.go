package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/pkg/servertest"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// agreement is how far onnxruntime and Loadtide may be apart: in the state, and
// in a quantile as a share of the series' spread or of the value itself.
const agreement = 1e-5

// TestAgreesWithONNXRuntime holds the file against ONNX's checker and what the
// layers forecast of real readings against what onnxruntime makes of the file.
func TestAgreesWithONNXRuntime(t *testing.T) {
	t.Parallel()
	servertest.Require(t, servertest.Servers)
	cases := map[string]struct {
		scale  string
		hidden int
		read   func(t *testing.T, batch int) []past
	}{
		"households":                {ScalePlain, 64, hourly("edrp")},
		"households, asinh":         {ScaleAsinh, 64, hourly("edrp")},
		"signed, asinh":             {ScaleAsinh, 24, hourly("etth1")},
		"signed":                    {ScalePlain, 24, hourly("etth1")},
		"a country":                 {ScalePlain, 64, hourly("vic")},
		"zeros":                     {ScalePlain, 16, zeros}, // without a scale, too
		"zeros, asinh":              {ScaleAsinh, 16, zeros},
		"sizes that divide nothing": {ScaleAsinh, 7, hourly("sgsc")},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, file := randomModel(t, c.scale, c.hidden)
			var runs []pythonRun
			var want []answer
			var pasts [][]past
			for _, batch := range []int{1, 17} {
				p := c.read(t, batch)
				for _, steps := range []int{1, 168} {
					feed, answer := m.window(p, steps)
					if name == "zeros" {
						clear(feed[inScale].Data) // the graph's own floor
					}
					for _, stateful := range []bool{false, true} {
						runs, want, pasts = append(runs, pythonRun{stateful, feed}), append(want, answer), append(pasts, p)
					}
				}
			}
			worst := 0.0
			for i, got := range runPython(t, pythonJob{Model: file, Runs: runs}) {
				worst = max(worst, compare(t, fmt.Sprintf("run %d", i), m, pasts[i], got, want[i]))
			}
			t.Logf("at most %.2g apart", worst)
		})
	}
}

// A file that onnx has read, filled with tensors made anew and written again is
// taken, and is the same model: so an exporter can use one as its template. The
// function that docs/format/model.md gives for that works as it stands there.
func TestTakesWhatPythonWrites(t *testing.T) {
	t.Parallel()
	servertest.Require(t, servertest.Servers)
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "format", "model.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(document), "```python\n")
	code, _, _ = strings.Cut(code, "```\n")
	for _, scale := range []string{ScalePlain, ScaleAsinh} {
		m, file := randomModel(t, scale, 5)
		saved, exported := t.TempDir(), filepath.Join(t.TempDir(), "exported")
		again := filepath.Join(saved, modelFile)
		runPython(t, pythonJob{Model: file, Save: again, Export: exported, Code: code})
		b, err := os.ReadFile(again)
		if err != nil {
			t.Fatal(err)
		}
		if digestOf(b) == m.Digest {
			t.Error("onnx wrote the same bytes: this test says nothing")
		}
		if err := os.WriteFile(filepath.Join(saved, digestFile), []byte(digestOf(b)), 0o644); err != nil {
			t.Fatal(err)
		}
		for dir, name := range map[string]string{saved: m.Spec.Name, exported: "made-elsewhere"} {
			other, err := Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			p := zeros(t, 1)
			_, first := m.window(p, 1)
			_, second := other.window(p, 1)
			if !slices.Equal(first.quantiles, second.quantiles) || !slices.Equal(first.h, second.h) ||
				other.Spec.Name != name {
				t.Errorf("%s: the file that Python wrote is another model", other.Spec.Name)
			}
		}
	}
}

// past is what is remembered of one series.
type past struct {
	ring    series.Ring
	scaling map[string]series.Scaler // by scale of the spec
}

// remember fills a ring with the values, the last one at cell end.
func remember(values []float32, end int64) past {
	p := past{ring: series.Ring{Values: make([]float32, series.Hourly.Ring), Quality: meter.NewQualities(series.Hourly.Ring)}, scaling: map[string]series.Scaler{}}
	for i, v := range values {
		p.ring.Put(end-int64(len(values)-1-i), v, meter.OK)
	}
	for scale, curve := range map[string]series.Curve{ScalePlain: series.Plain, ScaleAsinh: series.Asinh} {
		s := series.Scaling{Curve: curve}
		s.Advance(&p.ring, &series.Hourly, len(values), series.Growth{})
		p.scaling[scale] = s.Scaler
	}
	return p
}

func zeros(_ *testing.T, batch int) []past {
	return slices.Repeat([]past{remember(make([]float32, series.Hourly.Ring), 480000)}, batch)
}

// hourly takes series of a file of public readings, from several places of their
// histories where the file has too few.
func hourly(name string) func(t *testing.T, batch int) []past {
	return func(t *testing.T, batch int) []past {
		t.Helper()
		path := filepath.Join(servertest.PublicReadings(t), "hourly", name+".csv.gz")
		table, _, err := tabular.Load([]string{path}, tabular.Options{})
		if err != nil {
			t.Fatal(err)
		}
		table.SortByTime()
		values, last := make([][]float32, len(table.Series)), make([]int64, len(table.Series))
		for row := range table.All() {
			values[row.Series] = append(values[row.Series], float32(row.Value))
			last[row.Series] = row.Unix / 3600
		}
		var all []past
		for back := 0; len(all) < batch; back += 31 {
			for i, v := range values {
				if n := len(v) - back; n >= series.Hourly.Ring && len(all) < batch {
					all = append(all, remember(v[n-series.Hourly.Ring:n], last[i]-int64(back)))
				}
			}
		}
		return all
	}
}

// randomModel writes a model with random weights, in every one of its arrays.
func randomModel(t *testing.T, scale string, hidden int) (*Model, string) {
	t.Helper()
	layout := series.DefaultLayout(true)
	a := Artifact{Spec: tinySpec()}
	a.Spec.Hidden, a.Spec.Width, a.Spec.Horizon, a.Spec.Scale = hidden, hidden+3, 24, scale
	a.Spec.Levels = []float64{0.1, 0.25, 0.5, 0.75, 0.9}
	a.Spec.Inputs, a.Spec.LeadFeatures, a.Spec.CurrentFeatures = layout.InputNames(), layout.LeadNames(), layout.CurrentNames()
	shape := a.Spec.Shape()
	random := rand.New(rand.NewPCG(uint64(hidden), 5))
	draw := func(n int) []float32 {
		w := make([]float32, n)
		for i := range w {
			w[i] = float32(random.NormFloat64() / math.Sqrt(float64(hidden+16)))
		}
		return w
	}
	a.LSTM, a.Head = draw(shape.LSTMParams()), draw(shape.HeadParams())
	dir := write(t, a)
	m, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return m, filepath.Join(dir, modelFile)
}

// answer is what the layers make of a window: quantiles [B][Horizon][Levels] in
// the series' unit, h and c [B][Hidden].
type answer struct{ quantiles, h, c []float32 }

// window is the inputs of the graph over the last steps of the pasts, and what
// the layers of this package's model make of them, as the engine calls them.
func (m *Model) window(pasts []past, steps int) (map[string]array, answer) {
	s, batch := m.Spec.Shape(), len(pasts)
	layout, err := series.LayoutOf(m.Spec.Inputs, m.Spec.LeadFeatures, m.Spec.CurrentFeatures)
	if err != nil {
		panic(err)
	}
	f := func(n int) []float32 { return make([]float32, n) }
	sequence, current, lead := f(steps*batch*s.Inputs), f(batch*s.Current), f(batch*s.Horizon*s.LeadFeatures)
	center, scale, unit := f(batch), f(batch), f(batch)
	for b, p := range pasts {
		sc := p.scaling[m.Spec.Scale]
		center[b], scale[b], unit[b] = sc.Center, sc.Scale, sc.Unit
		w := series.WindowOf(f(series.Hourly.Ring), &p.ring, sc, p.ring.Newest, 0, int64(time.Hour/time.Second))
		for t := range steps {
			at := w.Back(steps - 1 - t)
			layout.Input(sequence[(t*batch+b)*s.Inputs:][:s.Inputs], &at)
		}
		layout.Current(current[b*s.Current:][:s.Current], &w)
		layout.Lead(lead[b*s.Horizon*s.LeadFeatures:][:s.Horizon*s.LeadFeatures], &w, s.Horizon)
	}
	ws := nn.NewWorkspace(s, batch)
	a := answer{quantiles: f(batch * s.Outputs()), h: f(batch * s.Hidden), c: f(batch * s.Hidden)}
	for t := range steps {
		m.LSTM.Step(ws, sequence[t*batch*s.Inputs:][:batch*s.Inputs], a.h, a.c, batch)
	}
	m.Head.Forward(ws, a.quantiles, a.h, current, lead, batch)
	for b, p := range pasts {
		row := a.quantiles[b*s.Outputs():][:s.Outputs()]
		for k := range s.Horizon {
			slices.Sort(row[k*s.Levels:][:s.Levels])
		}
		for i, z := range row {
			row[i] = p.scaling[m.Spec.Scale].Inverse(z)
		}
	}
	feed := map[string]array{
		inSequence: {[]int{steps, batch, s.Inputs}, sequence}, inH: {[]int{1, batch, s.Hidden}, f(batch * s.Hidden)}, inC: {[]int{1, batch, s.Hidden}, f(batch * s.Hidden)},
		inCurrent: {[]int{batch, s.Current}, current}, inLead: {[]int{batch, s.Horizon, s.LeadFeatures}, lead},
		inCenter: {[]int{batch}, center}, inScale: {[]int{batch}, scale},
	}
	if m.Spec.Scale == ScaleAsinh {
		feed[inUnit] = array{[]int{batch}, unit}
	}
	return feed, a
}

// compare returns how far apart the two are at most.
func compare(
	t *testing.T, what string, m *Model, pasts []past, got map[string]array, want answer,
) float64 {
	t.Helper()
	s, worst := m.Spec.Shape(), 0.0
	for name, o := range map[string]struct {
		values []float32
		shape  []int
	}{
		outQuantiles: {want.quantiles, []int{len(pasts), s.Horizon, s.Levels}},
		outH:         {want.h, []int{1, len(pasts), s.Hidden}}, outC: {want.c, []int{1, len(pasts), s.Hidden}},
	} {
		if !slices.Equal(got[name].Shape, o.shape) || len(got[name].Data) != len(o.values) {
			t.Fatalf("%s: %s of shape %v, want %v", what, name, got[name].Shape, o.shape)
		}
		for i, v := range got[name].Data {
			spread := 1.0
			if name == outQuantiles {
				spread = max(spreadOf(pasts[i/s.Outputs()].scaling[m.Spec.Scale]), math.Abs(float64(o.values[i])))
				if i%s.Levels > 0 && v < got[name].Data[i-1] {
					t.Errorf("%s: quantiles of a lead descend: %v after %v", what, v, got[name].Data[i-1])
				}
			}
			apart := math.Abs(float64(v-o.values[i])) / spread
			if !(apart <= agreement) {
				t.Errorf("%s: %s %d is %v, Loadtide says %v", what, name, i, v, o.values[i])
			}
			worst = max(worst, apart)
		}
	}
	return worst
}

// spreadOf is what one scaled unit is at least in the series' own unit.
func spreadOf(s series.Scaler) float64 {
	if s.Unit > 0 {
		return float64(s.Scale) * float64(s.Unit)
	}
	return float64(s.Scale)
}
