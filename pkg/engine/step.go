package engine

import (
	"fmt"
	"slices"

	"github.com/loadtide/loadtide/pkg/series"
)

// Step takes a batch of readings through the network. Forecasts come out in the
// order of their messages, one for each message that changed its series and is
// not history, at the newest origin then.
func (e *Engine) Step(readings []Reading) Result {
	var result Result
	w := &e.work.waves
	w.cut(readings)
	for w.next() {
		touched := e.observe(readings, w.wave, &result) // order, grid: which cells are new or another
		e.advance(touched)                              // flags, gaps, ring, scale, one LSTM step each
		e.forecast(touched, &result)                    // head, quantiles
	}
	e.settleDown()
	sortByMessage(result.Forecasts)
	return result
}

// touch is a reading that changes its series, or asks for a forecast.
type touch struct {
	slot int32
	next bool  // its cell comes after the newest one
	cell int64 // of a next one
	said       // of a next one
	ask  int   // the message that wants a forecast, or -1
}

// said is what a meter said about a cell; the zero value is that it said
// nothing.
type said struct {
	value   float32
	quality series.Quality
}

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
			if t.next {
				s.record(t.slot).offGrid = false
			}
			e.work.waves.owed[e.work.waves.group[i]] = !r.History
		case repeated:
			result.Repeated++
		case rejected:
			result.Rejections = append(result.Rejections, Rejection{Reading: int(i), Reason: reason, Detail: detail})
		}
		if e.work.waves.lastOfMessage(i) && e.work.waves.owed[e.work.waves.group[i]] {
			t.ask = r.Message
		}
		if status == applied || t.ask >= 0 {
			touched = append(touched, t)
		}
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

// judge decides what becomes of a reading. A late one is written to its cell; t
// is filled for one that comes after the newest cell.
func (e *Engine) judge(r *Reading, t *touch) (status, Reason, string) {
	s := &e.slabs
	word := said{float32(r.Value), r.Quality}
	bad := !r.Quality.Accepted() // the sender calls it no good: its cell is filled
	if t.slot < 0 {
		if bad {
			return rejected, BadQuality, fmt.Sprintf("quality %q on the first reading of a series: there is nothing to stand in for it; send good readings first", r.Quality)
		}
		t.next, t.cell, t.said = true, r.Second/Interval, word
		return applied, "", ""
	}
	if unit := s.units[t.slot]; r.Unit != "" && unit != "" && r.Unit != unit {
		return rejected, WrongUnit, fmt.Sprintf("unit %q: the series is measured in %q; send that unit, or use another meter name", r.Unit, unit)
	}
	rec := s.record(t.slot)
	sinceGrid := r.Second - int64(rec.phase)
	cell := sinceGrid / Interval
	if sinceGrid%Interval != 0 {
		if r.Second > s.origin(t.slot)-Interval {
			rec.offGrid = true
		}
		return rejected, IntervalUnsupported, fmt.Sprintf("ts is %d s off the series' hourly grid: send one reading an hour, at the start of its interval", sinceGrid%Interval)
	}
	if cell <= rec.newest {
		return e.late(t.slot, cell, word)
	}
	if rec.offGrid {
		rec.offGrid = false
		return rejected, IntervalUnsupported, "readings come more often than once an hour: send one reading an hour, at the start of its interval"
	}
	if bad && cell-rec.heard > series.RingCells {
		return rejected, BadQuality, fmt.Sprintf("quality %q after %d silent intervals: there is nothing to stand in for it; send good readings first", r.Quality, cell-rec.heard-1)
	}
	t.next, t.cell, t.said = true, cell, word
	return applied, "", ""
}

// late takes a reading for a cell that is there, or lies before the first one. A
// series that the network does not serve yet is walked again at once: its first
// scale must not wait for the end of a batch.
func (e *Engine) late(slot int32, cell int64, word said) (status, Reason, string) {
	s := &e.slabs
	rec, ring := s.record(slot), s.ring(slot)
	bad := !word.quality.Accepted()
	if ring.Has(cell) {
		if was := s.said(slot, cell); was.quality.Accepted() != bad && was.quality != series.Missing && (bad || was.value == word.value) {
			return repeated, "", ""
		}
	}
	if behind := rec.newest - cell; behind > series.LatenessCells {
		return rejected, TooLate, fmt.Sprintf("ts is %d intervals before the series' newest one and says something new: readings and corrections are taken up to %d intervals late", behind, series.LatenessCells)
	}
	if bad && cell <= ring.First() {
		return rejected, BadQuality, fmt.Sprintf("quality %q on the first reading of a series: there is nothing to stand in for it; send good readings first", word.quality)
	}
	for n := cell + 1; n < ring.First(); n++ {
		ring.Set(n, 0, series.Missing)
	}
	rec.known = max(rec.known, int32(rec.newest-cell+1))
	if bad {
		word.quality = series.Bad
	}
	ring.Set(cell, word.value, word.quality)
	s.aside.drop(slot, cell)
	rec.heard = max(rec.heard, cell)
	e.soil(slot)
	return applied, "", ""
}

// said is what was said about a cell of the ring, as far as that is still known.
func (s *slabs) said(slot int32, cell int64) said {
	if r, ok := s.aside.find(slot, cell); ok {
		return said{r.value, r.quality}
	}
	ring := s.ring(slot)
	value, quality := ring.At(cell)
	return said{value, quality}
}

// soil notes that an open cell of a series is another than the states have seen.
func (e *Engine) soil(slot int32) {
	if r := e.slabs.record(slot); !r.dirty {
		r.dirty = true
		e.work.dirty = append(e.work.dirty, slot)
	}
}

// advance brings the series of a wave up to what was said: those with a new
// cell, and those of a forecast that would be of a past which is another now.
// Other changes wait, so that a burst of late readings is walked once.
func (e *Engine) advance(touched []touch) {
	w := &e.work
	w.jobs = w.jobs[:0]
	for i := range touched {
		t := &touched[i]
		rec := e.slabs.record(t.slot)
		switch {
		case t.next:
			w.jobs = append(w.jobs, job{slot: t.slot, to: t.cell, said: t.said})
		case rec.dirty && (t.ask >= 0 || !e.slabs.scale(t.slot).Ready):
			w.jobs = append(w.jobs, job{slot: t.slot, to: rec.newest})
		}
	}
	e.walk(w.jobs)
}

// settleDown walks what still waits at the end of a batch: the state between
// batches does not depend on how they were cut (I4).
func (e *Engine) settleDown() {
	w := &e.work
	w.jobs = w.jobs[:0]
	slices.Sort(w.dirty)
	for _, slot := range slices.Compact(w.dirty) {
		if rec := e.slabs.record(slot); rec.dirty {
			w.jobs = append(w.jobs, job{slot: slot, to: rec.newest})
		}
	}
	w.dirty = w.dirty[:0]
	e.walk(w.jobs)
}
