package train

import (
	"math"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/nn/kernel"
)

// start is the first weights, moved so that the linear head has some too.
func start[T kernel.Float](s nn.Shape) (lstm, head []T) {
	l, h := initialParams(s, 3)
	for i, v := range nn.SplitHead(s, h).Wl {
		nn.SplitHead(s, h).Wl[i] = v + float32(i%7-3)/20
	}
	lstm, head = make([]T, len(l)), make([]T, len(h))
	convert(lstm, l)
	convert(head, h)
	return lstm, head
}

func newTestGraph[T kernel.Float](t testing.TB, cfg Config, b *dataset.Batch) *graph[T] {
	t.Helper()
	lstm, head := start[T](cfg.Shape)
	g, err := newGraph(cfg, b, lstm, head)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func run[T kernel.Float](t testing.TB, g *graph[T], b *dataset.Batch) float64 {
	t.Helper()
	loss, err := g.run(b)
	if err != nil {
		t.Fatal(err)
	}
	return loss
}

// gradients takes a copy and clears, as the solver does.
func gradients[T kernel.Float](t testing.TB, g *graph[T]) (lstm, head []T) {
	t.Helper()
	var taken [2][]T
	for i, p := range g.parameters() {
		v, err := p.Grad()
		if err != nil {
			t.Fatal(err)
		}
		taken[i] = slices.Clone(v.Data().([]T))
		clear(v.Data().([]T))
	}
	return taken[0], taken[1]
}

func TestGradientAgainstCentralDifferences(t *testing.T) {
	t.Parallel()
	plain := smallShape
	plain.Current, plain.LeadFeatures = 0, 0
	for name, c := range map[string]struct {
		shape     nn.Shape
		windows   int
		positions []int
	}{
		"one window":              {smallShape, 1, []int{0, 5}},
		"two shards":              {smallShape, 11, []int{2, 3, 6}},
		"no current, no features": {plain, 3, []int{4}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := smallConfig()
			cfg.Shape = c.shape
			b := randomBatch(c.shape, 7, c.windows, c.positions, 5)
			g := newTestGraph[float64](t, cfg, b)
			run(t, g, b)
			lstm, head := gradients(t, g)
			for _, p := range []struct {
				name           string
				params, grads  []float64
				mustBeMovedAll bool
			}{{"lstm", g.lstmParams, lstm, c.positions[0] > 0},
				{"head", g.headParams, head, false}} {
				var off, norm float64
				for i := range p.params {
					const step = 1e-6
					keep := p.params[i]
					p.params[i] = keep + step
					up := run(t, g, b)
					p.params[i] = keep - step
					down := run(t, g, b)
					p.params[i] = keep
					d := (up - down) / (2 * step)
					off += (d - p.grads[i]) * (d - p.grads[i])
					norm += d * d
					if math.Abs(d-p.grads[i]) > 1e-6*math.Abs(d)+1e-8 {
						t.Errorf("%s[%d]: gradient %g, central difference %g", p.name, i,
							p.grads[i], d)
					}
					if p.mustBeMovedAll && p.grads[i] == 0 {
						t.Errorf("%s[%d]: no gradient", p.name, i)
					}
				}
				if relative := math.Sqrt(off / norm); !(relative < 1e-6) {
					t.Errorf("%s: gradient off by %g relative", p.name, relative)
				} else {
					t.Logf("%s: off by %.1e relative", p.name, relative)
				}
			}
		})
	}
}

func TestForwardMatchesServing(t *testing.T) {
	t.Parallel()
	for _, s := range []nn.Shape{smallShape, {Inputs: 11, Hidden: 64, Width: 64, Current: 4,
		LeadFeatures: 14, Horizon: 24, Levels: 3}} {
		cfg := smallConfig()
		cfg.Shape = s
		b := randomBatch(s, 20, 10, []int{3, 11, 19}, 8)
		g := newTestGraph[float32](t, cfg, b)
		loss := run(t, g, b)
		l, d, ws := nn.NewLSTM(s, g.lstmParams), nn.NewHead(s, g.headParams),
			nn.NewWorkspace(s, b.B)
		h, c := make([]float32, b.B*s.Hidden), make([]float32, b.B*s.Hidden)
		out := make([]float32, b.B*s.Outputs())
		worst := 0.0
		for step, k := 0, 0; step < b.T; step++ {
			l.Step(ws, b.X[step*b.B*s.Inputs:(step+1)*b.B*s.Inputs], h, c, b.B)
			if b.Positions[k] != step {
				continue
			}
			d.Forward(ws, out, h, b.Current[k*b.B*s.Current:],
				b.Lead[k*b.B*s.Horizon*s.LeadFeatures:], b.B)
			for i, v := range out {
				worst = max(worst, math.Abs(float64(v-g.network.out[k*b.B*s.Outputs()+i])))
			}
			k++
		}
		t.Logf("hidden %d: training and serving differ by %.1e", s.Hidden, worst)
		if !(worst < 1e-5) {
			t.Errorf("hidden %d: training and serving differ by %g", s.Hidden, worst)
		}
		valid, err := validate(t.Context(), cfg, g.lstmParams, g.headParams, []*dataset.Batch{b})
		if err != nil || !(math.Abs(valid-loss) < 1e-5) {
			t.Errorf("validation loss %v (%v), the graph's %v", valid, err, loss)
		}
	}
}

func TestFloat32FollowsFloat64(t *testing.T) {
	t.Parallel()
	cfg := smallConfig()
	b := randomBatch(cfg.Shape, 30, 9, []int{10, 20, 29}, 2)
	g32, g64 := newTestGraph[float32](t, cfg, b), newTestGraph[float64](t, cfg, b)
	if a, c := run(t, g32, b), run(t, g64, b); math.Abs(a-c) > 1e-5 {
		t.Errorf("loss %v in float32, %v in float64", a, c)
	}
	l32, h32 := gradients(t, g32)
	l64, h64 := gradients(t, g64)
	for i := range l32 {
		if math.Abs(float64(l32[i])-l64[i]) > 1e-5 {
			t.Errorf("lstm gradient %d: %v in float32, %v in float64", i, l32[i], l64[i])
		}
	}
	for i := range h32 {
		if math.Abs(float64(h32[i])-h64[i]) > 1e-5 {
			t.Errorf("head gradient %d: %v in float32, %v in float64", i, h32[i], h64[i])
		}
	}
}

func TestGraphRunsAgain(t *testing.T) {
	t.Parallel()
	cfg := smallConfig()
	first, second := randomBatch(cfg.Shape, 8, 9, []int{3, 6}, 1),
		randomBatch(cfg.Shape, 8, 9, []int{2, 4}, 2)
	g := newTestGraph[float32](t, cfg, first)
	loss := run(t, g, first)
	lstm, head := gradients(t, g)
	if other := run(t, g, second); other == loss {
		t.Fatal("another batch gives the same loss: the machine did not run again")
	}
	gradients(t, g)
	again := run(t, g, first)
	lstm2, head2 := gradients(t, g)
	if again != loss || !slices.Equal(lstm, lstm2) || !slices.Equal(head, head2) {
		t.Fatal("the first batch gives another result after a second one: something of it is " +
			"left over")
	}
	run(t, g, first)
	run(t, g, first)
	doubled, _ := gradients(t, g)
	for i := range doubled {
		if doubled[i] != 2*lstm[i] {
			t.Fatalf("two runs without a step: gradient %v, want twice %v", doubled[i], lstm[i])
		}
	}
}

func TestWorkersGiveTheSameBytes(t *testing.T) {
	t.Parallel()
	b := randomBatch(smallShape, 12, 37, []int{3, 7, 11}, 4)
	var wantLSTM, wantHead []float32
	for _, workers := range []int{1, 2, 3, 8} {
		cfg := smallConfig()
		cfg.Workers = workers
		g := newTestGraph[float32](t, cfg, b)
		run(t, g, b)
		lstm, head := gradients(t, g)
		if wantLSTM == nil {
			wantLSTM, wantHead = lstm, head
		}
		if !slices.Equal(lstm, wantLSTM) || !slices.Equal(head, wantHead) {
			t.Errorf("%d workers give another gradient than one", workers)
		}
	}
}

func TestBatchOfAnotherSizeIsAnError(t *testing.T) {
	t.Parallel()
	cfg := smallConfig()
	b := randomBatch(cfg.Shape, 8, 4, []int{3, 6}, 1)
	g := newTestGraph[float32](t, cfg, b)
	for _, other := range []*dataset.Batch{
		randomBatch(cfg.Shape, 9, 4, []int{3, 6}, 1),
		randomBatch(cfg.Shape, 8, 5, []int{3, 6}, 1),
		randomBatch(cfg.Shape, 8, 4, []int{3, 5, 6}, 1),
	} {
		if _, err := g.run(other); err == nil || !strings.Contains(err.Error(), "must be alike") {
			t.Errorf("%d steps, %d windows, %d positions: error %v", other.T, other.B, other.S, err)
		}
	}
	run(t, g, b)
}

func TestOperationsRefuseWrongShapesAndRecover(t *testing.T) {
	t.Parallel()
	cfg := smallConfig()
	b := randomBatch(cfg.Shape, 8, 4, []int{3, 6}, 1)
	n, err := newNetwork[float32](cfg, b)
	if err != nil {
		t.Fatal(err)
	}
	copy(n.positions, b.Positions)
	eg := gorgonia.NewGraph()
	params := gorgonia.NewVector(eg, tensor.Float32, gorgonia.WithName("p"),
		gorgonia.WithShape(cfg.Shape.LSTMParams()-1))
	x := gorgonia.NewTensor(eg, tensor.Float32, 3, gorgonia.WithName("x"),
		gorgonia.WithShape(8, 4, 3))
	if _, err := n.lstmOperation().apply(params, x); err == nil ||
		!strings.Contains(err.Error(), "lstm: input 0 has shape") {
		t.Errorf("parameters of a wrong shape: error %v", err)
	}
	if _, err := n.lstmOperation().apply(x); err == nil {
		t.Error("too few inputs were taken")
	}
	good, short := tensorOf(make([]float32, cfg.Shape.LSTMParams()), cfg.Shape.LSTMParams()),
		tensorOf(make([]float32, 5), 5)
	if _, err := n.lstmOperation().Do(good, short); err == nil ||
		!strings.Contains(err.Error(), "panic") {
		t.Errorf("values too short, in a worker: error %v", err)
	}
	if _, err := n.lstmOperation().Do(short, good); err == nil ||
		!strings.Contains(err.Error(), "panic") {
		t.Errorf("parameters too short: error %v", err)
	}
	if _, err := n.lstmOperation().Do(good); err == nil {
		t.Error("too few values were taken")
	}
	if _, err := n.lstmOperation().Do(good, tensorOf(make([]float64, 5), 5)); err == nil ||
		!strings.Contains(err.Error(), "float64") {
		t.Errorf("values of another type: error %v", err)
	}
	if err := n.runLSTMGradient(n.dHidden); err != errNoForward {
		t.Errorf("a gradient without a forward pass: error %v", err)
	}
	if err := n.runHeadGradient(n.dOut, n.hidden, nil, nil); err != errNoForward {
		t.Errorf("a gradient without a forward pass: error %v", err)
	}
}

func TestOperationHashesDiffer(t *testing.T) {
	t.Parallel()
	cfg := smallConfig()
	b := randomBatch(cfg.Shape, 8, 4, []int{3, 6}, 1)
	seen := map[uint32]string{}
	for range 2 {
		n, err := newNetwork[float32](cfg, b)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []*operation{n.lstmOperation(), n.headOperation(), n.lossOperation()} {
			if other, ok := seen[o.Hashcode()]; ok {
				t.Errorf("%s has the hash of %s of another network or result", o, other)
			}
			seen[o.Hashcode()] = o.name
		}
	}
}

// BenchmarkIteration is one iteration at the size the reference trains with in a demo, and at
// its full size.
func BenchmarkIteration(b *testing.B) {
	s := nn.Shape{Inputs: 11, Hidden: 64, Width: 64, Current: 4, LeadFeatures: 14, Horizon: 24,
		Levels: 5}
	for _, c := range []struct {
		name           string
		steps, samples int
		workers        int
	}{{"T120S12/workers1", 120, 12, 1}, {"T120S12/workers2", 120, 12, 2},
		{"T336S24/workers2", 336, 24, 2}} {
		b.Run(c.name, func(b *testing.B) {
			cfg := DefaultConfig()
			cfg.Shape, cfg.Levels, cfg.Workers = s, []float64{0.1, 0.25, 0.5, 0.75, 0.9}, c.workers
			positions := make([]int, c.samples)
			for i := range positions {
				positions[i] = c.steps/2 + (i+1)*(c.steps/2)/c.samples - 1
			}
			batch := randomBatch(s, c.steps, 32, positions, 1)
			g, solver := newTestGraph[float32](b, cfg, batch), &adam{clip: 1}
			solver.rate = 1e-3
			b.ReportAllocs()
			for b.Loop() {
				run(b, g, batch)
				if err := solver.Step(g.parameters()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
