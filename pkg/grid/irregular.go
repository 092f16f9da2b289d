package grid

import "github.com/loadtide/loadtide/pkg/meter"

// mayHold says that points of the series may be at irregular moments for a while: those of power
// that else comes regularly. Their step is none, and their values are held from one to the next.
func (s *State) mayHold() bool {
	return s.Step >= finest && !s.additive() && s.Kind != meter.Register
}

// held says that point i is at an irregular moment: it was so before, or it is one of at least four
// in a row that are off the grid of the series.
func (s *State) held(i int) bool {
	p := s.Raw.Points[i]
	switch {
	case !s.mayHold():
		return false
	case p.Counted && p.Step == none:
		return true
	}
	return s.offGrid(i, s.Step) && 1+s.loose(i-1, -1)+s.loose(i+1, 1) >= 4
}

// loose counts up to three points in a row that are off the grid of the series, from point i on, in
// the direction of by: 1 or -1.
func (s *State) loose(i, by int) int {
	n := 0
	for ; n < 3 && i >= 0 && i < len(s.Raw.Points) && s.offGrid(i, s.Step); i += by {
		n++
	}
	return n
}

// offGrid says that point i is on no grid of regular steps: neither that of a step of the series,
// nor that of a run of its own.
func (s *State) offGrid(i int, step int32) bool {
	p := s.Raw.Points[i]
	_, on := near(p.Second, int64(step), int64(s.Phase%step))
	return !on && p.Span == 0 && !s.Raw.inRun(i) && !s.Raw.inRun(i-1)
}

// reach is how many points before and behind a new one may be of another step with it.
func (s *State) reach() int {
	if s.mayHold() {
		return 6 // of the four in a row that each may be in, and of the gaps that tell a step
	}
	return 3
}
