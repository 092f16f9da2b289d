package engine

import (
	"cmp"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// moment is one reading as it came, in the unit of its series.
type moment struct {
	second  int64
	value   float64
	quality meter.Quality
}

// extra is what is remembered of a series whose cells are not its readings: a
// finer one, a register, or one with readings that wait for others to agree.
type extra struct {
	step    int32    // seconds between the readings of a finer series; 0: one an hour, or a register
	told    bool     // the readings say their step: it is not guessed
	from    int64    // the first cell that is joined of readings of that step
	moments []moment // ascending: of the open cells and later ones; of a register also the last one before
	strays  []moment // ascending: off the grid, and not known to be of a finer one
	held    []moment // at most one: far ahead of its series
}

// maxStrays is how many readings off the grid are kept for a series.
const maxStrays = 24

func (x *extra) empty() bool {
	return x.step == 0 && len(x.moments) == 0 && len(x.strays) == 0 && len(x.held) == 0
}

// extras are those of the few series that have any.
type extras map[int32]*extra

// of is the extra of a series to be written to.
func (all extras) of(slot int32) *extra {
	x, ok := all[slot]
	if !ok {
		x = &extra{}
		all[slot] = x
	}
	return x
}

// tidy drops an extra that says nothing any more.
func (all extras) tidy(slot int32) {
	if x, ok := all[slot]; ok && x.empty() {
		delete(all, slot)
	}
}

func bySecond(m moment, second int64) int { return cmp.Compare(m.second, second) }

// find is the place of a second among moments.
func find(all []moment, second int64) (int, bool) {
	return slices.BinarySearchFunc(all, second, bySecond)
}

// insert puts a moment in order, in place of an earlier one of its second.
func insert(all []moment, m moment) []moment {
	i, there := find(all, m.second)
	if there {
		all[i] = m
		return all
	}
	return slices.Insert(all, i, m)
}

// same says that a moment repeats what is known.
func same(all []moment, m moment) bool {
	i, there := find(all, m.second)
	return there && all[i].quality.Accepted() == m.quality.Accepted() && (!m.quality.Accepted() || all[i].value == m.value)
}

// gathered says that the cells of a series are made from several readings.
func (s *slabs) gathered(slot int32) bool {
	x, ok := s.extras[slot]
	return ok && x.step > 0 || s.record(slot).kind == meter.Register
}

// hour is the cell of a series that holds a second.
func (r *record) hour(second int64) int64 { return (second - int64(r.phase)) / meter.IntervalSeconds }

// start is the second at which cell n starts.
func (r *record) start(n int64) int64 { return n*meter.IntervalSeconds + int64(r.phase) }

// joined is what the readings of a cell make together, Missing when they are too
// few.
func (e *Engine) joined(slot int32, n int64) said {
	x, rec := e.slabs.extras[slot], e.slabs.record(slot)
	if rec.kind == meter.Register {
		for _, c := range e.differ(slot) {
			if c.N == n {
				return registered(c)
			}
		}
		return said{quality: meter.Missing}
	}
	var sum float64
	have, quality := 0, meter.OK
	first, _ := find(x.moments, rec.start(n))
	for _, m := range x.moments[first:] {
		if m.second >= rec.start(n+1) {
			break
		}
		if !m.quality.Accepted() {
			continue
		}
		sum += m.value
		have++
		if m.quality == meter.Estimated {
			quality = meter.Estimated
		}
	}
	value, estimated, ok := rec.kind.Whole(sum, have, int(meter.IntervalSeconds/x.step))
	if !ok {
		return said{quality: meter.Missing}
	}
	if estimated {
		quality = meter.Estimated
	}
	return said{float32(value), quality}
}

func registered(c meter.Cell) said {
	if c.Estimated {
		return said{float32(c.Energy), meter.Estimated}
	}
	return said{float32(c.Energy), meter.OK}
}

// differ is the energy of the cells that the reads of a register give.
func (e *Engine) differ(slot int32) []meter.Cell {
	w, rec, x := &e.work, e.slabs.record(slot), e.slabs.extras[slot]
	if w.counts = (meter.Counts{}); x == nil {
		return nil
	}
	w.reads = w.reads[:0]
	for _, m := range x.moments {
		if m.quality.Accepted() {
			w.reads = append(w.reads, meter.Read{Second: m.second, Value: m.value})
		}
	}
	if len(w.reads) == 0 {
		return nil
	}
	grid := meter.Grid{Interval: meter.IntervalSeconds, Phase: int64(rec.phase), First: rec.hour(w.reads[0].Second)}
	if rec.known > 0 {
		grid.First = max(grid.First, rec.newest-meter.LatenessCells)
	}
	w.cells, w.counts = w.registers.Differ(w.cells[:0], w.reads, grid)
	return w.cells
}

// complete says that all readings of a cell are there.
func (e *Engine) complete(slot int32, n int64) bool {
	x, rec := e.slabs.extras[slot], e.slabs.record(slot)
	first, _ := find(x.moments, rec.start(n))
	last, _ := find(x.moments, rec.start(n+1))
	return last-first >= int(meter.IntervalSeconds/x.step)
}

// resay changes what was said about an open cell when its readings make
// something else of it now, and says whether they do.
func (e *Engine) resay(slot int32, n int64, now said) bool {
	s := &e.slabs
	ring := s.ring(slot)
	if n < s.record(slot).newest-meter.LatenessCells || !ring.Has(n) {
		return false
	}
	was := s.said(slot, n)
	if was.quality == now.quality && (was.value == now.value || now.quality == meter.Missing) {
		return false
	}
	if n == ring.First() && !now.quality.Accepted() {
		return false // nothing could stand in for it
	}
	ring.Set(n, now.value, now.quality)
	s.aside.drop(slot, n)
	e.soil(slot, n)
	return true
}

// settle forgets the readings of cells up to n, which can no longer change; of a
// register the last one stays, for the difference to the next.
func (all extras) settle(slot int32, rec *record, n int64) {
	x, ok := all[slot]
	if !ok {
		return
	}
	gone, _ := find(x.moments, rec.start(n+1))
	if rec.kind == meter.Register {
		// The read at the very start of the next cell is the last one needed; with none
		// there the one before it is.
		if gone == len(x.moments) || x.moments[gone].second > rec.start(n+1) {
			gone--
		}
	}
	if gone > 0 {
		x.moments = slices.Delete(x.moments, 0, gone)
	}
	old, _ := find(x.strays, rec.start(n+1))
	x.strays = slices.Delete(x.strays, 0, old)
	all.tidy(slot)
}
