package grid

import (
	"math"

	"github.com/loadtide/loadtide/pkg/meter"
)

// differ returns what the reads of a register were decided to be, and keeps the energy of the
// cells from the oldest one that may still change on.
func (s *State) differ(past Past) meter.Counts {
	r := s.Raw
	r.reads = r.reads[:0]
	for _, p := range r.Points {
		r.reads = append(r.reads, meter.Read{Second: p.Second, Value: p.Value})
	}
	if r.energy = r.energy[:0]; len(r.reads) == 0 {
		return meter.Counts{}
	}
	cells := meter.Grid{Interval: int64(s.Interval), Phase: int64(s.Phase), First: s.Cell(r.reads[0].Second)}
	if _, newest, known := past.Bounds(); known {
		cells.First = max(cells.First, newest-s.LateCells())
	}
	var counts meter.Counts
	r.energy, counts = r.registers.Differ(r.energy, r.reads, cells)
	return counts
}

// registered writes the cells of a register: all reads give the energy of each again, so the order
// in which they come does not matter. before is what was decided without the new read.
func (s *State) registered(before meter.Counts, past Past, out *Outcome) {
	r := s.Raw
	counts := s.differ(past)
	out.Counts = meter.Counts{
		Resets:    max(counts.Resets-before.Resets, 0),
		RollOvers: max(counts.RollOvers-before.RollOvers, 0),
		Exchanges: max(counts.Exchanges-before.Exchanges, 0),
	}
	if out.Rebuilt {
		s.Heard = math.MinInt64 // it counted on another grid
	}
	s.Heard = max(s.Heard, s.Cell(s.Last-1))
	first, newest, known := past.Bounds()
	for i, c := range r.energy {
		cell := energyOf(c)
		if !known || c.N > newest {
			out.Cells = append(out.Cells, cell)
			continue
		}
		s.differs(cell, first, past, out)
		// What an exchanged meter used between its cells is not known.
		for n := c.N + 1; i+1 < len(r.energy) && n < min(r.energy[i+1].N, newest+1); n++ {
			s.differs(Cell{N: n, Quality: meter.Missing}, first, past, out)
		}
	}
}

// regridded writes the cells of a register that changed to another grid, from the oldest one that
// its reads give; converted is the newest cell that was brought over.
func (s *State) regridded(converted int64, out *Outcome) {
	s.differ(nothing{})
	s.Heard = s.Cell(s.Last - 1)
	for _, c := range s.Raw.energy {
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
