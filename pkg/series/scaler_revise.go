package series

import "math"

// Revised is a cell of the moments that is kept from them from now on, or no longer.
type Revised struct {
	Cell  int64
	Value float32 // that it had, or has again
}

// Leave takes cells out of the moments, with the weight that they have there. The ring, in which
// they are not accepted any more, has the other cells. Leave returns true when the scaler in force
// has changed, as Advance does. cells ascend; those after Taken are in no moments.
func (s *Scaling) Leave(r *Ring, l *Lengths, cells []Revised) bool {
	return s.revise(r, l, cells, -1)
}

// Return puts cells back that Leave took out. The ring has them again.
func (s *Scaling) Return(r *Ring, l *Lengths, cells []Revised) bool {
	return s.revise(r, l, cells, 1)
}

func (s *Scaling) revise(r *Ring, l *Lengths, cells []Revised, sign float64) bool {
	if !s.Ready || s.Young > 0 { // a young series is walked anew
		return false
	}
	weight, left := 1.0, len(cells)
	for n := s.Taken; left > 0 && n >= r.First(); n-- {
		for left > 0 && cells[left-1].Cell > n {
			left--
		}
		_, q := r.At(n)
		in := left > 0 && cells[left-1].Cell == n
		if in {
			s.reweigh(s.believable(float64(cells[left-1].Value)), sign*weight)
		}
		if in || q.Accepted() {
			weight *= decay(l)
		}
	}
	if s.Weight < float64(l.Day) || s.outgrown() {
		s.anew(r, l)
		return true
	}
	if next := s.now(); moved(s.Scaler, next) {
		s.Scaler = next
		return true
	}
	return false
}

// reweigh adds a value to the moments with a weight, or takes it out with a negative one.
func (s *Scaling) reweigh(y, weight float64) {
	if s.Weight += weight; s.Weight <= 0 {
		return // the caller finds the moments anew
	}
	v := s.curved(y)
	s.Absolute += weight * (math.Abs(y) - s.Absolute) / s.Weight
	d := v - s.Mean
	s.Mean += weight * d / s.Weight
	s.Square = max(s.Square+weight*d*(v-s.Mean), 0)
}
