package nn

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var small = Shape{Inputs: 5, Hidden: 7, Width: 6, Current: 3, LeadFeatures: 4, Horizon: 5, Levels: 3}

func random(n int, scale float32, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 7))
	x := make([]float32, n)
	for i := range x {
		x[i] = (r.Float32()*2 - 1) * scale
	}
	return x
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// naiveStep is Step of one row in float64, term by term from the layout.
func naiveStep(s Shape, p []float32, x, h, c []float64) {
	sigmoid := func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }
	gate := func(block, j int) float64 {
		column := block*s.Hidden + j
		v := float64(p[(s.Inputs+s.Hidden)*4*s.Hidden+column])
		for k, in := range x {
			v += in * float64(p[k*4*s.Hidden+column])
		}
		for k, in := range h {
			v += in * float64(p[(s.Inputs+k)*4*s.Hidden+column])
		}
		return v
	}
	nh, nc := make([]float64, s.Hidden), make([]float64, s.Hidden)
	for j := range s.Hidden {
		i, f, g, o := sigmoid(gate(0, j)), sigmoid(gate(1, j)), math.Tanh(gate(2, j)), sigmoid(gate(3, j))
		nc[j] = f*c[j] + i*g
		nh[j] = o * math.Tanh(nc[j])
	}
	copy(h, nh)
	copy(c, nc)
}

func TestStepAgainstNaiveFloat64(t *testing.T) {
	t.Parallel()
	for _, s := range []Shape{small, {Inputs: 11, Hidden: 64, Width: 64, Current: 4, LeadFeatures: 14, Horizon: 24, Levels: 5}} {
		const batch, steps = 3, 50
		p := random(s.LSTMParams(), 0.4, 1)
		l, ws := NewLSTM(s, p), NewWorkspace(s, batch)
		h, c := make([]float32, batch*s.Hidden), make([]float32, batch*s.Hidden)
		wantH, wantC := make([]float64, batch*s.Hidden), make([]float64, batch*s.Hidden)
		for step := range steps {
			x := random(batch*s.Inputs, 2, uint64(step))
			l.Step(ws, x, h, c, batch)
			for b := range batch {
				row := make([]float64, s.Inputs)
				for i := range row {
					row[i] = float64(x[b*s.Inputs+i])
				}
				naiveStep(s, p, row, wantH[b*s.Hidden:(b+1)*s.Hidden], wantC[b*s.Hidden:(b+1)*s.Hidden])
			}
		}
		for i := range h {
			if d := math.Abs(float64(h[i]) - wantH[i]); !(d < 1e-5) {
				t.Fatalf("hidden %d: h[%d] off by %g after %d steps", s.Hidden, i, d, steps)
			}
			if d := math.Abs(float64(c[i]) - wantC[i]); !(d < 1e-5) {
				t.Fatalf("hidden %d: c[%d] off by %g after %d steps", s.Hidden, i, d, steps)
			}
		}
	}
}

// naiveHead is Forward of one row in float64, with the offsets counted by hand.
func naiveHead(s Shape, p, h, current, lead []float32) []float64 {
	next := 0
	take := func(n int) []float32 { v := p[next : next+n]; next += n; return v }
	wc, bc, wf := take((s.Hidden+s.Current)*s.Width), take(s.Width), take(s.LeadFeatures*s.Width)
	wm, bm, wo, bo := take(s.Width*s.Width), take(s.Width), take(s.Width*s.Levels), take(s.Levels)
	wl, bl := take(s.Hidden*s.Horizon*s.Levels), take(s.Horizon*s.Levels)
	out := make([]float64, s.Outputs())
	shared := append(slices.Clone(h), current...)
	for k := range s.Horizon {
		u1, u2 := make([]float64, s.Width), make([]float64, s.Width)
		for j := range u1 {
			v := float64(bc[j])
			for i, in := range shared {
				v += float64(in) * float64(wc[i*s.Width+j])
			}
			for i := range s.LeadFeatures {
				v += float64(lead[k*s.LeadFeatures+i]) * float64(wf[i*s.Width+j])
			}
			u1[j] = max(v, 0)
		}
		for j := range u2 {
			v := float64(bm[j])
			for i, in := range u1 {
				v += in * float64(wm[i*s.Width+j])
			}
			u2[j] = max(v, 0)
		}
		for q := range s.Levels {
			o := k*s.Levels + q
			v := float64(bo[q]) + float64(bl[o])
			for i, in := range u2 {
				v += in * float64(wo[i*s.Levels+q])
			}
			for i, in := range h {
				v += float64(in) * float64(wl[i*s.Outputs()+o])
			}
			out[o] = v
		}
	}
	return out
}

func TestHeadAgainstNaiveFloat64(t *testing.T) {
	t.Parallel()
	noCurrent := small
	noCurrent.Current, noCurrent.LeadFeatures = 0, 0
	for _, s := range []Shape{small, noCurrent, {Inputs: 11, Hidden: 64, Width: 64, Current: 4, LeadFeatures: 14, Horizon: 24, Levels: 5}} {
		const batch = 19 // more than a block
		p := random(s.HeadParams(), 0.3, 1)
		h, current, lead := random(batch*s.Hidden, 1, 2), random(batch*s.Current, 1, 3), random(batch*s.Horizon*s.LeadFeatures, 1, 4)
		out := make([]float32, batch*s.Outputs())
		NewHead(s, p).Forward(NewWorkspace(s, 1), out, h, current, lead, batch)
		for b := range batch {
			want := naiveHead(s, p, h[b*s.Hidden:(b+1)*s.Hidden], current[b*s.Current:(b+1)*s.Current],
				lead[b*s.Horizon*s.LeadFeatures:(b+1)*s.Horizon*s.LeadFeatures])
			for o, w := range want {
				if d := math.Abs(float64(out[b*s.Outputs()+o]) - w); !(d < 1e-5) {
					t.Fatalf("%+v: row %d, output %d off by %g", s, b, o, d)
				}
			}
		}
	}
}

func TestRowDoesNotDependOnBatch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := Shape{
			Inputs: rapid.IntRange(1, 13).Draw(t, "inputs"), Hidden: rapid.IntRange(1, 20).Draw(t, "hidden"),
			Width: rapid.IntRange(1, 12).Draw(t, "width"), Current: rapid.IntRange(0, 5).Draw(t, "current"),
			LeadFeatures: rapid.IntRange(0, 9).Draw(t, "lead"), Horizon: rapid.IntRange(1, 7).Draw(t, "horizon"),
			Levels: rapid.IntRange(1, 5).Draw(t, "levels"),
		}
		batch, seed := rapid.IntRange(1, 40).Draw(t, "batch"), rapid.Uint64().Draw(t, "seed")
		l, d := NewLSTM(s, random(s.LSTMParams(), 1, seed)), NewHead(s, random(s.HeadParams(), 1, seed+1))
		x, h, c := random(batch*s.Inputs, 3, seed+2), random(batch*s.Hidden, 1, seed+3), random(batch*s.Hidden, 2, seed+4)
		current, lead := random(batch*s.Current, 3, seed+5), random(batch*s.Horizon*s.LeadFeatures, 3, seed+6)
		oneH, oneC := slices.Clone(h), slices.Clone(c)
		out, oneOut := make([]float32, batch*s.Outputs()), make([]float32, batch*s.Outputs())
		ws, one := NewWorkspace(s, batch), NewWorkspace(s, 1)
		l.Step(ws, x, h, c, batch)
		d.Forward(ws, out, h, current, lead, batch)
		leads := s.Horizon * s.LeadFeatures
		for r := range batch {
			l.Step(one, x[r*s.Inputs:(r+1)*s.Inputs], oneH[r*s.Hidden:(r+1)*s.Hidden], oneC[r*s.Hidden:(r+1)*s.Hidden], 1)
			d.Forward(one, oneOut[r*s.Outputs():], oneH[r*s.Hidden:(r+1)*s.Hidden], current[r*s.Current:(r+1)*s.Current], lead[r*leads:(r+1)*leads], 1)
		}
		if !sameBits(h, oneH) || !sameBits(c, oneC) || !sameBits(out, oneOut) {
			t.Fatalf("a row of a batch of %d differs from the row alone, shape %+v", batch, s)
		}
	})
}

func TestStepDoesNotAllocate(t *testing.T) {
	s := Shape{Inputs: 11, Hidden: 64, Width: 64, Current: 4, LeadFeatures: 14, Horizon: 24, Levels: 5}
	const batch = 33
	l, d, ws := NewLSTM(s, random(s.LSTMParams(), 1, 1)), NewHead(s, random(s.HeadParams(), 1, 2)), NewWorkspace(s, batch)
	x, h, c := random(batch*s.Inputs, 1, 3), make([]float32, batch*s.Hidden), make([]float32, batch*s.Hidden)
	current, lead := random(batch*s.Current, 1, 4), random(batch*s.Horizon*s.LeadFeatures, 1, 5)
	out := make([]float32, batch*s.Outputs())
	if n := testing.AllocsPerRun(5, func() {
		l.Step(ws, x, h, c, batch)
		d.Forward(ws, out, h, current, lead, batch)
	}); n != 0 {
		t.Errorf("%v allocations a step, want 0", n)
	}
}

func TestWorkspaceServesSeveralShapes(t *testing.T) {
	t.Parallel()
	big := small
	big.Hidden, big.Width, big.Horizon = 33, 20, 9
	ws := NewWorkspace(small, 1)
	for _, s := range []Shape{big, small, big} {
		p, x := random(s.LSTMParams(), 1, 1), random(2*s.Inputs, 1, 2)
		h, c := make([]float32, 2*s.Hidden), make([]float32, 2*s.Hidden)
		wantH, wantC := slices.Clone(h), slices.Clone(c)
		NewLSTM(s, p).Step(ws, x, h, c, 2)
		NewLSTM(s, p).Step(NewWorkspace(s, 2), x, wantH, wantC, 2)
		if !sameBits(h, wantH) || !sameBits(c, wantC) {
			t.Fatalf("hidden %d: a used workspace changes the result", s.Hidden)
		}
	}
}

func TestNewCopiesParameters(t *testing.T) {
	t.Parallel()
	p := random(small.LSTMParams(), 1, 1)
	l := NewLSTM(small, p)
	clear(p)
	h, c := make([]float32, small.Hidden), make([]float32, small.Hidden)
	l.Step(NewWorkspace(small, 1), random(small.Inputs, 1, 2), h, c, 1)
	if slices.Max(h) == 0 && slices.Min(h) == 0 {
		t.Fatal("the layer follows changes of the caller's slice")
	}
}

func TestShapeValidate(t *testing.T) {
	t.Parallel()
	if err := small.Validate(); err != nil {
		t.Fatalf("a good shape: %v", err)
	}
	bad := Shape{Inputs: 0, Hidden: -1, Width: 5000, Current: -1, LeadFeatures: 4097, Horizon: 0, Levels: 0}
	err := bad.Validate()
	if err == nil {
		t.Fatal("a bad shape was taken")
	}
	for _, field := range []string{"inputs is 0", "hidden is -1", "width is 5000", "current is -1", "lead_features is 4097", "horizon is 0", "levels is 0"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("the error does not say %q: %v", field, err)
		}
	}
}

func TestWrongLengthsPanic(t *testing.T) {
	t.Parallel()
	s := small
	l, d, ws := NewLSTM(s, make([]float32, s.LSTMParams())), NewHead(s, make([]float32, s.HeadParams())), NewWorkspace(s, 2)
	f := func(n int) []float32 { return make([]float32, n) }
	for name, call := range map[string]func(){
		"lstm parameters": func() { NewLSTM(s, f(s.LSTMParams()-1)) },
		"head parameters": func() { NewHead(s, f(s.HeadParams()+1)) },
		"x":               func() { l.Step(ws, f(s.Inputs), f(2*s.Hidden), f(2*s.Hidden), 2) },
		"state":           func() { l.Step(ws, f(2*s.Inputs), f(2*s.Hidden), f(s.Hidden), 2) },
		"out":             func() { d.Forward(ws, f(1), f(s.Hidden), f(s.Current), f(s.Horizon*s.LeadFeatures), 1) },
		"lead":            func() { d.Forward(ws, f(s.Outputs()), f(s.Hidden), f(s.Current), f(3), 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s of a wrong length was taken", name)
				}
			}()
			call()
		}()
	}
}

func BenchmarkStep(b *testing.B) {
	s := Shape{Inputs: 11, Hidden: 64, Width: 64, Current: 4, LeadFeatures: 14, Horizon: 24, Levels: 5}
	const batch = 64
	l, d, ws := NewLSTM(s, random(s.LSTMParams(), 1, 1)), NewHead(s, random(s.HeadParams(), 1, 2)), NewWorkspace(s, batch)
	x, h, c := random(batch*s.Inputs, 1, 3), make([]float32, batch*s.Hidden), make([]float32, batch*s.Hidden)
	current, lead, out := random(batch*s.Current, 1, 4), random(batch*s.Horizon*s.LeadFeatures, 1, 5), make([]float32, batch*s.Outputs())
	perSeries := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/series")
	}
	b.Run("lstm", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			l.Step(ws, x, h, c, batch)
		}
		perSeries(b)
	})
	b.Run("head", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			d.Forward(ws, out, h, current, lead, batch)
		}
		perSeries(b)
	})
}
