package grid

import (
	"math"

	"github.com/loadtide/loadtide/pkg/meter"
)

// differ returns what the reads of a register were decided to be. d has the energy of the cells from
// the oldest one that may still change on.
func (s *State) differ(d *differences, past Past) meter.Counts {
	d.reads, d.energy = d.reads[:0], d.energy[:0]
	for _, p := range s.Raw.Points {
		d.reads = append(d.reads, meter.Read{Second: p.Second, Value: p.Value})
	}
	if len(d.reads) == 0 {
		return meter.Counts{}
	}
	cells := meter.Grid{Interval: int64(s.Interval), Phase: int64(s.Phase), First: s.Cell(d.reads[0].Second)}
	if first, newest, known := past.Bounds(); known {
		cells.First = max(cells.First, s.oldest(first, newest))
	}
	var counts meter.Counts
	d.energy, counts = d.registers.Differ(d.energy, d.reads, cells, s.Raw.From == math.MinInt64)
	return counts
}

// registered writes the cells of a register: all reads give the energy of each again, so the order
// in which they come does not matter. before is what was decided without the new read.
func (s *State) registered(before meter.Counts, past Past, out *Outcome) {
	d := &out.differences
	out.Counts = s.differ(d, past).Since(before)
	if s.beginsLater(d.energy, past) {
		out.Rebuilt, past = true, nothing{}
		s.differ(d, past)
	}
	if out.Rebuilt {
		s.Heard = math.MinInt64 // it counted on another grid
	}
	s.Heard = max(s.Heard, s.Cell(s.Last-1))
	first, newest, known := past.Bounds()
	next := int64(math.MaxInt64) // the cell behind the last one that is written
	if known {
		next = max(s.oldest(first, newest), s.wholeFrom(), first+1)
	}
	for _, c := range d.energy {
		// What an exchanged meter used between its cells is not known, nor what wrong reads hide.
		for ; next < min(c.N, newest+1); next++ {
			s.differs(Cell{N: next, Quality: meter.Missing}, first, past, out)
		}
		if cell := energyOf(c); known && c.N <= newest {
			s.differs(cell, first, past, out)
		} else {
			out.Cells = append(out.Cells, cell)
		}
		next = max(next, c.N+1)
	}
}

// falls says that the register has only fallen, for a day of reads and some drops at least, and that
// the next read, p, does not rise either. It gives the first and the last read of that time. A register
// that drops and counts on, as at a reset or a roll-over, does not fall.
func (s *State) falls(p Point) (first, last Point, yes bool) {
	const fewest = 8 // drops; a meter is not exchanged so often without counting on
	r := s.Raw
	if s.Kind != meter.Register || r == nil || r.Young || p.Second <= s.Last {
		return first, last, false
	}
	drops, next := 0, p
	for i := len(r.Points) - 1; i >= 0; i-- {
		first = r.Points[i]
		switch {
		case first.Value < next.Value:
			return first, last, false
		case first.Value > next.Value:
			drops++
		}
		if next = first; drops >= fewest && s.Last-first.Second >= day {
			return first, r.Points[len(r.Points)-1], true
		}
	}
	return first, last, false
}

// beginsLater says that the first cells of a register were made of reads that turn out to be wrong,
// while they may still change.
func (s *State) beginsLater(energy []meter.Cell, past Past) bool {
	first, newest, known := past.Bounds()
	return known && s.Raw.From == math.MinInt64 && first >= newest-s.LateCells() &&
		(len(energy) == 0 || energy[0].N > first)
}

// regridded writes the cells of a register that changed to another grid, from the oldest one that
// its reads give; converted is the newest cell that was brought over.
func (s *State) regridded(converted int64, out *Outcome) {
	s.differ(&out.differences, nothing{})
	s.Heard = s.Cell(s.Last - 1)
	for _, c := range out.differences.energy {
		if c.N >= converted-s.LateCells() {
			out.Cells = append(out.Cells, energyOf(c))
		}
	}
}

func energyOf(c meter.Cell) Cell {
	if c.Estimated {
		return Cell{c.N, float32(c.Energy), meter.Estimated}
	}
	return Cell{c.N, float32(c.Energy), meter.OK}
}
