package engine

import (
	"fmt"
	"iter"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// Marked says what a mark came to.
type Marked struct {
	Pattern   meter.ID
	Mark      meter.Mark
	Series    int // that have a state and are covered by the pattern
	Cells     int // measured cells that are BAD now
	Returned  int // cells that were BAD and are as measured again
	Forgotten int // earliest marks of the pattern that gave way: it has meter.MostMarks
}

// Mark keeps a period of the series of a pattern from the model: measured cells in it are BAD. A
// cell that the period overlaps in part is in it. The period may be open or lie ahead, and the
// pattern may cover series that are not there yet. A mark with the reason meter.Unmarked takes away
// what marks of the same pattern say about the period; a cell comes back as it was measured while
// it is in the ring.
//
// The states of the series are computed anew. Cells that could still change are then as they are
// when the mark is there before its readings, to the bit; older ones keep the age that they have in
// the scale. The result takes scores of the period back. Where the pattern is one series whose
// newest origin was forecast, it has a forecast, the next revision, of message.
func (e *Engine) Mark(pattern meter.ID, mark meter.Mark, message int) (Marked, Result, error) {
	done := Marked{Pattern: pattern, Mark: mark}
	var result Result
	if err := mark.Check(); err != nil {
		return done, result, err
	}
	var ok bool
	if done.Forgotten, ok = e.marks.Put(pattern, mark); !ok {
		return done, result, fmt.Errorf("%d series and sites of the partition have marks, the most "+
			"that it keeps: mark a site or take marks away with loadtide series unmark", meter.MostMarked)
	}
	e.begun()
	work := marking{engine: e, mark: mark, message: message, done: &done, result: &result}
	for _, co := range e.cohorts {
		if co == nil {
			continue
		}
		for slot := range co.slabs.coveredBy(pattern) {
			if co.slabs.record(slot).viewOf != 0 {
				continue
			}
			if done.Series++; work.touch(co, slot) == marksAtOnce {
				work.settle(co)
			}
		}
		work.settle(co)
	}
	if pattern.Valid() && done.Cells+done.Returned > 0 {
		e.forecastAgain(pattern, message, &result)
	}
	return done, result, nil
}

// Marks goes over the marks in force, in the order of their patterns.
func (e *Engine) Marks() iter.Seq2[meter.ID, []meter.Mark] { return e.marks.All() }

// marksAtOnce bounds the series that a mark walks side by side, and so the memory that this takes.
const marksAtOnce = 4096

// marking is a mark on its way through the series that it covers.
type marking struct {
	engine  *Engine
	mark    meter.Mark
	message int
	done    *Marked
	result  *Result
	touched []remarked // of one cohort
}

// remarked is a series some of whose cells may be others after a mark.
type remarked struct {
	slot     int32
	accepted int  // cells of the period before the mark
	closed   bool // cells that could no longer change are others
}

// touch gives the cells of a series in the period what the marks say now, and returns how many
// series wait to be walked.
func (w *marking) touch(co *cohort, slot int32) int {
	first, last := co.within(slot, w.mark)
	if first <= last {
		one := remarked{slot: slot, accepted: co.acceptedWithin(slot, first, last)}
		if open := co.slabs.record(slot).newest - int64(co.len.Open) + 1; !co.slabs.young(slot) {
			one.closed = co.remark(slot, first, min(last, open-1))
			first = max(first, open)
		}
		co.reopen(slot, first, last)
		w.touched = append(w.touched, one)
	}
	return len(w.touched)
}

// settle walks the series that were touched, and their views, and scores again what they held.
func (w *marking) settle(co *cohort) {
	if len(w.touched) == 0 {
		return
	}
	w.engine.settleDown()
	for _, one := range w.touched {
		first, last := co.within(one.slot, w.mark)
		switch n := one.accepted - co.acceptedWithin(one.slot, first, last); {
		case n > 0:
			w.done.Cells += n
		default:
			w.done.Returned -= n
		}
	}
	for _, other := range w.engine.cohorts {
		if other != nil {
			other.scoreAgain(w.message, len(w.touched), w.result)
		}
	}
	for _, one := range w.touched {
		if one.closed {
			co.remakeView(one.slot)
		}
	}
	w.touched = w.touched[:0]
}

// within are the cells of a ring that a period overlaps; first is behind last when there are none.
func (co *cohort) within(slot int32, m meter.Mark) (first, last int64) {
	rec, ring := co.slabs.record(slot), co.slabs.ring(slot)
	if ring.Known == 0 {
		return 0, -1
	}
	return max(rec.Cell(m.From), ring.First()), min(rec.Cell(m.Until-1), ring.Newest)
}

func (co *cohort) acceptedWithin(slot int32, first, last int64) (count int) {
	ring := co.slabs.ring(slot)
	for n := first; n <= last; n++ {
		if _, q := ring.At(n); q.Accepted() {
			count++
		}
	}
	return count
}

// markOf is the reason of the mark of a cell, of a series or of its view.
func (s *slabs) markOf(slot int32, n int64) meter.MarkReason {
	rec := s.record(slot)
	return s.marks.Of(s.ids[slot], rec.Start(n), rec.Start(n+1))
}

// marked says that a mark keeps a cell from the model. A view is made of the cells of its series,
// which are kept.
func (s *slabs) marked(slot int32, n int64) bool {
	return s.record(slot).viewOf == 0 && s.markOf(slot, n) != meter.Unmarked
}

// standing is the quality of the newest cell of a row and the reason of its mark. An hour with a part
// that is marked may be ESTIMATED; without a measured value, a marked cell is BAD.
func (s *slabs) standing(slot int32, ring *series.Ring) (meter.Quality, meter.MarkReason) {
	_, q := ring.At(ring.Newest)
	reason := s.markOf(slot, ring.Newest)
	if reason != meter.Unmarked && !q.Accepted() {
		q = meter.Bad
	}
	return q, reason
}

// reopen has those open cells walked again that a mark makes others.
func (co *cohort) reopen(slot int32, first, last int64) {
	ring := co.slabs.ring(slot)
	for n := first; n <= last; n++ {
		_, q := ring.At(n)
		if co.slabs.said(slot, n).quality.Accepted() && q.Accepted() == co.slabs.marked(slot, n) {
			co.soil(slot, n)
			co.unsettle(slot, n)
		}
	}
}

// remark writes over cells that could no longer change: those that are marked are BAD, and what was
// measured is kept aside; those that are not any more are as they were measured. It says whether
// there was any.
func (co *cohort) remark(slot int32, first, last int64) bool {
	s := &co.slabs
	ring := s.ring(slot)
	var left, back []series.Revised
	for n := first; n <= last; n++ {
		value, q := ring.At(n)
		aside, kept := s.flagged.find(slot, n)
		switch marked := s.marked(slot, n); {
		case marked && q.Accepted():
			s.keepAside(slot, &ring, n)
			left = append(left, series.Revised{Cell: n, Value: value})
		case !marked && kept:
			s.flagged.drop(slot, n)
			before := ring.Until(n - 1)
			if !co.liesAfter(slot, &before, aside.said) {
				ring.Set(n, aside.value, aside.quality)
				back = append(back, series.Revised{Cell: n, Value: aside.value})
			}
		}
	}
	if len(left)+len(back) == 0 {
		return false
	}
	for _, c := range left {
		refill(&ring, c.Cell, int64(co.len.Day))
	}
	rec, scale := s.record(slot), s.scale(slot)
	rec.accepted = min(max(rec.accepted+int32(len(back)-len(left)), 0), int32(co.len.Scale))
	scale.Leave(&ring, co.len, left)
	scale.Return(&ring, co.len, back)
	rec.fresh = false // the states are computed anew from the ring
	co.rewalk(slot)
	return true
}

// keepAside makes a cell BAD and remembers what was measured.
func (s *slabs) keepAside(slot int32, ring *series.Ring, n int64) {
	value, q := ring.At(n)
	s.flagged.put(slot, raw{cell: n, said: said{value, q}})
	ring.Set(n, value, meter.Bad)
}

// refill writes over the value of a cell that is not accepted: with that of the day before, or, where
// the ring does not reach back to it, with that of the next day with an accepted one.
func refill(ring *series.Ring, n, day int64) {
	_, q := ring.At(n)
	if ring.Has(n - day) {
		value, _ := ring.At(n - day)
		ring.Set(n, bounded(value), q)
		return
	}
	for m := n + day; ring.Has(m); m += day {
		if value, quality := ring.At(m); quality.Accepted() {
			ring.Set(n, bounded(value), q)
			return
		}
	}
}

// remakeView makes the view of a series anew, whose cells that could no longer change are others. It
// keeps the forecasts that wait for their actuals.
func (co *cohort) remakeView(slot int32) {
	to, id := co.joins, co.slabs.ids[slot]
	if to == nil || !to.slabs.has(id) {
		return
	}
	view := to.slabs.index[id]
	held, reported := slices.Clone(to.slabs.held.row(view)), to.slabs.record(view).reported
	co.dropView(id)
	co.makeView(slot)
	view = to.slabs.index[id]
	copy(to.slabs.held.row(view), held)
	to.slabs.record(view).reported = reported
}

// scoreAgain scores what the cells held that a mark made others.
func (co *cohort) scoreAgain(message, updates int, result *Result) {
	co.work.scored = nil
	slots := make([]int32, 0, len(co.work.changed))
	for slot := range co.work.changed {
		slots = append(slots, slot)
	}
	slices.Sort(slots)
	for _, slot := range slots {
		t := update{slot: slot, message: message}
		for _, cell := range co.takeChanged(slot) {
			co.meet(&t, cell, updates, result)
		}
	}
}

// forecastAgain forecasts the newest origin of a series again, if it was forecast.
func (e *Engine) forecastAgain(id meter.ID, message int, result *Result) {
	co, slot, ok := e.find(id)
	if !ok || co.slabs.record(slot).stale {
		return
	}
	by, row := co.server(slot)
	if by.slabs.record(row).issued != by.slabs.origin(row) {
		return
	}
	by.forecast([]update{{slot: row, message: message, ask: message}}, result)
}
