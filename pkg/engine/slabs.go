package engine

import (
	"github.com/loadtide/loadtide/pkg/series"
)

// slabs hold the state of all series of a partition as a structure of arrays:
// row i of each belongs to series i. A batch gathers rows, a checkpoint writes
// slabs.
type slabs struct {
	index map[series.ID]int32
	ids   []series.ID
	units []string

	since    []int64 // the first cell since the series began, or began anew
	newest   []int64 // the newest cell
	known    []int32 // cells in the ring
	accepted []int32 // cells that were measured, ever, as far as the first scale needs them
	phase    []int32 // seconds between a full interval since the epoch and the start of a cell
	offGrid  []bool  // a reading off the grid came after the newest cell

	values  []float32        // [series][RingCells]
	quality []series.Quality // [series][RingCells]
	scaling []series.Scaling

	curve  series.Curve // of the scales of all series
	hidden int          // width of the state below
	h, c   []float32    // [series][hidden]
	fresh  []bool       // h and c belong to the model in force and to the ring as it is (I6)
}

func newSlabs() slabs {
	return slabs{index: map[series.ID]int32{}}
}

// add makes the row of a new series whose cells start at phase.
func (s *slabs) add(id series.ID, unit string, phase int32) int32 {
	slot := int32(len(s.ids))
	s.index[id] = slot
	s.ids = append(s.ids, id)
	s.units = append(s.units, unit)
	s.since = append(s.since, 0)
	s.newest = append(s.newest, 0)
	s.known = append(s.known, 0)
	s.accepted = append(s.accepted, 0)
	s.phase = append(s.phase, phase)
	s.offGrid = append(s.offGrid, false)
	s.values = append(s.values, make([]float32, series.RingCells)...)
	s.quality = append(s.quality, make([]series.Quality, series.RingCells)...)
	s.scaling = append(s.scaling, series.Scaling{Curve: s.curve})
	s.h = append(s.h, make([]float32, s.hidden)...)
	s.c = append(s.c, make([]float32, s.hidden)...)
	s.fresh = append(s.fresh, false)
	return slot
}

// useHidden makes room for states of n units and marks all stale.
func (s *slabs) useHidden(n int) {
	if n != s.hidden {
		s.hidden = n
		s.h = make([]float32, len(s.ids)*n)
		s.c = make([]float32, len(s.ids)*n)
	}
	clear(s.fresh)
}

// bend brings the scales of all series onto another curve.
func (s *slabs) bend(c series.Curve) {
	s.curve = c
	for slot := range s.scaling {
		r := s.ring(int32(slot))
		s.scaling[slot].Bend(c, &r)
	}
}

// ring is the view of a series' cells.
func (s *slabs) ring(slot int32) series.Ring {
	from, to := int(slot)*series.RingCells, int(slot+1)*series.RingCells
	return series.Ring{
		Values: s.values[from:to:to], Quality: s.quality[from:to:to],
		Newest: s.newest[slot], Known: int(s.known[slot]),
	}
}

// put writes the cell after the newest one and brings the scale up to it. It
// returns true when the scale changed and the hidden state must be made anew.
func (s *slabs) put(slot int32, cell int64, value float32, q series.Quality) bool {
	r := s.ring(slot)
	if r.Known == 0 {
		s.since[slot] = cell
	}
	r.Put(cell, value, q)
	s.newest[slot], s.known[slot] = r.Newest, int32(r.Known)
	if q.Accepted() {
		s.accepted[slot]++
	}
	return s.scaling[slot].Advance(&r, int(s.accepted[slot]))
}

// forget empties a series whose ring has nothing in common with its next
// reading.
func (s *slabs) forget(slot int32) {
	s.known[slot], s.accepted[slot] = 0, 0
	s.scaling[slot] = series.Scaling{Curve: s.curve}
	s.fresh[slot] = false
}

func (s *slabs) state(slot int32) (h, c []float32) {
	from, to := int(slot)*s.hidden, int(slot+1)*s.hidden
	return s.h[from:to], s.c[from:to]
}

// origin is the Unix second at which the newest interval ends.
func (s *slabs) origin(slot int32) int64 {
	return (s.newest[slot]+1)*Interval + int64(s.phase[slot])
}
