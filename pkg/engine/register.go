package engine

import (
	"github.com/loadtide/loadtide/pkg/meter"
)

// register takes a reading of a register: all reads of the open cells give the
// energy of each anew, so the order in which they come does not matter.
func (e *Engine) register(m moment, t *touch, result *Result, index int) verdict {
	s := &e.slabs
	rec := s.record(t.slot)
	if m.quality == meter.Bad {
		return refuse(
			meter.ReasonBadQuality,
			"quality %q of a register: leave the reading out, the next one gives what was used in between",
			m.quality,
		)
	}
	if x, ok := s.extras[t.slot]; ok && same(x.moments, m) {
		return verdict{status: repeated}
	}
	cell := rec.hour(m.second - 1) // the one that it closes, or lies in
	if rec.known > 0 {
		if v := tooOld(rec, cell, rec.forgotNone()); v.status == rejected {
			return v
		}
	}
	held, v := e.ahead(m, t.slot, cell, result, index)
	if v.status != applied {
		return v
	}
	x := s.extras.of(t.slot)
	e.differ(t.slot)
	before := e.work.counts
	x.moments = insert(x.moments, m)
	if held != nil {
		x.moments = insert(x.moments, *held)
		result.Applied++
		cell = max(cell, rec.hour(held.second-1))
	}
	rec.heard = max(rec.heard, cell)
	cells := e.differ(t.slot)
	result.Registers.Resets += max(e.work.counts.Resets-before.Resets, 0)
	result.Registers.RollOvers += max(e.work.counts.RollOvers-before.RollOvers, 0)
	result.Registers.Exchanges += max(e.work.counts.Exchanges-before.Exchanges, 0)
	for i, c := range cells {
		if rec.known > 0 && c.N <= rec.newest {
			t.changed = e.resay(t.slot, c.N, registered(c)) || t.changed
			// What an exchanged meter used between its cells is not known.
			for n := c.N + 1; i+1 < len(cells) && n < min(cells[i+1].N, rec.newest+1); n++ {
				t.changed = e.resay(t.slot, n, said{quality: meter.Missing}) || t.changed
			}
			continue
		}
		if !t.next {
			t.next, t.from = true, c.N
		}
		t.to = c.N
	}
	return v
}
