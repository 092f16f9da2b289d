package grid

import (
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// place finds out what time the points from index lowest on stand for, which of them are on the
// grid, and how far the series is heard. The points from lowest to highest are new or have new
// neighbours; the one at index at came, -1 is none. It returns the index of the last point that it
// looked at: a point that is as it was does not change those after it, unless all are asked for.
func (s *State) place(lowest, highest, at int, all bool, out *Outcome) (last int) {
	r := s.Raw
	if all {
		lowest, s.Heard = 0, math.MinInt64
	}
	for last = max(lowest-s.reach(), 0); last < len(r.Points); last++ {
		p := &r.Points[last]
		step, was := s.stepOf(last), p.Step
		p.Step = step
		r.mark(p, s.off(last))
		if !p.Waiting {
			if !p.Counted && last != at {
				out.Released++
			}
			p.Counted = true
			s.Heard = max(s.Heard, s.lastCell(last))
		}
		if !all && last >= highest+s.reach() && step == was {
			break
		}
	}
	if at >= 0 && r.Points[at].Waiting {
		out.Decision = Waiting
	}
	return min(last, len(r.Points)-1)
}

// mark notes whether a point waits.
func (r *Raw) mark(p *Point, waits bool) {
	if p.Waiting == waits {
		return
	}
	if p.Waiting = waits; waits {
		r.Strays++
	} else {
		r.Strays--
	}
}

// off says that a point is on no grid: neither that of the series nor that of a run of its own.
func (s *State) off(i int) bool {
	step := s.Raw.Points[i].Step
	if step < finest || s.holds() {
		return s.additive() && step == none
	}
	return s.offGrid(i, step)
}

// from is the second at which the time of a point of a regular step starts.
func (s *State) from(p Point, step int32) int64 {
	at, _ := near(p.Second, int64(step), int64(s.Phase%step))
	return at
}

// lastCell is the newest cell that point i stands for.
func (s *State) lastCell(i int) int64 {
	p := s.Raw.Points[i]
	if step := p.Step; step >= finest && !s.holds() {
		return s.Cell(s.from(p, step) + int64(step) - 1)
	}
	return s.Cell(p.Second)
}

// emit writes the cells that the points from index lowest to last may have changed, and those that
// nothing more is waited for.
func (s *State) emit(lowest, last int, past Past, out *Outcome) {
	r := s.Raw
	first, newest, known := past.Bounds()
	next := max(s.Cell(r.Points[0].Second-tolerance(hour)), s.wholeFrom())
	if known {
		n := s.Cell(r.Points[max(lowest-s.reach(), 0)].Second - tolerance(hour))
		end := min(newest, s.Cell(r.Points[last].Second+hour+tolerance(hour)))
		for n = max(n, s.oldest(first, newest), s.wholeFrom()); n <= end; n++ {
			s.differs(s.cell(n), first, past, out)
		}
		next = newest + 1
	}
	s.open(next, s.closed(), known, out)
}

// open writes the new cells from n to last that have readings.
func (s *State) open(n, last int64, known bool, out *Outcome) {
	for n = max(n, last-memory/int64(s.Interval)); n <= last; n++ {
		c := s.cell(n)
		if c.Quality.Accepted() || c.Quality == meter.Bad && (known || len(out.Cells) > 0) {
			out.Cells = append(out.Cells, c)
		}
	}
}

// oldest is the oldest cell that readings may still change: of a young series all of whose readings
// are kept, those of two weeks.
func (s *State) oldest(first, newest int64) int64 {
	if s.keepsAll(first, newest) {
		return newest - s.RecentCells() + 1
	}
	return newest - s.LateCells()
}

// differs writes a known cell when it is another than what is known of it.
func (s *State) differs(c Cell, first int64, past Past, out *Outcome) {
	if c.N <= first && !c.Quality.Accepted() {
		return // nothing could stand in for it
	}
	if c.N >= first {
		value, quality := past.Said(c.N)
		if quality == c.Quality && (value == c.Value || !quality.Accepted()) {
			return
		}
	}
	out.Cells = append(out.Cells, c)
}

// wholeFrom is the oldest cell all readings of which are among the points.
func (s *State) wholeFrom() int64 {
	if s.Raw.From == math.MinInt64 {
		return math.MinInt64
	}
	return s.Cell(s.Raw.From-1) + 1
}

// closed is the newest cell that nothing more is waited for.
func (s *State) closed() int64 {
	if s.Heard == math.MinInt64 {
		return math.MinInt64
	}
	if t := s.tally(s.Heard); t.covered+t.bad >= int64(s.Interval)-s.slack() && !s.due() {
		return s.Heard
	}
	return s.Heard - 1
}

// due says that the newest cell that was heard waits for a reading, of a series that sends more
// often than every 5 minutes or at irregular moments: for the one that ends what a value stands
// for, or for one that comes in the cell.
func (s *State) due() bool {
	if s.Step >= finest {
		return false
	}
	return s.holds() || s.Last+int64(s.Step)+tolerance(int64(s.Step)) < s.Start(s.Heard+1)
}

// Close writes the cells that the time now, in Unix seconds, ends, of a series whose readings are
// finer than its cells.
func (s *State) Close(now int64, past Past, out *Outcome) {
	out.reset()
	if s.Raw == nil || s.Kind == meter.Register || s.Heard == math.MinInt64 {
		return
	}
	grace := int64(s.Step)
	if grace == 0 {
		grace = 60
	}
	_, newest, known := past.Bounds()
	if known {
		s.open(newest+1, min(s.Heard, s.Cell(now-grace)-1), known, out)
	}
}

// giveUp refuses points off the grid that no others joined in time, before the point at index at.
// A point that counted once may count again, as long as its cell can change. It returns the lowest
// index from which on the points are others, and the index that the point at at has now.
func (s *State) giveUp(lowest, at int, out *Outcome) (int, int) {
	r := s.Raw
	if s.Heard == math.MinInt64 || r.Disordered() || r.Young && len(r.Points) < orderPoints {
		return lowest, at // others like it may still come
	}
	old := s.Start(s.Heard - s.LateCells() + 1)
	for i := 0; r.Strays > 0 && i < len(r.Points) && r.Points[i].Second < s.Last-patience; {
		p := r.Points[i]
		if !p.Waiting || p.Counted && p.Second >= old {
			i++
			continue
		}
		out.refuse(p, meter.ReasonIntervalUnsupported, lonely)
		r.mark(&r.Points[i], false)
		r.Points = slices.Delete(r.Points, i, i+1)
		if lowest = min(lowest, i); i < at {
			at--
		}
	}
	return lowest, at
}
