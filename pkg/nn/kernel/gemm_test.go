package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// case of a product: its slices are filled at random.
type productCase struct {
	m, k, n          int
	transposed, relu bool
	init, gate       string // init: zero, row, rows or out; gate: "" or "gate"
	seed             uint64
	special          float32 // put into a and init at a few places when not 0
}

func (c productCase) build() (p product[float32], whole func() bool) {
	a, b, out := random(c.m*c.k, c.seed), random(c.k*c.n, c.seed+1), random(c.m*c.n, c.seed+2)
	if c.special != 0 {
		for i := 3; i < len(a); i += 11 {
			a[i] = c.special
		}
	}
	p = product[float32]{a: a, b: b, m: c.m, k: c.k, n: c.n, aRow: c.k, aStep: 1, relu: c.relu}
	if c.transposed {
		p.aRow, p.aStep = 1, c.m
	}
	p.out, whole = guarded(out)
	switch c.init {
	case "row":
		p.init = random(c.n, c.seed+3)
	case "rows":
		p.init, p.initRow = random(c.m*c.n, c.seed+3), c.n
	case "out":
		p.init, p.initRow = p.out, c.n
	}
	if c.gate != "" {
		p.gate = random(c.m*c.n, c.seed+4)
		for i := 0; i < len(p.gate); i += 5 {
			p.gate[i] = 0
		}
	}
	return p, whole
}

// compute runs a family on a fresh copy of the case.
func (c productCase) compute(t testing.TB, f Family) []float32 {
	t.Helper()
	p, whole := c.build()
	a, b := slices.Clone(p.a), slices.Clone(p.b)
	runBy(f, &p)
	if !whole() {
		t.Fatalf("%v, %+v: wrote outside of out", f, c)
	}
	if !sameBits(a, p.a) || !sameBits(b, p.b) {
		t.Fatalf("%v, %+v: changed an input", f, c)
	}
	return p.out
}

// reference is the product in float64.
func (c productCase) reference() []float32 {
	p, _ := c.build()
	out := make([]float32, c.m*c.n)
	for i := range c.m {
		for j := range c.n {
			sum := 0.0
			if p.init != nil {
				sum = float64(p.init[i*p.initRow+j])
			}
			for k := range c.k {
				sum += float64(p.a[i*p.aRow+k*p.aStep]) * float64(p.b[k*c.n+j])
			}
			if c.relu && sum < 0 || p.gate != nil && p.gate[i*c.n+j] <= 0 {
				sum = 0
			}
			out[i*c.n+j] = float32(sum)
		}
	}
	return out
}

// Sizes around the widths of tiles and registers.
var (
	rowCounts    = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 24, 33}
	columnCounts = []int{0, 1, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 120, 257}
)

func TestProductAgainstFloat64(t *testing.T) {
	t.Parallel()
	for _, f := range available() {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			for _, m := range rowCounts {
				for _, n := range columnCounts {
					for i, init := range []string{"zero", "row", "rows", "out"} {
						for _, k := range []int{0, 1, 3, 8, 65} {
							c := productCase{m: m, k: k, n: n, init: init, transposed: (m+n+k)%2 == 1, relu: i%2 == 1, seed: uint64(m*n + k)}
							if (m+k)%3 == 0 {
								c.gate = "gate"
							}
							if i, ok := near(c.compute(t, f), c.reference(), float64(k+1)); !ok {
								t.Fatalf("%+v: element %d is not within tolerance", c, i)
							}
						}
					}
				}
			}
		})
	}
}

// The vector families agree to the bit, whatever is in the inputs.
func TestFamiliesAgree(t *testing.T) {
	t.Parallel()
	there := vectors(t)
	specials := []float32{0, float32(math.NaN()), float32(math.Inf(1)), 1e-42, 3e38}
	rapid.Check(t, func(rt *rapid.T) {
		c := productCase{
			m: rapid.IntRange(1, 20).Draw(rt, "m"), k: rapid.IntRange(0, 70).Draw(rt, "k"), n: rapid.IntRange(1, 140).Draw(rt, "n"),
			transposed: rapid.Bool().Draw(rt, "transposed"), relu: rapid.Bool().Draw(rt, "relu"),
			init:    rapid.SampledFrom([]string{"zero", "row", "rows", "out"}).Draw(rt, "init"),
			gate:    rapid.SampledFrom([]string{"", "gate"}).Draw(rt, "gate"),
			special: rapid.SampledFrom(specials).Draw(rt, "special"), seed: rapid.Uint64().Draw(rt, "seed"),
		}
		first := c.compute(t, there[0])
		for _, f := range there[1:] {
			if !slices.EqualFunc(first, c.compute(t, f), sameOrNaN) {
				rt.Fatalf("%v and %v differ for %+v", there[0], f, c)
			}
		}
		if c.special == 0 {
			if i, ok := near(first, c.compute(t, Go), float64(c.k+1)); !ok {
				rt.Fatalf("%v and its Go twin differ at %d for %+v", there[0], i, c)
			}
		}
	})
}

// sameOrNaN is equality to the bit; which NaN it is does not matter.
func sameOrNaN(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func TestRowsDoNotDependOnTheirNumber(t *testing.T) {
	t.Parallel()
	for _, f := range available() {
		rapid.Check(t, func(rt *rapid.T) {
			m, k, n := rapid.IntRange(1, 15).Draw(rt, "m"), rapid.IntRange(0, 40).Draw(rt, "k"), rapid.IntRange(1, 70).Draw(rt, "n")
			c := productCase{m: m, k: k, n: n, init: "rows", seed: rapid.Uint64().Draw(rt, "seed")}
			all := c.compute(t, f)
			p, _ := c.build()
			for i := range m {
				one := product[float32]{out: make([]float32, n), a: p.a[i*k:], b: p.b, init: p.init[i*n:], m: 1, k: k, n: n, aRow: k, aStep: 1}
				runBy(f, &one)
				if !sameBits(one.out, all[i*n:(i+1)*n]) {
					rt.Fatalf("%v: row %d of %d differs from the row alone", f, i, m)
				}
			}
		})
	}
}

// The doors lead to the product that their comments say.
func TestDoors(t *testing.T) {
	t.Parallel()
	const m, k, n = 9, 130, 21
	a, b, bias, y := random(m*k, 1), random(k*n, 2), random(n, 3), random(m*n, 4)
	at := make([]float32, m*k)
	Transpose(at, a, m, k)
	start := random(m*n, 5)
	for name, c := range map[string]struct {
		do   func(out []float32)
		want func(sum float64, i, j int) float64
	}{
		"gemm":       {func(o []float32) { Gemm(o, a, b, m, k, n) }, func(s float64, i, j int) float64 { return float64(start[i*n+j]) + s }},
		"transposed": {func(o []float32) { GemmTransA(o, at, b, m, k, n) }, func(s float64, i, j int) float64 { return float64(start[i*n+j]) + s }},
		"linear":     {func(o []float32) { Linear(o, a, b, bias, m, k, n) }, func(s float64, _, j int) float64 { return float64(bias[j]) + s }},
		"relu":       {func(o []float32) { LinearRelu(o, a, b, bias, m, k, n) }, func(s float64, _, j int) float64 { return max(float64(bias[j])+s, 0) }},
		"gate": {func(o []float32) { GemmGate(o, a, b, y, m, k, n) }, func(s float64, i, j int) float64 {
			if y[i*n+j] <= 0 {
				return 0
			}
			return s
		}},
	} {
		out := slices.Clone(start)
		c.do(out)
		for i := range m {
			for j := range n {
				sum := 0.0
				for p := range k {
					sum += float64(a[i*k+p]) * float64(b[p*n+j])
				}
				if d := math.Abs(float64(out[i*n+j]) - c.want(sum, i, j)); !(d < 1e-4) {
					t.Fatalf("%s: element %d, %d off by %g", name, i, j, d)
				}
			}
		}
	}
}

func TestSumRows(t *testing.T) {
	t.Parallel()
	for _, f := range available() {
		for _, n := range columnCounts {
			for _, rows := range []int{0, 1, 7} {
				a, start := random(rows*n, 1), random(n, 2)
				sum, whole := guarded(start)
				sumRowsBy(f, sum, a)
				for j := range n {
					want := start[j]
					for r := range rows {
						want += a[r*n+j]
					}
					if sum[j] != want {
						t.Fatalf("%v: column %d of %d over %d rows is %v, want %v", f, j, n, rows, sum[j], want)
					}
				}
				if !whole() {
					t.Fatalf("%v: wrote outside of %d columns", f, n)
				}
			}
		}
	}
}

func TestProductRefusesShortSlices(t *testing.T) {
	t.Parallel()
	five, six := make([]float32, 5), make([]float32, 6)
	for name, do := range map[string]func(){
		"out": func() { Gemm(five, six, six, 2, 3, 3) }, "a": func() { Gemm(six, five, six, 2, 3, 2) }, "b": func() { Gemm(six, six, five, 2, 3, 2) },
		"bias": func() { Linear(six, six, six, five[:1], 2, 3, 2) }, "gate": func() { GemmGate(six, six, six, five[:3], 2, 3, 2) },
		"transposed": func() { GemmTransA(six, five, six, 2, 3, 2) }, "negative": func() { Gemm(six, six, six, -1, 3, 2) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: a slice too short was taken", name)
				}
			}()
			do()
		}()
	}
}

func TestProductDoesNotAllocate(t *testing.T) {
	out, a, b := make([]float32, 24*64), random(24*64, 1), random(64*64, 2)
	if n := testing.AllocsPerRun(50, func() {
		Gemm(out, a, b, 24, 64, 64)
		GemmTransA(out, a, b, 24, 64, 64)
		SumRows(out[:64], a)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzProduct(f *testing.F) {
	f.Add(uint8(6), uint8(64), uint8(64), uint8(0), uint64(1), float32(0))
	f.Add(uint8(11), uint8(3), uint8(5), uint8(0xff), uint64(2), float32(math.Inf(-1)))
	f.Fuzz(func(t *testing.T, m, k, n, how uint8, seed uint64, special float32) {
		c := productCase{m: int(m % 40), k: int(k), n: int(n), transposed: how&1 != 0, relu: how&2 != 0, seed: seed, special: special,
			init: []string{"zero", "row", "rows", "out"}[how>>2&3]}
		if how&16 != 0 {
			c.gate = "gate"
		}
		twin := c.compute(t, Go)
		for i, f := range vectors(t) {
			got := c.compute(t, f)
			if math.Abs(float64(special)) < 1e3 {
				if at, ok := near(got, twin, float64(c.k+1)*max(1, math.Abs(float64(special)))); !ok {
					t.Fatalf("%v: element %d of %+v is %v, the twin's %v", f, at, c, got[at], twin[at])
				}
			}
			if i > 0 && !slices.EqualFunc(got, c.compute(t, vectors(t)[0]), sameOrNaN) {
				t.Fatalf("the families differ for %+v", c)
			}
		}
	})
}

func BenchmarkProduct(b *testing.B) {
	for _, f := range available() {
		for _, s := range [][3]int{{1, 64, 64}, {24, 14, 64}, {192, 64, 64}, {192, 64, 5}, {8, 64, 120}} {
			b.Run(fmt.Sprintf("%v/%dx%dx%d", f, s[0], s[1], s[2]), func(b *testing.B) {
				m, k, n := s[0], s[1], s[2]
				p := product[float32]{out: make([]float32, m*n), a: random(m*k, 1), b: random(k*n, 2), m: m, k: k, n: n, aRow: k, aStep: 1}
				for b.Loop() {
					runBy(f, &p)
				}
				b.ReportMetric(float64(m*k*n)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "MAC/ns")
			})
		}
	}
}
