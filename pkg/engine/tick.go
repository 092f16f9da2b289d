package engine

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/meter"
)

// tickSeries bounds what one tick does; what is left is done by the next ones.
const tickSeries = 4096

// Live says whether any series is up to date: only then does the clock of the
// log matter.
func (e *Engine) Live() bool {
	for _, co := range e.cohorts {
		if co == nil {
			continue
		}
		for slot := range co.slabs.ids {
			if co.slabs.record(int32(slot)).live {
				return true
			}
		}
	}
	return false
}

// Tick tells the time of the log, in Unix seconds, to the series that are up to
// date. A cell whose interval is over for as long as it lasted is silent: it is
// filled and the forecast after it goes out, marked MISSING, for 48 hours;
// then the series is stale. A cell of finer readings is closed once the reading
// after its last would have been there. Forecasts and events are of message.
func (e *Engine) Tick(now int64, message int) Result {
	var result Result
	e.begun()
	for _, co := range e.cohorts {
		if co != nil {
			e.tick(co, now, message, &result)
		}
	}
	e.forward(&result)
	return result
}

// tick touches the series of a cohort that the time now changes. Views follow their series.
func (e *Engine) tick(co *cohort, now int64, message int, result *Result) {
	s, w := &co.slabs, &co.work
	for slot := int32(0); int(slot) < len(s.ids) && len(w.touched) < tickSeries; slot++ {
		rec := s.record(slot)
		if !rec.live || rec.known == 0 || rec.viewOf != 0 {
			continue
		}
		t := update{slot: slot, counts: true, message: message, ask: message}
		e.close(co, &t, now, result)
		silent := rec.Cell(now) - 2
		if last := rec.Heard + int64(co.len.Late); silent > last {
			silent = last
			if rec.newest == last {
				rec.live, rec.stale = false, true
				result.Events = append(result.Events, Event{
					Message: message, Series: s.ids[slot], Kind: SeriesStale,
					Text: fmt.Sprintf(
						"silent for %d intervals: no more forecasts until it is heard again",
						co.len.Late,
					),
				})
				co.limits.clear(s.ids[slot], message, "the series is silent", &result.Events)
				continue
			}
		}
		if silent > rec.newest { // and so not before a cell that was closed: it is the next one
			if !t.next {
				t.from = rec.newest + 1
			}
			t.to, t.next = silent, true
		}
		if t.next {
			w.touched = append(w.touched, t)
		}
	}
}

// Lapse says that nothing was read of a series up to a Unix second: the cells that end by then are
// MISSING, as they are when a later reading comes. The forecast after them goes out where message is
// not negative. A caller that has cells instead of readings needs it, at the end of them and before
// a reading that would wait for a second one.
func (e *Engine) Lapse(id meter.ID, until int64, message int) Result {
	var result Result
	co, slot, ok := e.find(id)
	if !ok {
		return result
	}
	rec := co.slabs.record(slot)
	t := update{slot: slot, message: message, ask: message, next: true, from: rec.newest + 1, to: rec.Cell(until) - 1}
	if rec.known == 0 || t.to < t.from {
		return result
	}
	rec.Heard = max(rec.Heard, t.to)
	e.begun()
	co.work.touched = append(co.work.touched, t)
	e.forward(&result)
	return result
}

// close writes the new cells of a series, made of several readings each, that the time now ends.
func (e *Engine) close(co *cohort, t *update, now int64, result *Result) {
	s := &co.slabs
	if _, ok := s.states[t.slot]; !ok {
		return
	}
	st := s.gridState(t.slot)
	e.gridPast = past{s, t.slot}
	st.Close(now, &e.gridPast, &e.outcome)
	s.keepGrid(t.slot, st)
	co.apply(t, &e.outcome, account{Result: result})
}
