package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

// readings is what is remembered of the readings of a series beside their pattern: few series have
// any.
type readings struct {
	held *grid.Point
	raw  *grid.Raw
	told int64 // second of the log at which an event told of refused readings; 0 before
}

// past is the cells of a series as pkg/grid asks for them.
type past struct {
	slabs *slabs
	slot  int32 // -1 for a series that is new
}

// Bounds implements grid.Past.
func (p *past) Bounds() (first, newest int64, ok bool) {
	if p.slot < 0 {
		return 0, 0, false
	}
	rec := p.slabs.record(p.slot)
	return rec.newest - int64(rec.known) + 1, rec.newest, rec.known > 0
}

// Said implements grid.Past.
func (p *past) Said(n int64) (value float32, quality meter.Quality) {
	ring := p.slabs.ring(p.slot)
	if n <= ring.Newest-int64(p.slabs.len.Open) && !p.slabs.young(p.slot) {
		return ring.At(n) // what is kept of it is for the end of a mark
	}
	w := p.slabs.said(p.slot, n)
	return w.value, w.quality
}

// gridState is the state of a series as pkg/grid has it.
func (s *slabs) gridState(slot int32) grid.State {
	r := s.states[slot]
	return grid.State{Pattern: s.record(slot).Pattern, Held: r.held, Raw: r.raw}
}

// keepGrid takes a state of pkg/grid back.
func (s *slabs) keepGrid(slot int32, st grid.State) {
	s.record(slot).Pattern = st.Pattern
	if st.Held == nil && st.Raw == nil && len(s.states) == 0 {
		return
	}
	s.keep(slot, readings{st.Held, st.Raw, s.states[slot].told})
}

// keep remembers readings of a series, or that there are none.
func (s *slabs) keep(slot int32, r readings) {
	if r == (readings{}) {
		delete(s.states, slot)
		return
	}
	s.states[slot] = r
}

// hear puts a reading onto the grid of its series: the series of t begins when it is new, known
// cells that are another now are written, and t gets the cells that are new. What other readings
// come to on the way is added to the account of this one. It returns the cohort that t is of, nil
// when the reading of a new series is refused.
func (e *Engine) hear(r *Reading, t *update, to account) (*cohort, grid.Decision) {
	p := grid.Point{Second: r.Second, Value: r.Value, Quality: r.Quality, Span: r.Interval}
	co, slot, known := e.find(r.Series)
	var st grid.State
	var unit string
	var no refusal
	e.gridPast = past{slot: -1}
	t.slot = slot
	if known {
		var kind meter.Kind
		if p.Value, kind, no = co.measure(r, slot); kind != co.slabs.record(slot).Kind {
			e.become(co, slot, kind, t, to)
		}
		st, e.gridPast = co.slabs.gridState(slot), past{&co.slabs, slot}
	} else {
		p.Value, unit, st.Pattern, no = e.begin(r)
	}
	if no.reason != "" {
		to.reject(no.reason, no.detail, nil)
		return co, grid.Rejected
	}
	st.AtEnd = e.settings.of(r.Series).Label == meter.LabelEnd
	was, out, changed := st.Pattern, &e.outcome, 0
	if known {
		changed = len(co.work.changed[slot])
	}
	st.Put(p, &e.gridPast, out)
	if out.Decision == grid.Rejected {
		to.reject(out.Refusal.Reason, out.Refusal.Detail, nil)
	}
	if !known && out.Decision == grid.Rejected {
		return nil, out.Decision
	}
	e.noteMeans(r.Series, &st, out)
	if out.Decision == grid.Applied {
		e.tellEarly(r.Series, &st, was.Last, r, to)
	}
	co, t.slot = e.seat(co, slot, known, r.Series, unit, st, out, to.Result)
	co.apply(t, out, to)
	co.tellRefused(t.slot, r, out, to)
	if cells, ok := co.work.changed[t.slot]; ok && r.History { // nothing is scored by it
		co.work.changed[t.slot] = cells[:min(changed, len(cells))]
	}
	if st.Raw == nil || !st.Raw.Young || st.Coarse > was.Coarse {
		co.tell(t.slot, was, to)
	}
	return co, out.Decision
}

// seat returns the row of a series in the cohort of the interval that it has now, with the state of
// its grid. When the series changed its grid, the row is empty, and out has the cells that were
// brought over: they are walked as new ones, as a file gives them. It counts the forecasts that
// wait no longer.
func (e *Engine) seat(
	co *cohort, slot int32, known bool, id meter.ID, unit string, st grid.State, out *grid.Outcome,
	result *Result,
) (*cohort, int32) {
	if out.Was != (grid.Grid{}) {
		p := past{&co.slabs, slot}
		first, newest, ok := p.Bounds()
		if !ok {
			first, newest = 0, -1
		}
		out.Bring(st.Grid, st.Kind, first, newest, p.Said)
	}
	if known && (out.Rebuilt || out.Was != (grid.Grid{})) {
		result.Unscored += co.dropView(id) + co.slabs.forget(slot)
	}
	switch {
	case !known:
		co = e.cohort(st.Interval)
		slot = co.slabs.add(id, unit)
		e.enter(co, slot)
	case int64(st.Interval) != co.len.Interval:
		co, slot = e.move(co, slot, st.Interval)
	}
	co.slabs.keepGrid(slot, st)
	return co, slot
}

// move takes a series without cells to the cohort of another interval.
func (e *Engine) move(from *cohort, slot int32, interval int32) (*cohort, int32) {
	id, unit, was := from.slabs.ids[slot], from.slabs.units[slot], *from.slabs.record(slot)
	told := from.slabs.states[slot].told
	from.remove(slot)
	to := e.cohort(interval)
	row := to.slabs.add(id, unit)
	to.slabs.keep(row, readings{told: told})
	rec := to.slabs.record(row)
	rec.issued, rec.revision, rec.born = was.issued, was.revision, was.born
	rec.live, rec.stale = was.live, was.stale
	rec.repeated = was.repeated
	return to, row
}

// account is where what one reading comes to is written down.
type account struct {
	*Result
	reading int // its index in the batch
	message int // its message
}

// reject writes down that the reading is refused, or held when an earlier one is.
func (a account) reject(reason meter.Reason, detail string, held *Held) {
	a.Rejections = append(a.Rejections, Rejection{
		Reading: a.reading, Reason: reason, Detail: detail, Held: held,
	})
}

// tell writes an event down.
func (a account) tell(id meter.ID, kind EventKind, text string) {
	a.Events = append(a.Events, Event{Message: a.message, Series: id, Kind: kind, Text: text})
}

// apply takes over what a reading came to on its grid.
func (co *cohort) apply(t *update, out *grid.Outcome, to account) {
	s, w := &co.slabs, &co.work
	to.Applied += out.Released
	for i := range out.Refused {
		no := &out.Refused[i]
		to.reject(no.Reason, no.Detail, &Held{
			Second: no.Point.Second, Value: no.Point.Value, Quality: no.Point.Quality,
		})
	}
	to.Registers.Add(out.Counts)
	rec := s.record(t.slot)
	from := len(w.fresh)
	if out.Late {
		to.Late++
	}
	for _, c := range out.Cells {
		if rec.known > 0 && c.N <= rec.newest {
			co.revise(t.slot, c)
			t.changed = true
			continue
		}
		w.fresh = append(w.fresh, c)
	}
	if t.cells = w.fresh[from:len(w.fresh):len(w.fresh)]; len(t.cells) > 0 {
		t.next, t.from, t.to = true, t.cells[0].N, t.cells[len(t.cells)-1].N
	}
}

// backfills says that a reading is of a first history whose readings come in any order, and brings
// its series no newer interval. It asks for no forecast: there may be hundreds of such readings, each
// has all of the series walked anew, and the next one replaces the forecast. One goes out with each
// full day of cells.
func (co *cohort) backfills(t *update) bool {
	s := &co.slabs
	if raw := s.states[t.slot].raw; t.next || raw == nil || !raw.Disordered() {
		return false
	}
	ring, cells := s.ring(t.slot), 0
	for n := ring.First(); n <= ring.Newest; n++ {
		if _, q := ring.At(n); q != meter.Missing {
			cells++
		}
	}
	return cells%co.len.Day != 0
}

// revise writes over a known cell, or an accepted one before the first of a young series.
func (co *cohort) revise(slot int32, c grid.Cell) {
	s := &co.slabs
	rec := s.record(slot)
	if c.N < rec.newest-int64(co.len.Late) && !s.young(slot) {
		co.reviseClosed(slot, c)
		return
	}
	if c.N < s.first(slot) {
		co.extend(slot, c.N)
	}
	ring := s.ring(slot)
	ring.Set(c.N, c.Value, c.Quality)
	s.flagged.drop(slot, c.N)
	co.soil(slot, c.N)
	co.unsettle(slot, c.N)
}

// unsettle has a young series walked anew from its first cell when a cell is another that the settled
// state has passed, or that the first scale is made from.
func (co *cohort) unsettle(slot int32, cell int64) {
	rec := co.slabs.record(slot)
	if co.slabs.young(slot) && (cell < rec.newest-int64(co.len.Late) || int(rec.accepted) < co.len.Scale) {
		rec.anew = true
	}
}

// reviseClosed writes a cell that the settled state has been taken over: the states are computed
// anew from the ring. Flags and fills of other cells stay, and nothing is scored.
func (co *cohort) reviseClosed(slot int32, c grid.Cell) {
	s := &co.slabs
	rec, ring := s.record(slot), s.ring(slot)
	past, word := ring.Until(c.N-1), said{c.Value, c.Quality}
	s.flagged.drop(slot, c.N)
	switch {
	case word.quality.Accepted() && s.marked(slot, c.N):
		s.flagged.put(slot, raw{cell: c.N, said: word})
		c.Quality = meter.Bad
	case co.liesAfter(slot, &past, word):
		c.Quality = meter.Bad
	}
	if !c.Quality.Accepted() {
		c.Value = bounded(past.SameHour(c.N, co.len.Day))
	}
	ring.Set(c.N, c.Value, c.Quality)
	rec.fresh, rec.remade = false, true
	co.rewalk(slot)
}

// extend lets the ring of a young series begin earlier.
func (co *cohort) extend(slot int32, cell int64) {
	rec, ring := co.slabs.record(slot), co.slabs.ring(slot)
	for n := cell; n < ring.First(); n++ {
		ring.Set(n, 0, meter.Missing)
	}
	rec.known = int32(rec.newest - cell + 1)
}

// young says that the ring has all that was ever said of a series: it spans at most two weeks and the
// time in which a reading may be late. All of its cells are open.
func (s *slabs) young(slot int32) bool {
	rec := s.record(slot)
	return rec.newest-rec.since < int64(s.len.Ring)
}

func (s *slabs) first(slot int32) int64 {
	ring := s.ring(slot)
	return ring.First()
}

// tell adds an event when a series is sent otherwise than before.
func (co *cohort) tell(slot int32, was grid.Pattern, to account) {
	is, id := co.slabs.record(slot).Pattern, co.slabs.ids[slot]
	switch {
	case is.Interval != was.Interval:
		to.tell(id, IntervalChanged, fmt.Sprintf("the series has intervals of %d minutes now, before it "+
			"had %d: readings come %s", is.Interval/60, was.Interval/60, every(is.Step)))
	case is.Step != was.Step:
		to.tell(id, IntervalChanged, fmt.Sprintf("readings come %s now, before it was %s; intervals "+
			"stay at %d minutes", every(is.Step), every(was.Step), is.Interval/60))
	}
	if was.Coarse == 0 && is.Coarse > 0 {
		to.tell(id, IntervalUnsupported, unsupported(is.Coarse))
		co.limits.clear(id, to.message, "the series is not forecast any more", &to.Events)
	}
}

// toldAgain is how many seconds of the log pass before an event tells of the same again.
const toldAgain = meter.HourSeconds

// tellRefused adds an event when readings off the grid of a series are refused, or those of a register
// that falls, at most one an hour of the log. All of them are counted as rejections.
func (co *cohort) tellRefused(slot int32, r *Reading, out *grid.Outcome, to account) {
	falls := out.Decision == grid.Rejected && out.Refusal.Reason == meter.ReasonRegisterFalls
	refused := falls || slices.ContainsFunc(out.Refused, func(no grid.Refusal) bool {
		return no.Reason == meter.ReasonIntervalUnsupported
	})
	if !refused && len(co.slabs.states) == 0 {
		return
	}
	raw := co.slabs.states[slot].raw
	if co.slabs.record(slot).Coarse > 0 || raw != nil && raw.Young {
		return // its readings have no interval, or none that is known yet
	}
	now := r.Received
	if now == 0 {
		now = r.Second // no log: the readings' own time
	}
	state := co.slabs.states[slot]
	recent := state.told != 0 && now < state.told+toldAgain
	switch {
	case falls && !recent:
		state.told = now
		to.tell(co.slabs.ids[slot], RegisterFalls, out.Refusal.Detail)
	case refused && !recent:
		state.told = now
		to.tell(co.slabs.ids[slot], OffGrid, fmt.Sprintf("readings off the grid are refused, the series "+
			"is read %s: when two meters send under one name, give each a name of its own",
			every(co.slabs.record(slot).Step)))
	case state.told != 0 && !recent:
		state.told = 0
	default:
		return
	}
	co.slabs.keep(slot, state)
}

// unsupported says why readings of a step, in seconds, are not forecast.
func unsupported(step int32) string {
	words := meter.StepName(time.Duration(step) * time.Second)
	if step < meter.HourSeconds {
		return "readings come every " + words + ", which does not divide the hour: no forecasts " +
			"until energy comes every 5, 10, 15, 20, 30 minutes or hour"
	}
	return "readings come every " + words + ": no forecasts until they come at least once an hour"
}

func every(step int32) string {
	switch {
	case step == 0:
		return "at irregular moments"
	case step%60 != 0:
		return fmt.Sprintf("every %d s", step)
	}
	return fmt.Sprintf("every %d minutes", step/60)
}

// heardFrom notes whether a series is up to date, for only then is its silence noticed by the clock
// of the log: from a reading that came while its next interval ran, until it is stale or delivers
// days late.
func (co *cohort) heardFrom(slot int32, r *Reading) {
	if rec := co.slabs.record(slot); r.Second >= rec.Last {
		rec.stale = false
		switch lag := r.Received - r.Second; {
		case r.Received == 0 || lag > int64(co.len.Open)*co.len.Interval:
			rec.live = false
		case lag < 2*co.len.Interval && !r.History:
			rec.live = true
		}
	}
}
