package engine

import "fmt"

// tickSeries bounds what one tick does; what is left is done by the next ones.
const tickSeries = 4096

// Live says whether any series is up to date: only then does the clock of the
// log matter.
func (e *Engine) Live() bool {
	for slot := range e.slabs.ids {
		if e.slabs.record(int32(slot)).live {
			return true
		}
	}
	return false
}

// Tick tells the time of the log, in Unix seconds, to the series that are up to
// date. A cell whose interval is over for as long as it lasted is silent: it is
// filled and the forecast after it goes out, marked MISSING, SilentCells times;
// then the series is stale. A cell of finer readings is closed once the reading
// after its last would have been there. Forecasts and events are of message.
func (e *Engine) Tick(now int64, message int) Result {
	var result Result
	s, w := &e.slabs, &e.work
	touched := w.touched[:0]
	for slot := int32(0); int(slot) < len(s.ids) && len(touched) < tickSeries; slot++ {
		rec := s.record(slot)
		if !rec.live || rec.known == 0 {
			continue
		}
		t := touch{slot: slot, counts: true, message: message, ask: message}
		if x, ok := s.extras[slot]; ok && x.step > 0 {
			e.reach(&t, min(rec.heard, rec.hour(now-int64(x.step))-1))
		}
		silent := rec.hour(now) - 2
		if last := rec.heard + SilentCells; silent > last {
			silent = last
			if rec.newest == last {
				rec.live, rec.stale = false, true
				result.Events = append(result.Events, Event{
					Message: message, Series: s.ids[slot], Kind: SeriesStale,
					Text: fmt.Sprintf("silent for %d intervals: no more forecasts until it is heard again", SilentCells),
				})
				continue
			}
		}
		if silent > max(rec.newest, t.to) {
			t.from, t.to, t.next = rec.newest+1, silent, true
		}
		if t.next {
			touched = append(touched, t)
		}
	}
	w.touched = touched
	e.advance(touched)
	e.score(touched, &result)
	e.forecast(touched, &result)
	return result
}
