package train

import (
	"errors"
	"math"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"
)

// parameter is one tensor with a gradient, without a graph.
type parameter struct{ value, grad []float32 }

func (p *parameter) Value() gorgonia.Value         { return tensorOf(p.value, len(p.value)) }
func (p *parameter) Grad() (gorgonia.Value, error) { return tensorOf(p.grad, len(p.grad)), nil }

func TestAdamFollowsTheTextbook(t *testing.T) {
	t.Parallel()
	p, q := &parameter{[]float32{1, -2}, make([]float32, 2)},
		&parameter{[]float32{0.5}, make([]float32, 1)}
	a := &adam{clip: 1}
	want := []float64{1, -2, 0.5}
	m, v := make([]float64, 3), make([]float64, 3)
	for step := 1; step <= 20; step++ {
		g := []float64{0.3 * float64(step%3), 4 * math.Sin(float64(step)), -0.1}
		p.grad[0], p.grad[1], q.grad[0] = float32(g[0]), float32(g[1]), float32(g[2])
		norm := math.Sqrt(g[0]*g[0] + g[1]*g[1] + g[2]*g[2])
		a.rate = 0.01 / float64(step)
		for i := range want {
			clipped := g[i] / max(norm, 1)
			m[i] = 0.9*m[i] + 0.1*clipped
			v[i] = 0.999*v[i] + 0.001*clipped*clipped
			want[i] -= a.rate * (m[i] / (1 - math.Pow(0.9,
				float64(step)))) / (math.Sqrt(v[i]/(1-math.Pow(0.999, float64(step)))) + 1e-8)
		}
		if err := a.Step([]gorgonia.ValueGrad{p, q}); err != nil {
			t.Fatal(err)
		}
	}
	for i, got := range []float32{p.value[0], p.value[1], q.value[0]} {
		if math.Abs(float64(got)-want[i]) > 1e-5 {
			t.Errorf("parameter %d is %v, want %v", i, got, want[i])
		}
	}
	if p.grad[0] != 0 || p.grad[1] != 0 || q.grad[0] != 0 {
		t.Error("a gradient is left for the next step to add to")
	}
}

func TestAdamRefusesOtherParameters(t *testing.T) {
	t.Parallel()
	a := &adam{clip: 1, rate: 0.1}
	if err := a.Step([]gorgonia.ValueGrad{&parameter{[]float32{1, 2},
		make([]float32, 2)}}); err != nil {
		t.Fatal(err)
	}
	if err := a.Step([]gorgonia.ValueGrad{&parameter{[]float32{1}, []float32{1}}}); err == nil {
		t.Error("moments of other parameters were used")
	}
}

func TestAdamRefusesGradientsThatAreNotFinite(t *testing.T) {
	t.Parallel()
	for _, v := range []float64{math.NaN(), math.Inf(1)} {
		p := &parameter{[]float32{1, 2}, []float32{1, float32(v)}}
		if err := (&adam{clip: 1}).Step([]gorgonia.ValueGrad{p}); !errors.Is(err, errNotFinite) ||
			p.value[0] != 1 {
			t.Errorf("gradient %v: error %v, parameter %v", v, err, p.value[0])
		}
	}
}

func TestRateIsOneCycle(t *testing.T) {
	t.Parallel()
	const n, peak = 400, 4e-3
	highest := 0.0
	for it := 1; it <= n; it++ {
		r := rateAt(it, n, peak)
		if !(r > 0 && r <= peak) {
			t.Fatalf("rate %v at iteration %d", r, it)
		}
		if it > 1 {
			if up := r > rateAt(it-1, n, peak); up != (it-1 <= 60) {
				t.Errorf("iteration %d: rising is %v", it, up)
			}
		}
		highest = max(highest, r)
	}
	if highest != peak || rateAt(1, n, peak) != peak/25 || rateAt(n, n, peak) > peak/1000 {
		t.Errorf("first %v, highest %v, last %v", rateAt(1, n, peak), highest, rateAt(n, n, peak))
	}
	if r := rateAt(1, 1, peak); !(r > 0) {
		t.Errorf("rate %v of a single iteration", r)
	}
}

func TestInitialParams(t *testing.T) {
	t.Parallel()
	s := smallShape
	lstm, head := initialParams(s, 1)
	again, headAgain := initialParams(s, 1)
	other, _ := initialParams(s, 2)
	if !slices.Equal(lstm, again) || !slices.Equal(head, headAgain) || slices.Equal(lstm, other) {
		t.Error("the first weights are not a function of the seed")
	}
	bound := float32(1 / math.Sqrt(float64(s.Hidden)))
	biasFrom := len(lstm) - 4*s.Hidden
	for i, w := range lstm {
		center := float32(0)
		if i >= biasFrom+s.Hidden && i < biasFrom+2*s.Hidden {
			center = 1
		}
		if w < center-bound || w > center+bound {
			t.Errorf("lstm[%d] = %v, beyond %v of %v", i, w, bound, center)
		}
	}
	linear := (s.Hidden + 1) * s.Outputs()
	for i, w := range head {
		if (w == 0) != (i >= len(head)-linear) {
			t.Errorf("head[%d] = %v", i, w)
		}
	}
}
