package engine

import (
	"strings"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// slabs hold the state of all series of a partition as a structure of arrays: row i of each slab
// belongs to series i. A batch gathers rows, a checkpoint writes whole slabs.
type slabs struct {
	index map[meter.ID]int32
	ids   []meter.ID
	units []string

	records slab[record]
	values  slab[float32] // [RingCells]
	quality slab[byte]    // [RingCells], packed
	scaling slab[series.Scaling]

	curve   series.Curve  // of the scales of all series
	hidden  int           // width of a state
	live    slab[float32] // [2*hidden]: h and c after the newest cell
	settled slab[float32] // [2*hidden]: h and c after the newest cell that can no longer change

	waiting  *accuracy.Waiting // how forecasts that wait for their actuals are laid out
	held     slab[byte]        // [waiting.Bytes()]
	versions []string          // of the models that made them, by number from 1 on
	inForce  uint16            // number of the model in force, 0 while none serves

	aside  aside
	extras extras

	settings settings
	limit    int // most series, or unlimited
}

// record is the state of one series beside its cells and hidden states.
type record struct {
	since    int64 // the first cell since the series began, or began anew
	newest   int64 // the newest cell
	heard    int64 // the newest cell that a reading came for
	issued   int64 // the newest cell of the last origin that was forecast, -1 before
	revision uint32
	known    int32      // cells in the ring
	accepted int32      // closed measured cells, counted up to what the first scale needs
	phase    int32      // seconds between a full interval since the epoch and the start of a cell
	last     int64      // the second of the newest reading
	kind     meter.Kind // as said or told by the unit; unknown is taken for power
	live     bool       // it was up to date with the log's clock: its silence is noticed
	stale    bool       // it was, and fell silent for so long that it is forecast no more
	fresh    bool       // the states belong to the model in force and to the scale (I6)
	dirty    bool       // an open cell is another than the states have seen; never between batches
	reported bool       // an event tells of a replaced forecast of the origin after cell issued
}

// newSlabs returns empty slabs for waiting forecasts of a layout.
func newSlabs(waiting *accuracy.Waiting) slabs {
	s := slabs{
		index:   map[meter.ID]int32{},
		records: slab[record]{width: 1},
		values:  slab[float32]{width: series.RingCells},
		quality: slab[byte]{width: meter.QualityBytes(series.RingCells)},
		scaling: slab[series.Scaling]{width: 1},
		aside:   aside{},
		extras:  extras{},

		settings: settings{}, limit: unlimited,
	}
	s.layOut(waiting)
	return s
}

// add adds the row of a new series whose cells start at phase, and returns its slot.
func (s *slabs) add(id meter.ID, unit string, phase int32) int32 {
	slot := int32(len(s.ids))
	// The name is part of its message: a copy keeps the message out of memory.
	name := strings.Clone(id.Site + id.Meter)
	id = meter.ID{Site: name[:len(id.Site)], Meter: name[len(id.Site):]}
	s.index[id] = slot
	s.ids = append(s.ids, id)
	s.units = append(s.units, unit)
	s.records.add(slot)
	s.values.add(slot)
	s.quality.add(slot)
	s.scaling.add(slot)
	s.live.add(slot)
	s.settled.add(slot)
	s.held.add(slot)
	r := s.record(slot)
	r.phase, r.issued = phase, -1
	s.scale(slot).Curve = s.curve
	return slot
}

func (s *slabs) record(slot int32) *record { return &s.records.row(slot)[0] }

func (s *slabs) scale(slot int32) *series.Scaling { return &s.scaling.row(slot)[0] }

// useHidden makes room for hidden states of n units and marks all of them as out of date.
func (s *slabs) useHidden(n int) {
	if n != s.hidden || s.live.width == 0 {
		s.hidden = n
		s.live, s.settled = slab[float32]{width: 2 * n}, slab[float32]{width: 2 * n}
		for slot := range s.ids {
			s.live.add(int32(slot))
			s.settled.add(int32(slot))
		}
	}
	for slot := range s.ids {
		s.record(int32(slot)).fresh = false
	}
}

// bend converts the scales of all series to another curve.
func (s *slabs) bend(c series.Curve) {
	s.curve = c
	for slot := range s.ids {
		r := s.ring(int32(slot))
		s.scale(int32(slot)).Bend(c, &r)
	}
}

// ring returns a view of a series' cells.
func (s *slabs) ring(slot int32) series.Ring {
	r := s.record(slot)
	return series.Ring{
		Values:  s.values.row(slot),
		Quality: s.quality.row(slot),
		Newest:  r.newest,
		Known:   int(r.known),
	}
}

// put appends the cell after the newest one.
func (s *slabs) put(slot int32, cell int64, value float32, q meter.Quality) {
	r, ring := s.record(slot), s.ring(slot)
	if ring.Known == 0 {
		r.since = cell
	}
	ring.Put(cell, value, q)
	r.newest, r.known = ring.Newest, int32(ring.Known)
}

// back shortens the ring's view until cell is the newest one. The cells behind it keep their
// content. The view may become empty.
func (s *slabs) back(slot int32, cell int64) {
	r := s.record(slot)
	r.known -= int32(r.newest - cell)
	r.newest = cell
}

// forget empties a series that begins again: its next reading lies a whole ring ahead, or its cells
// are cut at another minute.
func (s *slabs) forget(slot int32) {
	r := s.record(slot)
	r.known, r.accepted, r.fresh, r.dirty, r.issued, r.reported = 0, 0, false, false, -1, false
	*s.scale(slot) = series.Scaling{Curve: s.curve}
	clear(s.held.row(slot))
	s.aside.forget(slot)
	if x, ok := s.extras[slot]; ok {
		x.from, x.moments, x.strays = 0, nil, nil
		s.extras.tidy(slot)
	}
}

// halves returns h and c of a row of live or settled.
func (s *slabs) halves(row []float32) (h, c []float32) { return row[:s.hidden], row[s.hidden:] }

// origin returns the Unix second at which the newest interval ends.
func (s *slabs) origin(slot int32) int64 {
	r := s.record(slot)
	return (r.newest+1)*meter.IntervalSeconds + int64(r.phase)
}
