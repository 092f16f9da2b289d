package grid

import (
	"maps"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Classes of the time between two neighbouring readings. A regular class is its step in seconds:
// at least 5 minutes, and a divisor of the hour.
const (
	none int32 = 0 // no step: a hole, or a reading off the grid
	fine int32 = 1 // anything shorter than the finest step
)

// classes are all of them; the regular ones ascend.
var classes = [...]int32{none, fine, 300, 360, 400, 450, 600, 720, 900, 1200, 1800, 3600}

// classOf returns the class of a gap between two readings, in seconds.
func classOf(gap int64) int32 {
	if gap < finest-tolerance(finest) {
		return fine
	}
	nearest, off := none, int64(hour)
	for _, step := range classes[2:] {
		d := max(gap-int64(step), int64(step)-gap)
		if d <= tolerance(int64(step)) && d < off {
			nearest, off = step, d
		}
	}
	return nearest
}

// gapClass is the class of the gap behind point i; none behind the last one.
func (r *Raw) gapClass(i int) int32 {
	if i < 0 || i+1 >= len(r.Points) {
		return none
	}
	return classOf(r.Points[i+1].Second - r.Points[i].Second)
}

// inRun says that the gap behind point i is one of at least three of its class in a row. A single
// longer gap is a hole, a single shorter one a stray reading.
func (r *Raw) inRun(i int) bool {
	c := r.gapClass(i)
	if c == none {
		return false
	}
	run := 1
	for k := i - 1; run < 3 && r.gapClass(k) == c; k-- {
		run++
	}
	for k := i + 1; run < 3 && r.gapClass(k) == c; k++ {
		run++
	}
	return run == 3
}

// stepOf returns the step that point i is of: what its sender says, else that of the run it stands
// in, else none for power that is held, else that of the point before it where its moment fits
// that, else that of the series.
func (s *State) stepOf(i int) int32 {
	switch r := s.Raw; {
	case r.Points[i].Span > 0:
		return r.Points[i].Span
	case r.inRun(i):
		return r.gapClass(i)
	case s.held(i):
		return none
	case i > 0 && s.fits(r.Points[i], r.Points[i-1].Step):
		return r.Points[i-1].Step
	case s.Step > 0 && s.Step < finest:
		return fine
	}
	return s.Step
}

// fits says that a point may be of a step: its moment is on the grid of that, or not on that of the
// series' own step.
func (s *State) fits(p Point, step int32) bool {
	if step < finest || s.Step < finest || step == s.Step {
		return true
	}
	_, on := near(p.Second, int64(step), int64(s.Phase%step))
	_, own := near(p.Second, int64(s.Step), int64(s.Phase%s.Step))
	return on || !own
}

// phaseOf returns the phase of readings that come every step seconds, from a second on: the most
// frequent offset from the step. Of equally frequent ones the phase in force comes first, then the
// smallest.
func (s *State) phaseOf(step int32, from int64) int32 {
	if s.Kind == meter.Register || step < finest {
		return 0
	}
	counts := map[int32]int{}
	for i := find(s.Raw.Points, from); i < len(s.Raw.Points); i++ {
		counts[roundPhase(s.Raw.Points[i].Second, int64(step))]++
	}
	best := s.Phase % step
	for _, phase := range slices.Sorted(maps.Keys(counts)) {
		if counts[phase] > counts[best] {
			best = phase
		}
	}
	return best
}

// roundPhase returns the offset of a moment from a step: a multiple of 5 minutes where one is
// within the tolerance, else of a minute.
func roundPhase(second, step int64) int32 {
	unit := int64(finest)
	if off := mod(second, unit); min(off, unit-off) > tolerance(step) {
		unit = 60
	}
	return int32(mod((second+unit/2)/unit*unit, step))
}
