package series

import (
	"math"
	"slices"
)

// The numbers of the causal scaler, the same in training and serving.
const (
	// scalerMove is the change that replaces a scaler, as a share of its scale.
	scalerMove = 0.10
	// scalerClip bounds what one cell adds to the moments, in scales from the centre.
	scalerClip = 8
	// ScaleFloor is the least scale. It keeps series of zeros finite.
	ScaleFloor = 1e-6
)

// Curve is applied to a value before it is centred and scaled.
type Curve uint8

// The curves. Asinh makes forecasts of skewed loads of households better and others worse. The
// trainer chooses.
const (
	Plain Curve = iota
	Asinh
)

const (
	// asinhShare is the unit of the curve as a share of the mean absolute value.
	asinhShare = 0.2
	// asinhDrift is the factor by which the mean absolute value may grow or shrink before the unit
	// of the curve is found again.
	asinhDrift = 2
	// AsinhMost bounds the curved value that Inverse takes, so that the result is finite.
	AsinhMost = 12
)

// Scaler maps values of a series to scaled units: z = (y - Center) / Scale, or with a curve
// z = (asinh(y / Unit) - Center) / Scale.
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

// Scaling is what a series remembers of its scale: exponentially weighted moments of the cells that
// have left the lateness window, and the scaler in force. A cell is added when it can no longer
// change, so the moments do not depend on the order in which readings came.
type Scaling struct {
	Curve Curve
	// Weight is the sum of weights, Mean the weighted mean and Square the weighted sum of squared
	// deviations, on the curve.
	Weight, Mean, Square float64
	Absolute             float64 // weighted mean of the absolute values, in the series' unit
	Taken                int64   // the last cell in the moments
	Scaler               Scaler  // in force while Ready
	Ready                bool
	// Young is how many days of accepted cells the scaler in force was made of, while these are less
	// than a week; see Growth.
	Young uint8
}

// Growth says whether a series has a scale before its first week is full: after one, two, three and
// five days, each made of all accepted cells until then. A network that knows young series needs it.
type Growth struct {
	On    bool
	Curve Curve // of these scales, which may not be that of later ones
}

// growthDays are the days after which a young series has another scale.
var growthDays = [...]uint8{1, 2, 3, 5}

// Bend changes over to another curve. The scale is found as the first one was, from the cells of
// the ring up to Taken.
func (s *Scaling) Bend(c Curve, r *Ring, l *Lengths) {
	if s.Curve == c {
		return
	}
	s.Curve = c
	if s.Ready && s.Young == 0 {
		s.anew(r, l)
	}
}

// anew finds the scale as the first one was found, from cells that can no longer change: the scale
// does not depend on readings that are still late.
func (s *Scaling) anew(r *Ring, l *Lengths) {
	taken := r.Until(s.Taken)
	s.First(&taken, l)
}

// Advance brings the scaling up to the newest cell of the ring. closed is how many of the accepted
// cells of the series can no longer change. Advance returns true when the scaler in force has
// changed; the hidden state must then be computed again.
//
// The first scale is made from a week of accepted cells, or as Growth says: of a series of at most
// two weeks, which is walked anew when one of its cells changes, from all there are; of another one
// from those that can no longer change. So it does not depend on the order in which readings came.
func (s *Scaling) Advance(r *Ring, l *Lengths, closed int, growth Growth) bool {
	if !s.Ready || s.Young > 0 {
		known := *r
		if r.Known > l.Features {
			known = r.Until(r.Newest - int64(l.Open))
		}
		if s.Due(r, l, closed) {
			s.First(&known, l)
			return true
		}
		return growth.On && s.grow(r, &known, l, closed, growth.Curve)
	}
	changed := false
	for s.Taken < r.Newest-int64(l.Open) {
		s.Taken++
		if v, q := r.At(s.Taken); q.Accepted() {
			s.take(r, l, v)
		}
		if s.Taken%int64(l.Week) == 0 {
			if s.outgrown() {
				s.anew(r, l)
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

// Due reports whether Advance makes the first scale.
func (s *Scaling) Due(r *Ring, l *Lengths, closed int) bool {
	if s.Ready && s.Young == 0 || closed+l.Open < l.Scale { // no need to count
		return false
	}
	return seen(r, l, closed) >= l.Scale
}

// seen is how many accepted cells a first scale may be made of, as far as they are counted.
func seen(r *Ring, l *Lengths, closed int) int {
	if r.Known <= l.Features {
		closed += r.accepted(r.Newest - int64(l.Late))
	}
	return closed
}

// grow makes the scale of a series that has another of growthDays behind it since the last one.
func (s *Scaling) grow(r, known *Ring, l *Lengths, closed int, c Curve) bool {
	if s.Young == growthDays[len(growthDays)-1] {
		return false
	}
	days, accepted := uint8(0), seen(r, l, closed)
	for _, d := range growthDays {
		if accepted >= int(d)*l.Day {
			days = d
		}
	}
	if days <= s.Young {
		return false
	}
	later := s.Curve
	s.Curve = c
	s.First(known, l)
	s.Curve, s.Young = later, days
	return true
}

// First makes the first scale from the accepted cells of the ring. Values further out than the
// spread of the others are clipped, so that one spike in the first week does not flatten all later
// values.
func (s *Scaling) First(r *Ring, l *Lengths) {
	values := make([]float64, 0, r.Known)
	for n := r.First(); n <= r.Newest; n++ {
		if v, q := r.At(n); q.Accepted() {
			values = append(values, float64(v))
		}
	}
	if len(values) == 0 { // the sender calls all values bad: take the fills
		for n := r.First(); n <= r.Newest; n++ {
			v, _ := r.At(n)
			values = append(values, float64(v))
		}
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	trim := len(sorted) / 100
	if len(sorted) < l.Scale { // of a few days, in which a wrong value or two are much
		trim = min(max(len(sorted)/12, 1), (len(sorted)-1)/2)
	}
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
		s.add(v, l)
	}
	s.Scaler = s.now()
}

// outgrown says whether the level of the series is far from the unit of its curve.
func (s *Scaling) outgrown() bool {
	if s.Curve != Asinh {
		return false
	}
	want := max(asinhShare*s.Absolute, ScaleFloor) / float64(s.Scaler.Unit)
	return want > asinhDrift || want < 1.0/asinhDrift
}

// take adds the value of cell Taken, which has left the lateness window. Unless the level is new,
// the value is clipped to what the scaler in force finds believable.
func (s *Scaling) take(r *Ring, l *Lengths, v float32) {
	y := float64(v)
	if believable := s.believable(y); believable != y && !s.newLevel(r, l) {
		y = believable
	}
	s.add(y, l)
}

// believable is y clipped to scalerClip scales from the centre.
func (s *Scaling) believable(y float64) float64 {
	if z := s.Scaler.Forward(float32(y)); z < -scalerClip || z > scalerClip {
		return float64(s.Scaler.Inverse(min(max(z, -scalerClip), scalerClip)))
	}
	return y
}

// newLevel says whether the last day of accepted cells up to Taken were all clipped.
func (s *Scaling) newLevel(r *Ring, l *Lengths) bool {
	far := 0
	for n := s.Taken; far < l.Day && r.Has(n); n-- {
		v, q := r.At(n)
		if !q.Accepted() {
			continue
		}
		if s.believable(float64(v)) == float64(v) {
			return false
		}
		far++
	}
	return far == l.Day
}

// add is the weighted update of West (1979), with weights that halve in halfLifeDays.
func (s *Scaling) add(y float64, l *Lengths) {
	decay, v := decay(l), s.curved(y)
	s.Weight = s.Weight*decay + 1
	s.Absolute += (math.Abs(y) - s.Absolute) / s.Weight
	d := v - s.Mean
	s.Mean += d / s.Weight
	s.Square = s.Square*decay + d*(v-s.Mean)
}

// decay is the factor by which the weight of a value falls from one cell to the next.
func decay(l *Lengths) float64 { return math.Exp2(-1 / float64(halfLifeDays*l.Day)) }

// curved is a value in the series' unit on the curve.
func (s *Scaling) curved(y float64) float64 {
	if s.Curve == Asinh {
		return math.Asinh(y / float64(s.Scaler.Unit))
	}
	return y
}

// now is the scaler of the moments.
func (s *Scaling) now() Scaler {
	sd := math.Sqrt(max(s.Square/s.Weight, 0))
	return Scaler{
		Center: float32(s.Mean), Scale: float32(max(sd, 1e-3*math.Abs(s.Mean), ScaleFloor)),
		Unit: s.Scaler.Unit, Usual: float32(s.Absolute),
	}
}

// moved says whether to is so far from the scaler in force that it replaces it.
func moved(from, to Scaler) bool {
	limit := scalerMove * float64(from.Scale)
	center, scale := float64(to.Center-from.Center), float64(to.Scale-from.Scale)
	return math.Abs(center) > limit || math.Abs(scale) > limit
}
