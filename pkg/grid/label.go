package grid

import (
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// stamped is how many seconds before its stamp the time of a reading begins: where readings bear
// the end of their interval, the interval that the sender says, else the step of the series. A
// register is read at a moment, and so is power at irregular moments.
func (s *State) stamped(span int32) int64 {
	switch {
	case !s.AtEnd || s.Kind == meter.Register:
		return 0
	case span > 0:
		return int64(span)
	case s.Begun:
		return int64(s.Step)
	case s.Set > 0:
		return int64(s.Set)
	}
	return hour
}

// restamp moves the points that bear the end of an interval of the series' step to where they
// begin when that is another: all points of a series in its first day, of a grown one those that
// came at the new step. It says whether it moved any. The order of points stays as it is.
func (s *State) restamp(step int32) (moved bool) {
	r, by := s.Raw, int64(s.Step)-int64(step)
	if by == 0 || !s.AtEnd || s.Kind == meter.Register {
		return false
	}
	own := func(p *Point) bool { return p.Span == 0 && (r.Young || p.Step == step) }
	before := int64(math.MinInt64)
	for i := range r.Points {
		second := r.Points[i].Second
		if own(&r.Points[i]) {
			second, moved = second+by, true
		}
		if second <= before {
			return false
		}
		before = second
	}
	if moved {
		s.shift(func(p *Point) int64 {
			if own(p) {
				return by
			}
			return 0
		})
	}
	return moved
}

// asSent gives the refused points of out the seconds that their readings bear.
func (s *State) asSent(out *Outcome) {
	for i := range out.Refused {
		p := &out.Refused[i].Point
		p.Second += s.stamped(p.Span)
	}
}

// shift moves points in time.
func (s *State) shift(by func(p *Point) int64) {
	points, disordered := s.Raw.Points, s.Raw.Disordered()
	for i := range points {
		points[i].Second += by(&points[i])
	}
	s.Last = points[len(points)-1].Second
	switch {
	case disordered:
		s.Raw.First = s.Last
	case s.Raw.Young:
		s.Raw.First = points[0].Second
	}
}

// Label says whether readings bear the end of their interval from here on. Out tells of the cells
// as Put does: in its first day a series has borne the same label from the start.
func (s *State) Label(end bool, past Past, out *Outcome) {
	out.reset()
	was := s.AtEnd
	if s.AtEnd = end; was == end || s.Kind == meter.Register || s.Raw == nil || !s.Raw.Young {
		return
	}
	sign := int64(1)
	if s.AtEnd = true; end {
		sign = -1
	}
	if len(s.Raw.Points) > 0 {
		s.shift(func(p *Point) int64 { return sign * s.stamped(p.Span) })
		slices.SortStableFunc(s.Raw.Points, func(a, b Point) int { return int(a.Second - b.Second) })
	}
	s.AtEnd = end
	s.rebuild(out)
}

// rebuild makes all cells of a series in its first day again.
func (s *State) rebuild(out *Outcome) {
	s.learn(out)
	out.Rebuilt = true
	switch {
	case len(s.Raw.Points) == 0:
	case s.Kind == meter.Register:
		s.registered(meter.Counts{}, nothing{}, out)
	default:
		s.place(0, 0, -1, true, out)
		s.emit(0, len(s.Raw.Points)-1, nothing{}, out)
	}
}
