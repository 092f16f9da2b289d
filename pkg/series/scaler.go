package series

import (
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// What the causal scaler is made of; the same numbers in training and serving.
const (
	// ScalerCells is how many accepted cells the first scale is made from; until
	// then a series has none and simple rules serve it.
	ScalerCells = meter.WeekCells
	// scalerPeriod is how often, in cells of event time, the scale is looked at.
	scalerPeriod = meter.WeekCells
	// scalerHalfLife is the memory of the moments, in cells (90 days at 1 h).
	scalerHalfLife = 90 * meter.DayCells
	// scalerMove is the change, as a share of the old scale, that replaces it.
	scalerMove = 0.10
	// scalerClip bounds what one cell may teach, in scales from the centre.
	scalerClip = 8
	// scalerBelieve is how many accepted cells in a row beyond that bound make a
	// new level, which is taken as it is: a series that starts with an idle week
	// would otherwise find its scale months later.
	scalerBelieve = 24
	// ScaleFloor keeps series of zeros finite.
	ScaleFloor = 1e-6
)

// Curve is what is done to a value before it is centred and scaled.
type Curve uint8

// The curves. Asinh helps skewed loads of households and hurts others: the
// trainer chooses.
const (
	Plain Curve = iota
	Asinh
)

const (
	// asinhShare is the unit of the curve as a share of the mean absolute value.
	asinhShare = 0.2
	// asinhDrift is how far the mean absolute value may move, as a factor either
	// way, before the unit of the curve is found anew.
	asinhDrift = 2
	// AsinhMost is the largest curved value that Inverse takes as it is, so that it
	// stays finite.
	AsinhMost = 12
)

// Scaler maps a series' unit to the network's: z = (y - Center) / Scale, or with
// a curve z = (asinh(y / Unit) - Center) / Scale.
type Scaler struct {
	Center float32
	Scale  float32
	Unit   float32 // of the curve asinh; 0 without a curve
	Usual  float32 // mean absolute value in the series' unit, when this scaler was found
}

// Forward maps a value in the series' unit to scaled units.
func (s Scaler) Forward(y float32) float32 {
	if s.Unit > 0 {
		y = float32(math.Asinh(float64(y / s.Unit)))
	}
	return (y - s.Center) / s.Scale
}

// Inverse maps a scaled value back to the series' unit.
func (s Scaler) Inverse(z float32) float32 {
	v := z*s.Scale + s.Center
	if s.Unit > 0 {
		return float32(math.Sinh(float64(min(max(v, -AsinhMost), AsinhMost)))) * s.Unit
	}
	return v
}

// Scaling is all a series remembers of its scale: exponentially weighted
// moments of the cells that have left the lateness window, and the scaler in
// force. It is causal: it never depends on the order in which readings came,
// for a cell is taken when it can no longer change.
type Scaling struct {
	Curve                Curve
	Weight, Mean, Square float64 // sum of weights, weighted mean, weighted sum of squared deviations, on the curve
	Absolute             float64 // weighted mean of the absolute values, in the series' unit
	Taken                int64   // the last cell in the moments
	Scaler               Scaler  // in force while Ready
	Ready                bool
}

// Bend changes over to another curve: the scale is found anew, as the first one
// was, from the cells of the ring that have been taken.
func (s *Scaling) Bend(c Curve, r *Ring) {
	if s.Curve == c {
		return
	}
	s.Curve = c
	if s.Ready {
		s.anew(r)
	}
}

// anew finds the scale as the first one was found, from cells that can no longer
// change, so that it does not depend on what is still late.
func (s *Scaling) anew(r *Ring) {
	taken := r.Until(s.Taken)
	s.first(&taken)
}

// Advance brings the scaling up to the ring's newest cell. accepted counts the
// series' accepted cells. It returns true when the scaler in force is another
// than before, and the hidden state must be computed anew.
func (s *Scaling) Advance(r *Ring, accepted int) bool {
	if !s.Ready {
		if accepted < ScalerCells {
			return false
		}
		s.first(r)
		return true
	}
	changed := false
	for s.Taken < r.Newest-OpenCells {
		s.Taken++
		if v, q := r.At(s.Taken); q.Accepted() {
			s.take(r, v)
		}
		if s.Taken%scalerPeriod == 0 {
			if s.outgrown() {
				s.anew(r)
				return true
			}
			if next := s.now(); moved(s.Scaler, next) {
				s.Scaler = next
				changed = true
			}
		}
	}
	return changed
}

// first makes the first scale from the accepted cells of the ring. Values
// further out than the spread of the others are pulled in, so that one spike
// in the first week does not flatten all that follows.
func (s *Scaling) first(r *Ring) {
	values := make([]float64, 0, r.Known)
	for n := r.First(); n <= r.Newest; n++ {
		if v, q := r.At(n); q.Accepted() {
			values = append(values, float64(v))
		}
	}
	if len(values) == 0 { // a meter that calls all its values bad: what stands in for them
		for n := r.First(); n <= r.Newest; n++ {
			v, _ := r.At(n)
			values = append(values, float64(v))
		}
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	trim := len(sorted) / 100
	lo, hi := sorted[trim], sorted[len(sorted)-1-trim]
	spread := hi - lo
	*s = Scaling{Curve: s.Curve, Taken: r.Newest, Ready: true}
	for i, v := range values {
		values[i] = min(max(v, lo-spread), hi+spread)
		s.Absolute += math.Abs(values[i]) / float64(len(values))
	}
	if s.Curve == Asinh {
		s.Scaler.Unit = float32(max(asinhShare*s.Absolute, ScaleFloor))
	}
	for _, v := range values {
		s.add(v)
	}
	s.Scaler = s.now()
}

// outgrown says that the series' level is far from the unit of its curve.
func (s *Scaling) outgrown() bool {
	if s.Curve != Asinh {
		return false
	}
	want := max(asinhShare*s.Absolute, ScaleFloor) / float64(s.Scaler.Unit)
	return want > asinhDrift || want < 1.0/asinhDrift
}

// take adds the value of cell Taken, which left the lateness window, pulled in
// to what the scaler in force finds believable unless the level is new.
func (s *Scaling) take(r *Ring, v float32) {
	y := float64(v)
	if believable := s.believable(y); believable != y && !s.newLevel(r) {
		y = believable
	}
	s.add(y)
}

func (s *Scaling) believable(y float64) float64 {
	if z := s.Scaler.Forward(float32(y)); z < -scalerClip || z > scalerClip {
		return float64(s.Scaler.Inverse(min(max(z, -scalerClip), scalerClip)))
	}
	return y
}

// newLevel says that the last accepted cells up to Taken were all unbelievable.
func (s *Scaling) newLevel(r *Ring) bool {
	far := 0
	for n := s.Taken; far < scalerBelieve && r.Has(n); n-- {
		v, q := r.At(n)
		if !q.Accepted() {
			continue
		}
		if s.believable(float64(v)) == float64(v) {
			return false
		}
		far++
	}
	return far == scalerBelieve
}

// add is the weighted update of West (1979) with weights that halve in
// scalerHalfLife cells.
func (s *Scaling) add(y float64) {
	decay := math.Exp2(-1.0 / scalerHalfLife)
	v := y
	if s.Curve == Asinh {
		v = math.Asinh(y / float64(s.Scaler.Unit))
	}
	s.Weight = s.Weight*decay + 1
	s.Absolute += (math.Abs(y) - s.Absolute) / s.Weight
	d := v - s.Mean
	s.Mean += d / s.Weight
	s.Square = s.Square*decay + d*(v-s.Mean)
}

// now is the scaler that the moments ask for.
func (s *Scaling) now() Scaler {
	sd := math.Sqrt(max(s.Square/s.Weight, 0))
	return Scaler{Center: float32(s.Mean), Scale: float32(max(sd, 1e-3*math.Abs(s.Mean), ScaleFloor)), Unit: s.Scaler.Unit, Usual: float32(s.Absolute)}
}

func moved(from, to Scaler) bool {
	limit := scalerMove * float64(from.Scale)
	return math.Abs(float64(to.Center-from.Center)) > limit || math.Abs(float64(to.Scale-from.Scale)) > limit
}
