package grid

import "github.com/loadtide/loadtide/pkg/meter"

// tally is what the points of one cell add up to.
type tally struct {
	covered   int64   // seconds of the cell that accepted readings stand for
	bad       int64   // seconds of readings that their sender calls bad
	sum       float64 // of the values, each by the share of its time that lies in the cell
	area      float64 // of value times seconds in the cell
	plain     float64 // of the values
	count     int
	share     int64 // seconds in the cell of the first reading
	unequal   bool  // readings have other shares, or lie in several cells
	split     bool  // a reading is of more time than the cell
	estimated bool  // the sender calls a value an estimate
}

// add adds a value that stands for the time from one second to another, of which from a to b lies
// in the cell.
func (t *tally) add(p Point, from, to, a, b int64) {
	if p.bad() {
		t.bad += b - a
		return
	}
	t.covered += b - a
	t.sum += p.Value * (float64(b-a) / float64(to-from))
	t.area += p.Value * float64(b-a)
	t.plain += p.Value
	if t.count++; t.count == 1 {
		t.share = b - a
	}
	t.unequal = t.unequal || b-a != t.share || a != from || b != to
	t.estimated = t.estimated || p.Quality == meter.Estimated
}

// cell is what the points of cell n come to: energy is summed and power averaged. With some of the
// time missing, the value is estimated as if it were like the rest; with less than half there, the
// cell is MISSING.
func (s *State) cell(n int64) Cell {
	t, interval := s.tally(n), int64(s.Interval)
	c := Cell{N: n, Quality: meter.OK}
	if 2*t.covered < interval {
		if c.Quality = meter.Missing; t.bad > 0 {
			c.Quality = meter.Bad
		}
		return c
	}
	partial := interval-t.covered > s.slack()
	value := 0.0
	switch {
	case s.additive() && t.unequal:
		value = t.sum
	case s.additive():
		value = t.plain
	case t.unequal:
		value = t.area / float64(t.covered)
	default:
		value = t.plain / float64(t.count)
	}
	if partial && s.additive() {
		value *= float64(interval) / float64(t.covered)
	}
	if partial || t.split || t.estimated {
		c.Quality = meter.Estimated
	}
	c.Value = float32(value)
	return c.bounded()
}

// bounded is a cell whose value is one that a reading may have: readings that are sound each may add
// up to more, and a cell of that is BAD.
func (c Cell) bounded() Cell {
	if c.Value >= meter.MaxValue || c.Value <= -meter.MaxValue {
		return Cell{N: c.N, Quality: meter.Bad}
	}
	return c
}

// slack is how many seconds of a cell may be uncovered for it to be whole: readings that come more
// often than every 5 minutes, or at irregular moments, do not start on the second.
func (s *State) slack() int64 {
	switch {
	case s.Step >= finest:
		return 0
	case s.Step == 0:
		return 60
	}
	return int64(s.Step) / 2
}

// tally adds up the points of cell n.
func (s *State) tally(n int64) tally {
	var t tally
	points, holds := s.Raw.Points, s.holds()
	start, end := s.Start(n), s.Start(n+1)
	i := find(points, start)
	for back := 0; i > 0 && back < hour/finest+1 && points[i-1].Second > start-hour-tolerance(hour); back++ {
		if i--; holds {
			break
		}
	}
	for ; i < len(points) && points[i].Second < end+tolerance(hour); i++ {
		p := points[i]
		if p.Waiting {
			continue
		}
		var from, to int64
		switch step := p.Step; {
		case step >= finest && !holds:
			from = s.from(p, step)
			to = from + int64(step)
			if s.again(i, step, from) {
				continue
			}
		case !s.additive():
			from, to = p.Second, min(s.nextSecond(i, p.Second), p.Second+hour)
		default:
			s.tallyFine(&t, i, start, end)
			continue
		}
		if a, b := max(from, start), min(to, end); a < b {
			t.add(p, from, to, a, b)
			t.split = t.split || to-from > int64(s.Interval)
		}
	}
	return t
}

// again says that the point after i stands for the same time, and so in its place.
func (s *State) again(i int, step int32, from int64) bool {
	if i+1 == len(s.Raw.Points) {
		return false
	}
	next := s.Raw.Points[i+1]
	return !next.Waiting && next.Step == step && s.from(next, step) == from
}

// nextSecond is the second of the next point on the grid, or else.
func (s *State) nextSecond(i int, otherwise int64) int64 {
	for k := i + 1; k < len(s.Raw.Points); k++ {
		if !s.Raw.Points[k].Waiting {
			return s.Raw.Points[k].Second
		}
	}
	return otherwise
}

// tallyFine adds energy that comes more often than every 5 minutes: it counts for the cell that it
// comes in. The time to the next reading is covered unless one was lost.
func (s *State) tallyFine(t *tally, i int, start, end int64) {
	p := s.Raw.Points[i]
	most := int64(finest)
	if s.Step > 0 && s.Step < finest {
		most = int64(s.Step) + int64(s.Step)/2
	}
	to := s.nextSecond(i, p.Second+int64(s.Step%finest))
	if to-p.Second > most {
		to = p.Second + min(most, int64(max(s.Step, 1)))
	}
	seconds := max(min(to, end)-max(p.Second, start), 0)
	if p.bad() {
		t.bad += seconds
		return
	}
	t.covered += seconds
	if p.Second < start || p.Second >= end {
		return
	}
	t.plain += p.Value
	t.count++
	t.estimated = t.estimated || p.Quality == meter.Estimated
}
