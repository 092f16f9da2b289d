package meter

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestFinite(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64().Draw(t, "x")
		if Finite(x) != (!math.IsNaN(x) && !math.IsInf(x, 0)) {
			t.Fatalf("%v is finite: %v", x, Finite(x))
		}
	})
	for _, x := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		if Finite(x) {
			t.Errorf("%v is finite", x)
		}
	}
	if !Finite(float32(math.MaxFloat32)) {
		t.Error("the largest float32 is not finite")
	}
}

func TestFloorDiv(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64Range(1, 1<<40).Draw(t, "b")
		if q := FloorDiv(a, b); a-q*b < 0 || a-q*b >= b {
			t.Fatalf("%d/%d is %d", a, b, q)
		}
	})
}
