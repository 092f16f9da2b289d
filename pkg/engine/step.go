package engine

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/series"
)

// Step takes a batch of readings through the network. Forecasts come out in the
// order of their messages, one for each message that changed its series and is
// not history, at the newest origin of that message.
func (e *Engine) Step(readings []Reading) Result {
	var result Result
	w := &e.work.waves
	w.cut(readings)
	for w.next() {
		touched := e.observe(readings, w.wave, &result) // order, grid, gaps: which cells are new
		e.advance(touched)                              // ring, scale, one LSTM step each
		e.forecast(touched, &result)                    // head, quantiles
	}
	sortByMessage(result.Forecasts)
	return result
}

// touch is a reading that will be written to its series.
type touch struct {
	slot    int32
	cell    int64 // -1: nothing to write
	value   float32
	quality series.Quality
	gap     int // cells between the newest one and this one
	ask     int // the message that wants a forecast, or -1
}

// bad says that the sender calls the value no good: its cell is filled.
func (t *touch) bad() bool { return !t.quality.Accepted() }

// observe judges the readings of one wave against their series and returns
// those that change it. When the last reading of a message is refused but an
// earlier one was taken, the message's forecast is still owed: it comes back as
// a touch without a cell.
func (e *Engine) observe(readings []Reading, wave []int32, result *Result) []touch {
	s := &e.slabs
	touched := e.work.touched[:0]
	for _, i := range wave {
		r := &readings[i]
		t := touch{slot: -1, ask: -1}
		if slot, ok := s.index[r.Series]; ok {
			t.slot = slot
		}
		status, reason, detail := e.judge(r, &t)
		switch status {
		case applied:
			result.Applied++
			if t.slot < 0 {
				t.slot = s.add(r.Series, r.Unit, int32(r.Second%Interval))
			}
			if s.units[t.slot] == "" {
				s.units[t.slot] = r.Unit
			}
			s.offGrid[t.slot] = false
			e.work.waves.owed[e.work.waves.group[i]] = !r.History
		case repeated:
			result.Repeated++
		case rejected:
			result.Rejections = append(result.Rejections, Rejection{Reading: int(i), Reason: reason, Detail: detail})
		}
		if e.work.waves.lastOfMessage(i) && e.work.waves.owed[e.work.waves.group[i]] {
			t.ask = r.Message
		}
		if status != applied {
			if t.ask < 0 {
				continue
			}
			t.cell = -1
		}
		touched = append(touched, t)
	}
	e.work.touched = touched
	return touched
}

type status uint8

const (
	applied status = iota
	repeated
	rejected
)

// judge decides what becomes of a reading and fills t for one that is taken.
func (e *Engine) judge(r *Reading, t *touch) (status, Reason, string) {
	s := &e.slabs
	t.value, t.quality = float32(r.Value), r.Quality
	if t.slot < 0 {
		if t.bad() {
			return rejected, BadQuality, fmt.Sprintf("quality %q on the first reading of a series: there is nothing to stand in for it; send good readings first", r.Quality)
		}
		t.cell = r.Second / Interval
		return applied, "", ""
	}
	if unit := s.units[t.slot]; r.Unit != "" && unit != "" && r.Unit != unit {
		return rejected, WrongUnit, fmt.Sprintf("unit %q: the series is measured in %q; send that unit, or use another meter name", r.Unit, unit)
	}
	sinceGrid := r.Second - int64(s.phase[t.slot])
	t.cell = sinceGrid / Interval
	if sinceGrid%Interval != 0 {
		if r.Second > s.origin(t.slot)-Interval {
			s.offGrid[t.slot] = true
		}
		return rejected, IntervalUnsupported, fmt.Sprintf("ts is %d s off the series' hourly grid: send one reading an hour, at the start of its interval", sinceGrid%Interval)
	}
	newest := s.newest[t.slot]
	if t.cell <= newest {
		ring := s.ring(t.slot)
		if ring.Has(t.cell) {
			if v, q := ring.At(t.cell); q.Accepted() != t.bad() && (t.bad() || v == t.value) {
				return repeated, "", ""
			}
		}
		return rejected, TooLate, fmt.Sprintf("ts is %d intervals before the series' newest one and says something new: readings must come in order of time", newest-t.cell)
	}
	if s.offGrid[t.slot] {
		s.offGrid[t.slot] = false
		return rejected, IntervalUnsupported, "readings come more often than once an hour: send one reading an hour, at the start of its interval"
	}
	t.gap = int(min(t.cell-newest-1, series.RingCells))
	if t.bad() && t.gap == series.RingCells {
		return rejected, BadQuality, fmt.Sprintf("quality %q after %d silent intervals: there is nothing to stand in for it; send good readings first", r.Quality, t.cell-newest-1)
	}
	return applied, "", ""
}

// advance writes the new cells of a wave and brings every hidden state up to
// them: fills the gap before a cell, warms up what is stale, steps the rest.
func (e *Engine) advance(touched []touch) {
	w := &e.work
	w.warming = w.warming[:0]
	for i := range touched {
		if t := &touched[i]; t.cell >= 0 && t.gap <= GapCells && e.stale(t.slot) {
			w.warming = append(w.warming, t.slot)
		}
	}
	e.warmUp(w.warming) // swapped models: from the ring as it was before this reading
	e.fill(touched)

	w.warming, w.stepping = w.warming[:0], w.stepping[:0]
	for i := range touched {
		t := &touched[i]
		if t.cell < 0 || t.bad() {
			continue
		}
		if e.slabs.put(t.slot, t.cell, t.value, t.quality) {
			e.slabs.fresh[t.slot] = false
		}
		switch {
		case e.stale(t.slot):
			w.warming = append(w.warming, t.slot)
		case e.slabs.fresh[t.slot]:
			w.stepping = append(w.stepping, t.slot)
		}
	}
	e.warmUp(w.warming)
	e.stepLSTM(w.stepping)
}

// stale says that the network serves this series but its hidden state is not
// the ring's.
func (e *Engine) stale(slot int32) bool {
	return e.model != nil && e.slabs.scaling[slot].Ready && !e.slabs.fresh[slot]
}

// fill writes the cells between the newest one and the new one of each series:
// a short gap with the network's lead-1 median, step by step, a long one with
// the same hour of the day before. All are marked MISSING and teach nothing. A
// reading that its sender calls bad has its own cell filled in the same way and
// marked BAD.
func (e *Engine) fill(touched []touch) {
	s, w := &e.slabs, &e.work
	for i := range touched {
		t := &touched[i]
		if t.cell < 0 {
			continue
		}
		switch {
		case t.gap == series.RingCells:
			s.forget(t.slot)
			t.gap = 0
		case t.gap > GapCells:
			for n := s.newest[t.slot] + 1; n < t.cell; n++ {
				ring := s.ring(t.slot)
				s.put(t.slot, n, ring.SameHour(n, perDay), series.Missing)
			}
			s.fresh[t.slot] = false
			t.gap = 0
		}
	}
	for {
		w.filling, w.asking = w.filling[:0], w.asking[:0]
		for i := range touched {
			t := &touched[i]
			if t.cell >= 0 && s.known[t.slot] > 0 && (t.gap > 0 || t.bad() && s.newest[t.slot] < t.cell) {
				w.filling = append(w.filling, int32(i))
				if e.foretold(t.slot) {
					w.asking = append(w.asking, t.slot)
				}
			}
		}
		if len(w.filling) == 0 {
			return
		}
		e.fillOne(touched)
	}
}

// foretold says that the network fills the next cell of a series: it serves, and
// one of the last GapCells cells was measured. A meter that calls its values bad
// for longer is filled with its own past, for fills that are made from fills
// alone may lead anywhere.
func (e *Engine) foretold(slot int32) bool {
	if !e.slabs.fresh[slot] {
		return false
	}
	ring := e.slabs.ring(slot)
	for n := ring.Newest; n > ring.Newest-GapCells; n-- {
		if _, q := ring.At(n); q.Accepted() {
			return true
		}
	}
	return false
}

// fillOne writes one cell of each series in w.filling; those whose cell the
// network foretells are in w.asking, in the same order.
func (e *Engine) fillOne(touched []touch) {
	s, w := &e.slabs, &e.work
	out := e.head(w.asking)
	w.stepping = w.stepping[:0]
	asked := 0
	for _, i := range w.filling {
		t := &touched[i]
		n := s.newest[t.slot] + 1
		ring := s.ring(t.slot)
		value := ring.SameHour(n, perDay)
		if e.foretold(t.slot) {
			value = s.scaling[t.slot].Scaler.Inverse(out[asked*w.shapeOf.Outputs()+e.median])
			asked++
		}
		quality := series.Missing
		if n == t.cell {
			quality = series.Bad
		} else {
			t.gap--
		}
		if s.put(t.slot, n, value, quality) {
			s.fresh[t.slot] = false
		} else if s.fresh[t.slot] {
			w.stepping = append(w.stepping, t.slot)
		}
	}
	e.stepLSTM(w.stepping)
	// A scale that changed under a fill is met before the next one.
	w.warming = w.warming[:0]
	for _, i := range w.filling {
		if slot := touched[i].slot; e.stale(slot) {
			w.warming = append(w.warming, slot)
		}
	}
	e.warmUp(w.warming)
}
