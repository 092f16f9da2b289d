package engine

import (
	"strings"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// slabs hold the state of all series of a partition as a structure of arrays:
// row i of each belongs to series i. A batch gathers rows, a checkpoint writes
// slabs.
type slabs struct {
	len   *series.Lengths
	views int // rows that are views of series of finer intervals
	index map[meter.ID]int32
	ids   []meter.ID
	units []string

	records slab[record]
	values  slab[float32] // [len.Ring]
	quality slab[byte]    // [len.Ring], packed
	scaling slab[series.Scaling]

	curve   series.Curve  // of the scales of all series
	hidden  int           // width of a state
	live    slab[float32] // [2*hidden]: h and c after the newest cell
	settled slab[float32] // [2*hidden]: h and c after the newest cell that can no longer change

	waiting  *accuracy.Waiting // how forecasts that wait for their actuals are laid out
	held     slab[byte]        // [waiting.Bytes()]
	versions []string          // of the models that made them, by number from 1 on

	flagged flagged
	states  map[int32]readings // what pkg/grid keeps of the few series whose readings are not cells

	settings settings     // of the engine
	marks    *meter.Marks // of the engine
}

// record is what is remembered of one series beside its cells and states.
type record struct {
	grid.Pattern
	since    int64 // the first cell since the series began, or began again
	newest   int64 // the newest cell
	issued   int64 // the last origin that was forecast, a Unix second; -1 before
	revision uint32
	born     uint32 // its place in the order of first readings
	known    int32  // cells in the ring
	// cells that were measured and can no longer change, as far as the first scale needs them
	accepted int32
	live     bool   // it was up to date with the log's clock: its silence is noticed
	stale    bool   // it was, and fell silent for so long that it is forecast no more
	fresh    bool   // the states belong to the model in force and to the scale (I6)
	dirty    bool   // an open cell is another than the states have seen; never between batches
	reported bool   // an event told that a forecast of the origin issued was replaced
	anew     bool   // a cell that is closed is another: all are walked anew; never between batches
	rewound  bool   // open cells may be others since the view of the series was made
	remade   bool   // any cell may be
	viewOf   int32  // the interval of the series that the row is a view of; 0 for a series
	repeated uint32 // readings that said again what is known, since the engine was made; no state
}

// newSlabs are empty, with room for forecasts of a layout.
func newSlabs(l *series.Lengths, waiting *accuracy.Waiting) slabs {
	s := slabs{
		len:     l,
		index:   map[meter.ID]int32{},
		records: slab[record]{width: 1},
		values:  slab[float32]{width: l.Ring},
		quality: slab[byte]{width: meter.QualityBytes(l.Ring)},
		scaling: slab[series.Scaling]{width: 1},
		flagged: flagged{},
		states:  map[int32]readings{},

		settings: settings{},
		marks:    &meter.Marks{},
	}
	s.layOut(waiting)
	return s
}

// add makes the row of a new series.
func (s *slabs) add(id meter.ID, unit string) int32 {
	slot := int32(len(s.ids))
	// A name is cut from its message: kept as it is it would keep all of that.
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
	s.record(slot).issued = -1
	s.scale(slot).Curve = s.curve
	return slot
}

func (s *slabs) record(slot int32) *record { return &s.records.row(slot)[0] }

func (s *slabs) scale(slot int32) *series.Scaling { return &s.scaling.row(slot)[0] }

// useHidden makes room for states of n units and marks all stale. A network of fewer units uses the
// first ones of each half.
func (s *slabs) useHidden(n int) {
	s.hidden = n
	s.live, s.settled = slab[float32]{width: 2 * n}, slab[float32]{width: 2 * n}
	for slot := range s.ids {
		s.live.add(int32(slot))
		s.settled.add(int32(slot))
	}
	for slot := range s.ids {
		s.record(int32(slot)).fresh = false
	}
}

// bend brings the scales of all series onto another curve.
func (s *slabs) bend(c series.Curve) {
	s.curve = c
	for slot := range s.ids {
		r := s.ring(int32(slot))
		s.scale(int32(slot)).Bend(c, &r, s.len)
	}
}

// ring is the view of a series' cells.
func (s *slabs) ring(slot int32) series.Ring {
	r := s.record(slot)
	return series.Ring{
		Values: s.values.row(slot), Quality: s.quality.row(slot), Newest: r.newest, Known: int(r.known),
	}
}

// put writes the cell after the newest one.
func (s *slabs) put(slot int32, cell int64, value float32, q meter.Quality) {
	r, ring := s.record(slot), s.ring(slot)
	if ring.Known == 0 {
		r.since = cell
	}
	ring.Put(cell, value, q)
	r.newest, r.known = ring.Newest, int32(ring.Known)
}

// back takes the newest cells off the ring's view until cell is the newest one;
// what they hold stays where it is. It may take all.
func (s *slabs) back(slot int32, cell int64) {
	r := s.record(slot)
	r.known -= int32(r.newest - cell)
	r.newest = cell
}

// forget empties a series whose ring has nothing in common with its next
// reading, and returns how many forecasts waited for an actual.
func (s *slabs) forget(slot int32) (unscored int) {
	unscored = s.waiting.Unscored(s.held.row(slot))
	clear(s.held.row(slot))
	s.empty(slot)
	return unscored
}

// empty takes all cells of a series away, and what was made of them.
func (s *slabs) empty(slot int32) {
	r := s.record(slot)
	r.known, r.accepted, r.fresh, r.dirty, r.anew, r.reported = 0, 0, false, false, false, false
	*s.scale(slot) = series.Scaling{Curve: s.curve}
	s.flagged.forget(slot)
}

// settle lets pkg/grid forget the readings of the cells up to n, which can no longer change.
func (s *slabs) settle(slot int32, n int64) {
	if _, ok := s.states[slot]; !ok {
		return
	}
	st := s.gridState(slot)
	st.Settle(n)
	s.keepGrid(slot, st)
}

// h and c of a row of live or settled.
func (s *slabs) halves(row []float32) (h, c []float32) { return row[:s.hidden], row[s.hidden:] }

// origin is the Unix second at which the newest interval ends.
func (s *slabs) origin(slot int32) int64 {
	r := s.record(slot)
	return r.Start(r.newest + 1)
}
