package engine

import (
	"fmt"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

const (
	// strayPatience is how long a reading off the grid waits for others like it, in
	// seconds of event time.
	strayPatience = 2 * meter.IntervalSeconds
	// coarserCells is how many hours in a row must come whole at a coarser interval
	// before a series is taken to have changed to it.
	coarserCells = 3

	lonely = "off the series' grid, and no others are like it: send one reading for each interval, at its start"
)

// finer takes a reading of a series that has several for each cell. A cell is
// complete when all are there, or at the first later reading or tick.
func (e *Engine) finer(m moment, t *touch, result *Result, index int) verdict {
	s := &e.slabs
	rec, x := s.record(t.slot), s.extras[t.slot]
	if off := m.second % int64(x.step); off != 0 {
		return e.stray(m, t, m.second%meter.IntervalSeconds, int64(x.step), result, index)
	}
	cell := rec.hour(m.second)
	if same(x.moments, m) {
		return verdict{status: repeated}
	}
	if rec.known > 0 {
		if v := tooOld(rec, cell, rec.forgotNone()); v.status == rejected {
			return v
		}
	}
	if cell < x.from {
		return refuse(
			meter.ReasonIntervalUnsupported,
			"ts lies before the series changed to readings every %d s: corrections of earlier intervals are not taken",
			x.step,
		)
	}
	held, v := e.ahead(m, t.slot, cell, result, index)
	if v.status != applied {
		return v
	}
	x = s.extras.of(t.slot) // it may have begun anew
	x.moments = insert(x.moments, m)
	if held != nil {
		x.moments = insert(x.moments, *held)
		result.Applied++
		cell = max(cell, rec.hour(held.second))
	}
	rec.heard = max(rec.heard, cell)
	if n := rec.hour(m.second); rec.known > 0 && n <= rec.newest {
		if n < s.first(t.slot) {
			e.extend(t.slot, n)
		}
		t.changed = e.resay(t.slot, n, e.joined(t.slot, n))
	}
	e.reach(t, e.closed(t.slot))
	e.giveUpStrays(t.slot, m.second, result, index)
	t.changed = e.coarser(t.slot, result, index) || t.changed
	return v
}

// closed is the newest cell that no more is waited for.
func (e *Engine) closed(slot int32) int64 {
	rec := e.slabs.record(slot)
	if rec.heard > rec.newest && e.complete(slot, rec.heard) {
		return rec.heard
	}
	return rec.heard - 1
}

// reach makes the touch bring its series up to the last cell until `to` that its
// readings make something of.
func (e *Engine) reach(t *touch, to int64) {
	rec, x := e.slabs.record(t.slot), e.slabs.extras[t.slot]
	first := rec.newest + 1
	if rec.known == 0 && len(x.moments) > 0 {
		first = rec.hour(x.moments[0].second)
	}
	for n := max(first, to-series.RingCells); n <= to; n++ {
		if !e.joined(t.slot, n).quality.Accepted() {
			continue
		}
		if !t.next {
			t.next, t.from = true, n
		}
		t.to = n
	}
}

// stray takes a reading off the grid, off seconds after a full hour of the
// series. When it and another one lie on a finer grid every moment of which was
// read between them, the series has become finer. Till then it waits.
func (e *Engine) stray(m moment, t *touch, off, step int64, result *Result, index int) verdict {
	s := &e.slabs
	rec := s.record(t.slot)
	if finest := gcd(off, step); finest < meter.LeastIntervalSeconds {
		return refuse(
			meter.ReasonIntervalUnsupported,
			"ts is %d s off the series' grid: send one reading for each interval of 5 minutes to an hour, at its start",
			off%step,
		)
	}
	cell := rec.hour(m.second)
	if v := tooOld(rec, cell, rec.forgotNone()); v.status == rejected {
		return v
	}
	if cell-rec.heard > meter.LatenessCells {
		return refuse(
			meter.ReasonIntervalUnsupported,
			"ts is off the series' grid and %d intervals ahead of it: send one reading for each interval, at its start",
			cell-rec.heard,
		)
	}
	x := s.extras.of(t.slot)
	if same(x.strays, m) {
		return verdict{status: repeated}
	}
	if x.strays = insert(x.strays, m); len(x.strays) > maxStrays {
		e.giveUp(x.strays[0], meter.ReasonIntervalUnsupported, lonely, result, index)
		x.strays = slices.Delete(x.strays, 0, 1)
	}
	for i := range len(x.strays) - 1 {
		a, b := x.strays[i], x.strays[i+1]
		finer := gcd(gcd(a.second-int64(rec.phase), b.second-int64(rec.phase)), step)
		if finer >= meter.LeastIntervalSeconds && e.everyMoment(t.slot, a.second, b.second, finer) {
			return e.refine(t, int32(finer), a.second, result, index)
		}
	}
	return verdict{status: kept}
}

// everyMoment says that there is a reading at every step from a to b.
func (e *Engine) everyMoment(slot int32, a, b, step int64) bool {
	for second := a; second <= b; second += step {
		if _, ok := e.moment(slot, second); !ok {
			return false
		}
	}
	return true
}

// moment is the reading of a series at a second, wherever it is kept.
func (e *Engine) moment(slot int32, second int64) (moment, bool) {
	rec, x, ring := e.slabs.record(slot), e.slabs.extras[slot], e.slabs.ring(slot)
	for _, list := range [][]moment{x.moments, x.strays} {
		if i, ok := find(list, second); ok {
			return list[i], true
		}
	}
	n := rec.hour(second)
	if x.step == 0 && rec.start(n) == second && ring.Has(n) {
		if was := e.slabs.said(slot, n); was.quality.Accepted() {
			return moment{second, float64(was.value), was.quality}, true
		}
	}
	return moment{}, false
}

// refine makes a series one of finer readings, from the hour of a second on.
func (e *Engine) refine(t *touch, step int32, from int64, result *Result, index int) verdict {
	s := &e.slabs
	rec, x := s.record(t.slot), s.extras[t.slot]
	was := int64(x.step)
	first := floorHour(from)
	var moments []moment
	for second := first; second <= rec.last+meter.IntervalSeconds; second += int64(step) {
		if m, ok := e.moment(t.slot, second); ok {
			moments = append(moments, m)
		}
	}
	for _, m := range x.strays { // those after the newest reading that was taken
		moments = insert(moments, m)
	}
	result.Applied += len(x.strays) - 1 // the last one is this reading
	if rec.phase != 0 {
		s.forget(t.slot) // its cells began within the hour, finer ones are cut by it
		rec.phase = 0
		x = s.extras.of(t.slot)
	}
	x.step, x.told, x.moments, x.strays = step, false, moments, nil
	x.from = rec.hour(first)
	if rec.known == 0 || s.first(t.slot) >= x.from {
		x.from = 0
	}
	rec.heard = rec.hour(moments[len(moments)-1].second)
	if rec.known > 0 {
		for n := rec.hour(first); n <= rec.newest; n++ {
			t.changed = e.resay(t.slot, n, e.joined(t.slot, n)) || t.changed
		}
	}
	e.reach(t, e.closed(t.slot))
	e.tellInterval(t.slot, was, int64(step), result, index)
	return verdict{}
}

// coarser looks whether the last whole hours of a finer series came at a coarser
// interval, and takes the series over to it; it says whether a cell is another
// for that.
func (e *Engine) coarser(slot int32, result *Result, index int) bool {
	s := &e.slabs
	rec, x := s.record(slot), s.extras[slot]
	if x == nil || x.told || rec.heard-coarserCells < x.from {
		return false
	}
	first, _ := find(x.moments, rec.start(rec.heard-coarserCells))
	last, _ := find(x.moments, rec.start(rec.heard))
	lately := x.moments[first:last]
	if len(lately) == 0 {
		return false
	}
	step := int64(meter.IntervalSeconds)
	for _, m := range lately {
		step = gcd(m.second%meter.IntervalSeconds, step)
	}
	was := int64(x.step)
	if step <= was || int64(len(lately)) != coarserCells*meter.IntervalSeconds/step {
		return false
	}
	from := rec.heard - coarserCells
	x.moments = slices.Delete(x.moments, 0, first)
	x.step, x.from = int32(step), from
	changed := false
	for n := from; n < rec.heard; n++ {
		changed = e.resay(slot, n, e.joined(slot, n)) || changed
	}
	e.tellInterval(slot, was, step, result, index)
	return changed
}

// declare takes over the interval that a reading says it is of.
func (e *Engine) declare(slot, step int32, m moment, result *Result, index int) {
	s := &e.slabs
	rec := s.record(slot)
	was := int32(meter.IntervalSeconds)
	if x, ok := s.extras[slot]; ok && x.step > 0 {
		was = x.step
	}
	if step == was {
		return
	}
	x := s.extras.of(slot)
	cell := floorHour(m.second) / meter.IntervalSeconds
	if rec.phase != 0 {
		s.forget(slot)
		rec.phase = 0
		x = s.extras.of(slot)
	}
	x.step, x.told, x.from = step, true, cell
	if rec.known == 0 {
		x.from = 0
	}
	gone, _ := find(x.moments, rec.start(cell))
	x.moments = slices.Delete(x.moments, 0, gone)
	if was != step && rec.last > 0 {
		e.tellInterval(slot, int64(was), int64(step), result, index)
	}
}

func (e *Engine) tellInterval(slot int32, was, is int64, result *Result, index int) {
	if was == 0 {
		was = meter.IntervalSeconds
	}
	result.Events = append(result.Events, Event{
		Message: index, Series: e.slabs.ids[slot], Kind: IntervalChanged,
		Text: fmt.Sprintf(
			"readings come every %d minutes now, before it was every %d; forecasts stay hourly",
			is/60,
			was/60,
		),
	})
}

// giveUpStrays refuses readings off the grid that no others joined.
func (e *Engine) giveUpStrays(slot int32, now int64, result *Result, index int) {
	x, ok := e.slabs.extras[slot]
	if !ok {
		return
	}
	n, _ := find(x.strays, now-strayPatience)
	for _, m := range x.strays[:n] {
		e.giveUp(m, meter.ReasonIntervalUnsupported, lonely, result, index)
	}
	x.strays = slices.Delete(x.strays, 0, n)
	e.slabs.extras.tidy(slot)
}

func (s *slabs) first(slot int32) int64 {
	ring := s.ring(slot)
	return ring.First()
}

func floorHour(second int64) int64 { return second - second%meter.IntervalSeconds }

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
