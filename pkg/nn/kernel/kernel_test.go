package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func random(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, n)
	for i := range x {
		x[i] = r.Float32()*2 - 1
	}
	return x
}

// reference adds a*b to out in float64; transposed says that a is [k][m].
func reference(out, a, b []float32, m, k, n int, transposed bool) []float64 {
	r := make([]float64, m*n)
	for i := range m {
		for j := range n {
			s := float64(out[i*n+j])
			for p := range k {
				v := i*k + p
				if transposed {
					v = p*m + i
				}
				s += float64(a[v]) * float64(b[p*n+j])
			}
			r[i*n+j] = s
		}
	}
	return r
}

func TestGemmAgainstFloat64(t *testing.T) {
	t.Parallel()
	sizes := []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 33}
	for _, m := range sizes {
		for _, k := range append(sizes, 257) {
			for _, n := range sizes {
				for _, transposed := range []bool{false, true} {
					a, b := random(m*k, 1), random(k*n, 2)
					out := random(m*n+2, 3) // one guard on each side
					inside := out[1 : 1+m*n]
					want := reference(inside, a, b, m, k, n, transposed)
					first, last := out[0], out[len(out)-1]
					ka, kb := slices.Clone(a), slices.Clone(b)
					if transposed {
						GemmTransA(inside, a, b, m, k, n)
					} else {
						Gemm(inside, a, b, m, k, n)
					}
					for i := range want {
						if d := math.Abs(float64(inside[i]) - want[i]); d > 1e-6*float64(k+1) {
							t.Fatalf("m=%d k=%d n=%d transposed=%v: out[%d] off by %g", m, k, n, transposed, i, d)
						}
					}
					if out[0] != first || out[len(out)-1] != last {
						t.Fatalf("m=%d k=%d n=%d transposed=%v: wrote outside out", m, k, n, transposed)
					}
					if !slices.Equal(a, ka) || !slices.Equal(b, kb) {
						t.Fatalf("m=%d k=%d n=%d transposed=%v: changed an input", m, k, n, transposed)
					}
				}
			}
		}
	}
}

func TestGemmRowDoesNotDependOnRowCount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, k, n := rapid.IntRange(1, 9).Draw(t, "m"), rapid.IntRange(0, 40).Draw(t, "k"), rapid.IntRange(1, 40).Draw(t, "n")
		seed := rapid.Uint64().Draw(t, "seed")
		a, b, out := random(m*k, seed), random(k*n, seed+1), random(m*n, seed+2)
		single := slices.Clone(out)
		Gemm(out, a, b, m, k, n)
		for i := range m {
			Gemm(single[i*n:(i+1)*n], a[i*k:(i+1)*k], b, 1, k, n)
		}
		if !sameBits(out, single) {
			t.Fatalf("rows of a batch of %d differ from rows alone", m)
		}
	})
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

func TestGemmRefusesShortSlices(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Fatal("a slice too short was taken")
		}
	}()
	Gemm(make([]float32, 5), make([]float32, 6), make([]float32, 6), 2, 3, 3)
}

func TestActivationsWithinTolerance(t *testing.T) {
	t.Parallel()
	worst := map[string]float64{}
	for x := float32(-100); x <= 100; x += 0.0037 {
		s, h := []float32{x}, []float32{x}
		Sigmoid(s)
		Tanh(h)
		worst["sigmoid"] = max(worst["sigmoid"], math.Abs(float64(s[0])-1/(1+math.Exp(-float64(x)))))
		worst["tanh"] = max(worst["tanh"], math.Abs(float64(h[0])-math.Tanh(float64(x))))
	}
	t.Log(worst)
	for name, d := range worst {
		if d > 3e-7 {
			t.Errorf("%s is off by %g", name, d)
		}
	}
}

func TestActivationsFiniteForAnyInput(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := math.Float32frombits(rapid.Uint32().Draw(t, "bits"))
		s, h := []float32{v}, []float32{v}
		Sigmoid(s)
		Tanh(h)
		if !(s[0] >= 0 && s[0] <= 1) || !(h[0] >= -1 && h[0] <= 1) {
			t.Fatalf("%v: sigmoid %v, tanh %v", v, s[0], h[0])
		}
	})
	for _, v := range []float64{math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat64, 5e-324} {
		for _, f := range []func(float64) float64{
			func(v float64) float64 { x := []float64{v}; Sigmoid(x); return x[0] },
			func(v float64) float64 { x := []float64{v}; Tanh(x); return x[0] },
			func(v float64) float64 { x := []float32{float32(v)}; Sigmoid(x); return float64(x[0]) },
			func(v float64) float64 { x := []float32{float32(v)}; Tanh(x); return float64(x[0]) },
		} {
			if y := f(v); !(y >= -1 && y <= 1) {
				t.Errorf("of %v: %v", v, y)
			}
		}
	}
}

func TestRows(t *testing.T) {
	t.Parallel()
	x := []float32{1, 2, 3, 4, 5, 6}
	tr := make([]float32, 6)
	Transpose(tr, x, 2, 3)
	if want := []float32{1, 4, 2, 5, 3, 6}; !slices.Equal(tr, want) {
		t.Errorf("transpose %v, want %v", tr, want)
	}
	sum := []float32{10, 0, 0}
	SumRows(sum, x)
	if want := []float32{15, 7, 9}; !slices.Equal(sum, want) {
		t.Errorf("sum %v, want %v", sum, want)
	}
	FillRows(tr, []float32{7, 8})
	if want := []float32{7, 8, 7, 8, 7, 8}; !slices.Equal(tr, want) {
		t.Errorf("filled %v, want %v", tr, want)
	}
	y := []float32{-1, 0, 2}
	Relu(y)
	g := []float32{5, 5, 5}
	ReluGrad(g, y)
	if !slices.Equal(y, []float32{0, 0, 2}) || !slices.Equal(g, []float32{0, 0, 5}) {
		t.Errorf("relu %v, gradient %v", y, g)
	}
}

func BenchmarkGemm(b *testing.B) {
	for _, s := range [][3]int{{1, 64, 256}, {16, 64, 256}, {24, 64, 64}, {24, 64, 5}} {
		b.Run(fmt.Sprintf("%dx%dx%d", s[0], s[1], s[2]), func(b *testing.B) {
			m, k, n := s[0], s[1], s[2]
			out, x, w := make([]float32, m*n), random(m*k, 1), random(k*n, 2)
			for b.Loop() {
				clear(out)
				Gemm(out, x, w, m, k, n)
			}
			b.ReportMetric(float64(m*k*n)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "MAC/ns")
		})
	}
}

func BenchmarkSigmoid(b *testing.B) {
	x, src := make([]float32, 256), random(256, 1)
	for b.Loop() {
		copy(x, src)
		Sigmoid(x)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/256, "ns/value")
}
