package kernel

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// gateOf runs a step of one unit in which all gates but one are wide open or shut, so
// that the state after is that activation of v alone.
func gateOf(f Family, gate int, v float32) float32 {
	wx := make([]float32, 4)
	bias := []float32{100, -100, 100, 100} // i open, f shut, g one, o open
	bias[gate], wx[gate] = 0, 1
	panels := make([]float32, PackedLen(1, 1))
	PackLSTM(panels, wx, make([]float32, 4), bias, 1, 1)
	x, c, h, before := []float32{v}, make([]float32, 16), make([]float32, 16), make([]float32, 16)
	forwardBy(f, &LSTMForwardArgs[float32]{Panels: panels, X: x, HBefore: before, Before: c, After: c, H: h, Rows: 1, Inputs: 1, Hidden: 16})
	return c[0]
}

func TestActivationsWithinTolerance(t *testing.T) {
	t.Parallel()
	for _, f := range available() {
		worst := map[string]float64{}
		for v := float32(-100); v <= 100; v += 0.0137 {
			worst["sigmoid"] = max(worst["sigmoid"], math.Abs(float64(gateOf(f, 0, v))-1/(1+math.Exp(-float64(v)))))
			worst["tanh"] = max(worst["tanh"], math.Abs(float64(gateOf(f, 2, v))-math.Tanh(float64(v))))
		}
		t.Log(f, worst)
		for name, d := range worst {
			if !(d < 5e-7) {
				t.Errorf("%v: %s is off by %g", f, name, d)
			}
		}
	}
}

func TestActivationsFiniteForAnyInput(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		v := math.Float32frombits(rapid.Uint32().Draw(rt, "bits"))
		for _, f := range available() {
			if s, h := gateOf(f, 0, v), gateOf(f, 2, v); !(s >= 0 && s <= 1) || !(h >= -1 && h <= 1) {
				rt.Fatalf("%v of %v: sigmoid %v, tanh %v", f, v, s, h)
			}
		}
	})
	for _, v := range []float64{math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat64, 5e-324} {
		if s, h := sigmoidOf(v), tanhOf(v); !(s >= 0 && s <= 1) || !(h >= -1 && h <= 1) {
			t.Errorf("of %v in float64: sigmoid %v, tanh %v", v, s, h)
		}
	}
}
