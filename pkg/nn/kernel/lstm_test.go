package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// lstmCase is a step of an LSTM with random weights and states.
type lstmCase struct {
	rows, inputs, hidden int
	seed                 uint64
	scale                float32 // of the inputs: a large one saturates the gates
	keep                 bool
}

// stepped is what a step gives.
type stepped struct{ h, c, gates, tanh []float32 }

func (c lstmCase) weights() (wx, wh, b []float32) {
	return random(c.inputs*4*c.hidden, c.seed), random(c.hidden*4*c.hidden, c.seed+1), random(4*c.hidden, c.seed+2)
}

// states are the operand [rows][inputs+padded] and the cell state [rows][padded].
func (c lstmCase) states() (x, before []float32) {
	padded := PadUnits(c.hidden)
	x, before = random(c.rows*(c.inputs+padded), c.seed+3), random(c.rows*padded, c.seed+4)
	for r := range c.rows {
		for p := range c.inputs {
			x[r*(c.inputs+padded)+p] *= c.scale
		}
		clear(x[(r+1)*(c.inputs+padded)-padded+c.hidden : (r+1)*(c.inputs+padded)])
		clear(before[r*padded+c.hidden : (r+1)*padded])
	}
	return x, before
}

func (c lstmCase) step(t testing.TB, f Family) stepped {
	t.Helper()
	wx, wh, b := c.weights()
	padded := PadUnits(c.hidden)
	panels := make([]float32, PackedLen(c.inputs, c.hidden))
	PackLSTM(panels, wx, wh, b, c.inputs, c.hidden)
	x, before := c.states()
	kept := slices.Clone(x)
	h, wholeH := guarded(make([]float32, c.rows*padded))
	after, wholeC := guarded(make([]float32, c.rows*padded))
	l := LSTMForwardArgs[float32]{
		Panels: panels, X: x, HBefore: x[min(c.inputs, len(x)):], Before: before, After: after, H: h, Rows: c.rows, Inputs: c.inputs, Hidden: padded,
		XRow: c.inputs + padded, HBeforeRow: c.inputs + padded, HRow: padded,
		GatesPanel: c.rows*PanelWidth + 3,
	}
	whole := func() bool { return true }
	if c.keep {
		l.Gates, whole = guarded(make([]float32, Panels(c.hidden)*l.GatesPanel))
		l.Tanh = make([]float32, c.rows*padded)
	}
	forwardBy(f, &l)
	if !wholeH() || !wholeC() || !whole() || !sameBits(x, kept) {
		t.Fatalf("%v, %+v: wrote where it may not", f, c)
	}
	return stepped{l.H, l.After, l.Gates, l.Tanh}
}

// reference is the step in float64, from the plain layout: h and c.
func (c lstmCase) reference() (h, cell []float32) {
	wx, wh, b := c.weights()
	x, before := c.states()
	padded := PadUnits(c.hidden)
	h, cell = make([]float32, c.rows*padded), make([]float32, c.rows*padded)
	sigmoid := func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }
	for r := range c.rows {
		row := x[r*(c.inputs+padded):]
		gate := func(block, unit int) float64 {
			column := block*c.hidden + unit
			v := float64(b[column])
			for p := range c.inputs {
				v += float64(row[p]) * float64(wx[p*4*c.hidden+column])
			}
			for p := range c.hidden {
				v += float64(row[c.inputs+p]) * float64(wh[p*4*c.hidden+column])
			}
			return v
		}
		for u := range c.hidden {
			s := sigmoid(gate(1, u))*float64(before[r*padded+u]) + sigmoid(gate(0, u))*math.Tanh(gate(2, u))
			cell[r*padded+u], h[r*padded+u] = float32(s), float32(sigmoid(gate(3, u))*math.Tanh(s))
		}
	}
	return h, cell
}

var hiddenSizes = []int{1, 7, 15, 16, 17, 32, 33, 64, 128}

func TestStepAgainstFloat64(t *testing.T) {
	t.Parallel()
	for _, f := range available() {
		worst := 0.0
		for _, hidden := range hiddenSizes {
			for _, rows := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16} {
				for _, keep := range []bool{false, true} {
					c := lstmCase{rows: rows, inputs: 12, hidden: hidden, seed: uint64(hidden + rows), scale: float32(1 + rows%4*10), keep: keep}
					got := c.step(t, f)
					h, cell := c.reference()
					for i := range h {
						d := max(math.Abs(float64(got.h[i]-h[i])), math.Abs(float64(got.c[i]-cell[i])))
						worst = max(worst, d)
						if !(d < 4e-6) { // the sums have up to 140 terms of up to 30
							t.Fatalf("%v, %+v: element %d off by %g", f, c, i, d)
						}
					}
				}
			}
		}
		t.Logf("%v: off by at most %.1e", f, worst)
	}
}

// What is kept for the way back are the gates and tanh of the same step; the vector
// families agree to the bit, in any number of rows.
func TestStepOfFamiliesAgrees(t *testing.T) {
	t.Parallel()
	there := vectors(t)
	rapid.Check(t, func(rt *rapid.T) {
		c := lstmCase{
			rows: rapid.IntRange(1, 14).Draw(rt, "rows"), inputs: rapid.IntRange(1, 30).Draw(rt, "inputs"), hidden: rapid.IntRange(1, 70).Draw(rt, "hidden"),
			seed: rapid.Uint64().Draw(rt, "seed"), scale: rapid.SampledFrom([]float32{0, 1, 100, 1e30, float32(math.NaN())}).Draw(rt, "scale"),
			keep: rapid.Bool().Draw(rt, "keep"),
		}
		first := c.step(t, there[0])
		for _, f := range there[1:] {
			other := c.step(t, f)
			if !sameBits(first.h, other.h) || !sameBits(first.c, other.c) || !sameBits(first.gates, other.gates) || !sameBits(first.tanh, other.tanh) {
				rt.Fatalf("%v and %v differ for %+v", there[0], f, c)
			}
		}
		for i, v := range slices.Concat(first.h, first.c) {
			if v-v != 0 {
				rt.Fatalf("element %d is %v for %+v", i, v, c)
			}
		}
		if c.scale > 100 || c.scale != c.scale {
			return // infinite sums: which side they fall on is the rounding's
		}
		twin := c.step(t, Go)
		for _, p := range [][2][]float32{{first.h, twin.h}, {first.c, twin.c}, {first.gates, twin.gates}, {first.tanh, twin.tanh}} {
			if i, ok := near(p[0], p[1], max(1, float64(c.scale))*4); !ok {
				rt.Fatalf("%v and its Go twin differ at %d for %+v: %v, %v", there[0], i, c, p[0][i], p[1][i])
			}
		}
	})
}

func TestBackwardOfFamiliesAgrees(t *testing.T) {
	t.Parallel()
	there := vectors(t)
	rapid.Check(t, func(rt *rapid.T) {
		rows, hidden, seed := rapid.IntRange(1, 9).Draw(rt, "rows"), PadUnits(rapid.IntRange(1, 40).Draw(rt, "hidden")), rapid.Uint64().Draw(rt, "seed")
		n := rows * hidden
		back := func(f Family) (out []float32) {
			gates, whole := guarded(random(Panels(hidden)*rows*PanelWidth, seed))
			dc, wholeC := guarded(random(n, seed+1))
			backwardBy(f, &LSTMBackwardArgs[float32]{
				Gates: gates, Before: random(n, seed+2), Tanh: random(n, seed+3), DH: random(n, seed+4), DC: dc,
				Rows: rows, Hidden: hidden, GatesPanel: rows * PanelWidth,
			})
			if !whole() || !wholeC() {
				rt.Fatalf("%v: wrote where it may not", f)
			}
			return slices.Concat(gates, dc)
		}
		first, twin := back(there[0]), back(Go)
		for _, f := range there[1:] {
			if !sameBits(first, back(f)) {
				rt.Fatalf("%v and %v differ in %d rows of %d units", there[0], f, rows, hidden)
			}
		}
		if i, ok := near(first, twin, 1); !ok {
			rt.Fatalf("%v and its Go twin differ at %d: %v, %v", there[0], i, first[i], twin[i])
		}
	})
}

func TestPackingComesBack(t *testing.T) {
	t.Parallel()
	const inputs, hidden = 5, 21
	wx, wh, b := random(inputs*4*hidden, 1), random(hidden*4*hidden, 2), random(4*hidden, 3)
	packed := make([]float32, PackedLen(inputs, hidden))
	PackLSTM(packed, wx, wh, b, inputs, hidden)
	k := inputs + PadUnits(hidden)
	weights, bias := []float32{}, []float32{}
	for p := range Panels(hidden) {
		panel := packed[p*(1+k)*PanelWidth : (p+1)*(1+k)*PanelWidth]
		bias, weights = append(bias, panel[:PanelWidth]...), append(weights, panel[PanelWidth:]...)
	}
	x, h, o := make([]float32, len(wx)), make([]float32, len(wh)), make([]float32, len(b))
	UnpackLSTMGradient(x, h, o, weights, bias, inputs, hidden)
	for i, pair := range [][2][]float32{{x, wx}, {h, wh}, {o, b}} {
		for j, v := range pair[0] {
			fold := float32(-math.Log2E)
			if j%(4*hidden)/hidden == 2 {
				fold *= 2
			}
			if v != fold*pair[1][j] {
				t.Fatalf("array %d: element %d is %v, want %v times %v", i, j, v, pair[1][j], fold)
			}
		}
	}
	back := make([]float32, Panels(hidden)*PanelWidth*PadUnits(hidden))
	PackLSTMBack(back, wh, hidden)
	eachColumn(hidden, func(plain, panel, column, _ int) {
		for p := range hidden {
			if back[(panel*PanelWidth+column)*PadUnits(hidden)+p] != wh[p*4*hidden+plain] {
				t.Fatalf("transpose: column %d, row %d", plain, p)
			}
		}
	})
}

func TestStepRefusesShortSlices(t *testing.T) {
	t.Parallel()
	whole := LSTMForwardArgs[float32]{
		Panels: make([]float32, PackedLen(1, 16)), X: make([]float32, 2), HBefore: make([]float32, 32), Before: make([]float32, 32), After: make([]float32, 32),
		H: make([]float32, 32), Gates: make([]float32, 128), Tanh: make([]float32, 32), Rows: 2, Inputs: 1, Hidden: 16, XRow: 1, HBeforeRow: 16, HRow: 16,
	}
	LSTMForward(&whole)
	for name, cut := range map[string]func(l *LSTMForwardArgs[float32]){
		"panels": func(l *LSTMForwardArgs[float32]) { l.Panels = l.Panels[1:] }, "x": func(l *LSTMForwardArgs[float32]) { l.X = l.X[1:] },
		"hidden before": func(l *LSTMForwardArgs[float32]) { l.HBefore = l.HBefore[1:] }, "no inputs": func(l *LSTMForwardArgs[float32]) { l.Inputs = 0 },
		"before": func(l *LSTMForwardArgs[float32]) { l.Before = l.Before[1:] }, "after": func(l *LSTMForwardArgs[float32]) { l.After = l.After[1:] },
		"h": func(l *LSTMForwardArgs[float32]) { l.H = l.H[1:] }, "gates": func(l *LSTMForwardArgs[float32]) { l.Gates = l.Gates[1:] },
		"tanh": func(l *LSTMForwardArgs[float32]) { l.Tanh = l.Tanh[1:] },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: a slice too short was taken", name)
				}
			}()
			short := whole
			cut(&short)
			LSTMForward(&short)
		}()
	}
}

func FuzzStep(f *testing.F) {
	f.Add(uint8(6), uint8(12), uint8(64), uint64(1), float32(1), true)
	f.Add(uint8(1), uint8(1), uint8(3), uint64(9), float32(-1e9), false)
	f.Fuzz(func(t *testing.T, rows, inputs, hidden uint8, seed uint64, scale float32, keep bool) {
		c := lstmCase{rows: int(rows % 20), inputs: 1 + int(inputs%40), hidden: 1 + int(hidden%80), seed: seed, scale: scale, keep: keep}
		twin := c.step(t, Go)
		for i, f := range vectors(t) {
			got := c.step(t, f)
			if math.Abs(float64(scale)) < 1e3 {
				tolerance := 4 * max(1, math.Abs(float64(scale)))
				if at, ok := near(got.h, twin.h, tolerance); !ok {
					t.Fatalf("%v: h[%d] of %+v is %v, the twin's %v", f, at, c, got.h[at], twin.h[at])
				}
				if at, ok := near(got.c, twin.c, tolerance); !ok {
					t.Fatalf("%v: c[%d] of %+v is %v, the twin's %v", f, at, c, got.c[at], twin.c[at])
				}
			}
			if first := c.step(t, vectors(t)[0]); i > 0 && (!sameBits(got.h, first.h) || !sameBits(got.c, first.c)) {
				t.Fatalf("the families differ for %+v", c)
			}
		}
	})
}

func BenchmarkStep(b *testing.B) {
	for _, f := range available() {
		for _, hidden := range []int{32, 64, 128} {
			for _, rows := range []int{1, 48} {
				b.Run(fmt.Sprintf("%v/hidden%d/rows%d", f, hidden, rows), func(b *testing.B) {
					c := lstmCase{rows: rows, inputs: 12, hidden: hidden, scale: 1}
					x, before := c.states()
					wx, wh, bias := c.weights()
					panels := make([]float32, PackedLen(c.inputs, hidden))
					PackLSTM(panels, wx, wh, bias, c.inputs, hidden)
					l := LSTMForwardArgs[float32]{
						Panels: panels, X: x, HBefore: x[c.inputs:], Before: before, After: before, H: make([]float32, rows*hidden),
						Rows: rows, Inputs: c.inputs, Hidden: hidden, XRow: c.inputs + hidden, HBeforeRow: c.inputs + hidden, HRow: hidden,
					}
					b.ReportAllocs()
					for b.Loop() {
						forwardBy(f, &l)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
				})
			}
		}
	}
}
