package series

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

// curved is the scaling of a ring that was filled with values, on a curve.
func curved(c Curve, values []float32) (*Scaling, *Ring) {
	ring, s := newRing(ringCells), &Scaling{Curve: c}
	for i, v := range values {
		ring.Put(int64(i), v, meter.OK)
		s.Advance(&ring, &Hourly, max(i+1-Hourly.Open, 0), Growth{})
	}
	return s, &ring
}

func TestCurveOfTheFirstScale(t *testing.T) {
	t.Parallel()
	values := daily(scaleCells, 3, 20)
	s, _ := curved(Asinh, values)
	var absolute float64
	for _, v := range values {
		absolute += math.Abs(float64(v)) / scaleCells
	}
	if unit := float64(s.Scaler.Unit); math.Abs(unit/(0.2*absolute)-1) > 1e-5 {
		t.Errorf("the unit of the curve is %v, want a fifth of %v", unit, absolute)
	}
	var r reference
	for _, v := range values {
		r.taken = append(r.taken, math.Asinh(float64(v)/(0.2*absolute)))
	}
	center, scale := r.scaler()
	if math.Abs(float64(s.Scaler.Center)/center-1) > 1e-5 ||
		math.Abs(float64(s.Scaler.Scale)/scale-1) > 1e-5 {
		t.Errorf("%+v, want centre %v and scale %v", s.Scaler, center, scale)
	}
	if plain, _ := curved(Plain, values); plain.Scaler.Unit != 0 {
		t.Errorf("a plain scale has a unit: %+v", plain.Scaler)
	}
}

func TestCurveInverts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := Scaler{
			Center: rapid.Float32Range(-6, 6).Draw(t, "centre"), Scale: rapid.Float32Range(0.01, 4).Draw(t, "scale"),
			Unit: float32(math.Exp2(rapid.Float64Range(-19, 30).Draw(t, "log unit"))),
		}
		y := float32(math.Sinh(rapid.Float64Range(-AsinhMost, AsinhMost).Draw(t, "bent"))) * s.Unit
		if got := s.Inverse(s.Forward(y)); math.Abs(float64(got-y)) > 2e-5*(math.Abs(float64(y))+float64(s.Unit)) {
			t.Fatalf("%+v: %v comes back as %v", s, y, got)
		}
		low, high := s.Inverse(-1e30), s.Inverse(1e30)
		if math.IsInf(float64(low), 0) || math.IsInf(float64(high), 0) || low > y && y > -high ||
			high < low {
			t.Fatalf("%+v: the ends are %v and %v", s, low, high)
		}
	})
}

// A level that leaves the unit of the curve behind by a factor finds it anew, at
// a boundary of weeks; a calm one keeps it.
func TestUnitOfTheCurveFollowsTheLevel(t *testing.T) {
	t.Parallel()
	for _, factor := range []float64{0.05, 20} {
		s, _ := curved(Asinh, daily(scaleCells, 3, 21))
		before := s.Scaler.Unit
		after, _ := curved(Asinh, slices.Concat(daily(scaleCells, 3, 21), daily(10*168, 3*factor, 22)))
		if got := float64(after.Scaler.Unit / before); got < factor/asinhDrift ||
			got > factor*asinhDrift {
			t.Errorf("after a change of the level by %v the unit changed by %v", factor, got)
		}
	}
	calm, _ := curved(Asinh, daily(20*168, 3, 23))
	first, _ := curved(Asinh, daily(20*168, 3, 23)[:scaleCells])
	if calm.Scaler.Unit != first.Scaler.Unit {
		t.Errorf("a calm series changed its unit from %v to %v", first.Scaler.Unit, calm.Scaler.Unit)
	}
}

// Another curve's scale is found as a first one is, from what can no longer
// change, and back again.
func TestBendFindsTheScaleAnew(t *testing.T) {
	t.Parallel()
	values := daily(ringCells, 3, 24)
	s, ring := curved(Plain, values)
	kept := *s
	if s.Bend(Plain, ring, &Hourly); *s != kept {
		t.Errorf("bent to its own curve: %+v, was %+v", *s, kept)
	}
	for _, c := range []Curve{Asinh, Plain, Asinh} {
		s.Bend(c, ring, &Hourly)
		taken := ring.Until(s.Taken)
		want := Scaling{Curve: c}
		want.Advance(&taken, &Hourly, scaleCells, Growth{})
		if *s != want || !s.Ready || s.Curve != c || (s.Scaler.Unit > 0) != (c == Asinh) {
			t.Errorf("bent to %d: %+v, want %+v", c, *s, want)
		}
	}
	young, ring := curved(Plain, values[:10])
	if young.Bend(Asinh, ring, &Hourly); young.Ready || young.Curve != Asinh {
		t.Errorf("a young series: %+v", *young)
	}
}

func TestCurveOfNastySeriesIsFinite(t *testing.T) {
	t.Parallel()
	fill := func(v float32) []float32 { return slices.Repeat([]float32{v}, 600) }
	for name, values := range map[string][]float32{
		"zeros": fill(0), "large": fill(1e12), "negative": fill(-3e11), "tiny": fill(1e-30),
		"zeros, then a load": slices.Concat(fill(0), daily(600, 1e9, 25)), "a load, then zeros": slices.Concat(daily(600, 1e9, 26), fill(0)),
		"a spike": slices.Concat(fill(1), []float32{1e12}, fill(1)),
	} {
		s, _ := curved(Asinh, values)
		for _, v := range []float32{0, 1, -1, 1e12, -1e12, values[0], values[len(values)-1]} {
			z := s.Scaler.Forward(v)
			back := s.Scaler.Inverse(z)
			if sum := float64(z) + float64(back); math.IsNaN(sum) || math.IsInf(sum, 0) ||
				!(s.Scaler.Scale >= ScaleFloor) {
				t.Errorf("%s: %v becomes %v and %v with %+v", name, v, z, back, s.Scaler)
			}
		}
	}
}
