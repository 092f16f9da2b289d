package grid

import (
	"math"
	"math/bits"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// learn follows the evidence of a series in its first day.
func (s *State) learn(out *Outcome) {
	r := s.Raw
	from, disordered := int64(math.MinInt64), r.Disordered()
	switch due := r.due(); {
	case s.grown():
		r.Young, from = false, s.lately()
	case !due:
		return
	case disordered && s.dense():
		r.Young = false
	}
	e := s.weigh(from)
	step, grid, _ := s.stand(e, from)
	if step != s.Step || grid != s.Grid || disordered && !r.Young {
		if disordered {
			s.asNew()
		}
		s.turn(step)
		s.Grid, out.Rebuilt = grid, true
	}
	if s.Kind == meter.Register {
		return
	}
	switch {
	case !r.Young:
		s.Coarse = s.unserved(e)
	case r.Disordered(): // what comes late, or in another order, may lie between
		s.Coarse = 0
	default:
		s.Coarse = int32(e.steady)
	}
}

// asNew forgets what points were taken for on the way, when their order told little.
func (s *State) asNew() {
	for i := range s.Raw.Points {
		s.Raw.Points[i].Step = s.Interval
	}
	s.Step = s.Interval
}

// due says that the evidence of a first day is looked at: with each of the first points, and then
// when the points have doubled, for a day of seconds is 86,400 of them. Where they come in any order,
// what they tell may be another before they have doubled, and the evidence is looked at more often.
func (r *Raw) due() bool {
	n := len(r.Points)
	if n <= 32 {
		return true
	}
	doubled := 1 << (bits.Len(uint(n)) - 1)
	if r.Disordered() {
		return n%(doubled/8) == 0
	}
	return n == doubled
}

// grown says that the first day of a series is over. A history that comes in any order is one day,
// until a day has come in order behind it.
func (s *State) grown() bool {
	r := s.Raw
	n := len(r.Points) - find(r.Points, r.First)
	return n >= orderPoints && s.Last-r.First >= day
}

// dense says that the points, of more than a day, tell cells of which at least three of four are
// there, and that each point is one of them: each reading may come by itself from now on.
func (s *State) dense() bool {
	r := s.Raw
	if s.Kind == meter.Register || len(r.Points) < orderPoints || s.Last-r.Points[0].Second < day {
		return false
	}
	g := r.gaps(math.MinInt64)
	class := s.prevailing(math.MinInt64, &g)
	if class < finest || intervalOf(class) != class || s.Set != 0 && s.Set != class ||
		4*len(g.by[slices.Index(classes[:], class)]) < 3*g.count {
		return false
	}
	phase := int64(s.phaseOf(class, math.MinInt64))
	for i, p := range r.Points {
		_, on := near(p.Second, int64(class), phase)
		if !on || r.gapClass(i) != class && r.inRun(i) {
			return false
		}
	}
	return true
}

// hear notes the moment of the new point at index i. In the first day one that comes between two
// others, and long after or before each of them, shows that the readings come in any order: neither in
// that of time nor the newest first.
// disordered says that they were known to.
func (s *State) hear(i int, disordered bool) {
	r, second := s.Raw, s.Raw.Points[i].Second
	s.Last = max(s.Last, second)
	between := i > 0 && i+1 < len(r.Points) &&
		second-r.Points[i-1].Second > patience && r.Points[i+1].Second-second > patience
	switch {
	case r.Young && between:
		r.First = s.Last
	case !disordered:
		r.First = min(r.First, second)
	}
}

// Disordered says that the readings of a first day come in any order.
func (r *Raw) Disordered() bool { return r.Young && len(r.Points) > 0 && r.First > r.Points[0].Second }

// unserved returns the seconds between readings that no interval can be made of: they come less
// often than hourly, or are energy of a time that does not divide the hour. It is 0 for all others.
// Readings that come less often than hourly have no two within an hour among all that are kept: the
// order in which they came does not matter.
func (s *State) unserved(e evidence) int32 {
	switch {
	case e.coarse > 0:
		return int32(s.weigh(math.MinInt64).coarse)
	case s.additive():
		return int32(e.odd)
	}
	return 0
}

// lately is the second from which on points are evidence: a day before the newest one, or what it
// takes to have a few.
func (s *State) lately() int64 {
	points := s.Raw.Points
	return min(s.Last-day, points[max(len(points)-youngPoints, 0)].Second)
}

// outweighs says that a day speaks for one step, or for none: all but a few hours of it.
func (e *evidence) outweighs() bool {
	const few = 4 * hour
	if e.class == none {
		return e.irregular && e.weight <= few
	}
	return e.weight >= day-few
}

// follow returns the step and the grid that evidence speaks for.
func (s *State) follow(e evidence, from int64) (step int32, grid Grid) {
	step = s.Step
	switch {
	case e.class != none:
		step = e.step
	case e.irregular && !s.additive():
		step = 0
	}
	grid.Interval = s.Set
	if grid.Interval == 0 {
		grid.Interval = hour
		if step > 0 {
			grid.Interval = intervalOf(step)
		}
	}
	grid.Phase = s.phaseOf(min(step, grid.Interval), from)
	return step, grid
}

// stand is follow when the points stand where they begin at the step that it returns. It says
// whether points were moved for that.
func (s *State) stand(e evidence, from int64) (step int32, grid Grid, moved bool) {
	step, grid = s.follow(e, from)
	if moved = s.restamp(step); moved {
		_, grid = s.follow(e, from)
	}
	return step, grid, moved
}

// adapt changes a grown series to another step or grid after a day of evidence. The cells of the
// time that Raw has are made again on the new grid.
func (s *State) adapt(past Past, out *Outcome) {
	r := s.Raw
	last := len(r.Points) - 1
	if s.Coarse > 0 {
		s.Coarse = s.unserved(s.weigh(s.lately()))
		return
	}
	wants := s.Set
	if wants == 0 {
		wants = intervalOf(max(s.Step, 1))
		if s.Step == 0 {
			wants = s.Interval // what comes at irregular moments keeps its interval
		}
	}
	// The newest point may look like one of the series' own step; the one before it knows its run.
	step := r.Points[last].Step
	own := step == s.Step || step == fine && s.Step > 0 && s.Step < finest
	if own && wants == s.Interval && r.Points[max(last-1, 0)].Step == step {
		every := int64(max(step, 1))
		if _, on := near(r.Points[last].Second, every, int64(s.Phase)%every); on {
			return
		}
	}
	from := s.Last - day
	e := s.weigh(from)
	if !e.outweighs() || r.Points[0].Second > from+hour {
		return
	}
	step, grid, moved := s.stand(e, from)
	s.turn(step)
	if grid == s.Grid && !moved {
		return
	}
	s.change(grid, past, out)
}

// turn gives the series another step. Values of power that were held from one reading to the next
// stay so.
func (s *State) turn(step int32) {
	held := s.Step == none
	s.Step = step
	if !held || !s.mayHold() {
		return
	}
	for i := range s.Raw.Points {
		s.Raw.Points[i].Step = none
	}
}

// change brings a grown series to another grid.
func (s *State) change(grid Grid, past Past, out *Outcome) {
	r := s.Raw
	_, newest, known := past.Bounds()
	if known && len(out.Cells) > 0 {
		newest = max(newest, out.Cells[len(out.Cells)-1].N)
	}
	out.Was, out.Cells = s.Grid, out.Cells[:0]
	converted := grid.Cell(s.Start(newest+1)) - 1
	s.Grid, s.Heard = grid, math.MinInt64
	if len(r.Points) == 0 {
		s.Heard = converted
		return
	}
	if s.Kind == meter.Register {
		s.regridded(converted, out)
		return
	}
	s.place(0, 0, -1, true, out)
	closed := s.closed()
	first := max(s.wholeFrom(), s.Cell(r.Points[0].Second), converted-s.LateCells())
	for n := first; n <= closed; n++ {
		if c := s.cell(n); n <= converted || c.Quality != meter.Missing {
			out.Cells = append(out.Cells, c)
		}
	}
}

// Hold holds the series at an interval that an operator gives, or leaves it to the readings again
// when that is 0. Out tells of the cells as Put does.
func (s *State) Hold(set int32, past Past, out *Outcome) {
	out.reset()
	s.Set = set
	if !s.Begun || set == 0 || set == s.Interval {
		return
	}
	if s.Raw == nil {
		s.unfold(past)
	}
	if r := s.Raw; r.Young {
		s.Interval = set
		s.Phase %= set
		s.rebuild(out)
		return
	}
	step, grid, _ := s.stand(s.weigh(s.Last-day), s.Last-day)
	s.turn(step)
	s.change(grid, past, out)
}
