package engine

import (
	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// A series of an interval that no model serves is forecast by the model of the next coarser
// interval that its own divides. The cohort of that model has a row for it, a view, whose cells are
// those of the series joined, on the hours of its zone. The series keeps its own ring: a model that
// comes or goes does not change it, and the view can be made from it at any time.

// seatViews decides for each cohort which coarser one serves its series, and makes and drops views.
// It is called where a cohort, a model or the zone of a series is another than before.
func (e *Engine) seatViews() {
	for i, co := range e.cohorts {
		if co == nil {
			continue
		}
		var joins *cohort
		for _, coarser := range e.cohorts[i+1:] {
			if co.first() == nil && coarser != nil && coarser.first() != nil && coarser.len.Interval%co.len.Interval == 0 {
				joins = coarser
				break
			}
		}
		if co.joins == joins {
			continue
		}
		if co.joins != nil {
			co.joins.dropViews(co)
		}
		if co.joins = joins; joins != nil {
			for slot := range co.slabs.ids {
				co.makeView(int32(slot))
			}
		}
	}
	e.alignViews()
}

// alignViews makes the views anew whose hours are not those of their zone any more: the setting or
// the model says another zone.
func (e *Engine) alignViews() {
	offsets := map[string]int64{}
	for _, co := range e.cohorts {
		if co == nil || co.joins == nil {
			continue
		}
		to := co.joins
		for slot, id := range co.slabs.ids {
			view, ok := to.slabs.index[id]
			if !ok {
				continue
			}
			zone := to.first().placeOf(&to.slabs, id).zone
			if _, ok := offsets[zone]; !ok {
				offsets[zone] = series.HourOffset(zone)
			}
			own := co.slabs.record(int32(slot))
			if own.Joined(int32(to.len.Interval), offsets[zone]) != to.slabs.record(view).Grid {
				co.dropView(id)
				co.makeView(int32(slot))
			}
		}
	}
}

// dropViews takes away the views of the series of a cohort.
func (co *cohort) dropViews(from *cohort) {
	s, interval := &co.slabs, from.len.Interval
	for slot := len(s.ids) - 1; slot >= 0; slot-- {
		if int64(s.record(int32(slot)).viewOf) == interval {
			from.handBack(co, int32(slot))
			co.remove(int32(slot))
		}
	}
}

// handBack tells a series which origin its view has forecast last.
func (co *cohort) handBack(by *cohort, view int32) {
	if slot, ok := co.slabs.index[by.slabs.ids[view]]; ok {
		own, rec := co.slabs.record(slot), by.slabs.record(view)
		own.issued, own.revision = rec.issued, rec.revision
	}
}

// makeView makes the view of a series from its ring, in the cohort that serves it.
func (co *cohort) makeView(slot int32) {
	s, to := &co.slabs, co.joins
	view := to.viewOf(co, slot)
	ring := s.ring(slot)
	if ring.Known == 0 {
		return
	}
	t := update{slot: view, message: -1, ask: -1}
	to.work.fresh = to.work.fresh[:0]
	co.joinInto(&t, slot, co.firstJoined(slot, view))
	if t.next {
		to.work.jobs = append(to.work.jobs[:0], job{slot: view, from: t.from, to: t.to, cells: t.cells})
		to.walk(to.work.jobs)
	}
}

// viewOf is the row of the view of a series; it is made when there is none.
func (co *cohort) viewOf(from *cohort, slot int32) int32 {
	s, id := &co.slabs, from.slabs.ids[slot]
	if view, ok := s.index[id]; ok {
		return view
	}
	view := s.add(id, from.slabs.units[slot])
	rec, own := s.record(view), from.slabs.record(slot)
	rec.Pattern = grid.Pattern{
		Grid: own.Joined(int32(co.len.Interval), co.offsetOf(id)), Kind: own.Kind,
		Set: int32(co.len.Interval), Step: int32(co.len.Interval), Begun: true,
	}
	rec.viewOf, rec.issued, rec.revision = int32(from.len.Interval), own.issued, own.revision
	s.views++
	return view
}

// firstJoined is the first cell of the view of a series that the ring of the series covers.
func (co *cohort) firstJoined(slot, view int32) int64 {
	ring := co.slabs.ring(slot)
	return co.joins.slabs.record(view).Cell(co.slabs.record(slot).Start(ring.First())-1) + 1
}

// join brings the views of the series that a round touched up to them: they are touched in the
// cohort that serves, and the forecasts that were asked for are asked of it.
func (co *cohort) join() {
	to := co.joins
	if to == nil {
		return
	}
	for i := range co.work.touched {
		t := &co.work.touched[i]
		view := to.viewOf(co, t.slot)
		v := update{slot: view, counts: t.counts, message: t.message, ask: -1}
		rec, own := to.slabs.record(view), co.slabs.record(t.slot)
		rec.live, rec.stale, rec.Kind, to.slabs.units[view] = own.live, own.stale, own.Kind, co.slabs.units[t.slot]
		first := co.firstJoined(t.slot, view)
		switch {
		case rec.known == 0 || own.remade:
		case own.rewound:
			first = max(first, rec.newest-int64(to.len.Late))
		default:
			first = max(first, rec.newest+1)
		}
		own.rewound, own.remade = false, false
		co.joinInto(&v, t.slot, first)
		if t.ask >= 0 && (v.next || t.revised) { // v.changed may be by messages before
			v.ask = t.ask
		}
		if t.ask >= 0 {
			t.ask = -1 // the coarser model answers
		}
		if v.next || v.changed || v.ask >= 0 {
			to.work.touched = append(to.work.touched, v)
		}
	}
}

// joinInto writes the cells of a view from cell first on that are new or another now.
func (co *cohort) joinInto(v *update, slot int32, first int64) {
	to := co.joins
	rec, own, ring := to.slabs.record(v.slot), co.slabs.record(slot), co.slabs.ring(slot)
	at := cellsOf(&ring)
	from := len(to.work.fresh)
	last := rec.Cell(own.Start(ring.Newest+1)) - 1
	for n := max(first, last-int64(to.len.Ring)+1); n <= last; n++ {
		c := grid.Join(own.Grid, rec.Grid, own.Kind, n, at)
		if rec.known > 0 && n <= rec.newest {
			switch {
			case to.leads(v.slot, c):
				to.dropFirst(v.slot)
				v.changed = true
			case to.differs(v.slot, c):
				to.revise(v.slot, c)
				v.changed = true
			}
			continue
		}
		if c.Quality != meter.Missing && (rec.known > 0 || len(to.work.fresh) > from || c.Quality.Accepted()) {
			to.work.fresh = append(to.work.fresh, c)
		}
	}
	v.cells = to.work.fresh[from:len(to.work.fresh):len(to.work.fresh)]
	switch {
	case rec.known == 0 && len(v.cells) == 0:
		to.slabs.empty(v.slot)
		v.changed = false
		return
	case rec.known == 0:
		v.next, v.from = true, v.cells[0].N
	case last > rec.newest:
		v.next, v.from = true, rec.newest+1
	}
	if v.next {
		v.to = last
		rec.Heard, rec.Last = max(rec.Heard, last), max(rec.Last, own.Last)
		if rec.known == 0 {
			rec.Heard = last
		}
	}
}

// leads says that a cell is the first one of a young view and is not accepted: nothing could stand in
// for it.
func (co *cohort) leads(view int32, c grid.Cell) bool {
	s := &co.slabs
	return c.N == s.first(view) && !c.Quality.Accepted() && s.young(view)
}

// dropFirst takes the first cell of a young view away, as if it had never been accepted: the view
// begins with the next cell, and is walked anew. So a view is a function of the ring that it is joined
// from, as the history of a file is. What was scored in the cell is taken back.
func (co *cohort) dropFirst(view int32) {
	s := &co.slabs
	rec, first := s.record(view), s.first(view)
	s.flagged.drop(view, first)
	co.soil(view, first)
	rec.known--
	rec.since, rec.anew = first+1, true
}

// differs says that a known cell of a view is another than is known of it, or comes before the first
// one of a young view. Nothing could stand in for a first cell that is not accepted.
func (co *cohort) differs(view int32, c grid.Cell) bool {
	s := &co.slabs
	first := s.first(view)
	if c.N < first {
		return c.Quality.Accepted() && s.young(view)
	}
	was := s.said(view, c.N)
	return (was.quality != c.Quality || was.value != c.Value && c.Quality.Accepted()) &&
		(c.N > first || c.Quality.Accepted())
}

// cellsOf gives the cells of a ring as grid.Join asks for them.
func cellsOf(ring *series.Ring) grid.CellAt {
	return func(n int64) (float32, meter.Quality) {
		if !ring.Has(n) {
			return 0, meter.Unknown
		}
		return ring.At(n)
	}
}

// dropView drops the view of a series, and returns how many of its forecasts waited for an actual.
func (co *cohort) dropView(id meter.ID) (unscored int) {
	if co.joins == nil {
		return 0
	}
	view, ok := co.joins.slabs.index[id]
	if !ok {
		return 0
	}
	s := &co.joins.slabs
	unscored = s.waiting.Unscored(s.held.row(view))
	co.handBack(co.joins, view)
	co.joins.remove(view)
	return unscored
}
