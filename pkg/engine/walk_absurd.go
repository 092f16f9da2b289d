package engine

import (
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// reconsider judges all that was said of a young series again: at the end of each day, when its first
// scale of a week is due, and when the cells of two weeks can no longer change. Before that scale only
// first values of another unit are found. When it finds other values absurd than before, the series is
// walked anew, in which their cells are BAD, and reconsider returns true. isNew says that the newest
// cell was never walked before: what turns BAD is told then.
//
// What is found is a function of what was said up to the newest cell, and so are the moments at which
// the series is judged: the order in which readings came does not matter.
func (co *cohort) reconsider(j *job, isNew bool) bool {
	s := &co.slabs
	rec, scale := s.record(j.slot), s.scale(j.slot)
	if j.final || rec.newest <= j.judged || !s.young(j.slot) {
		return false
	}
	ring, known := s.ring(j.slot), rec.newest-rec.since+1
	grown, wholeDay := known == int64(co.len.Ring), known%int64(co.len.Day) == 0
	due := grown || wholeDay && scale.Ready && scale.Young == 0 || scale.Due(&ring, co.len, int(rec.accepted))
	if !due && !wholeDay {
		return false
	}
	j.judged = rec.newest
	values := co.saidValues(j.slot)
	if grown {
		values = values[:co.len.Features]
	}
	var before []int
	for _, r := range s.flagged[j.slot] {
		if r.absurd {
			before = append(before, int(r.cell-ring.First()))
		}
	}
	found := meter.AbsurdUnit(values, before, co.len.Day)
	if due {
		found = meter.Absurd(values, before, co.len.Day)
	}
	if !s.news(j.slot, found) {
		return false
	}
	j.final = grown
	s.believe(j.slot)
	for _, i := range found {
		n := ring.First() + int64(i)
		s.flagged.put(j.slot, raw{n, s.said(j.slot, n), true})
		ring.Set(n, bounded(meter.StandIn(values, found, co.len.Day, i)), meter.Bad)
	}
	if more := len(found) - len(before); isNew && more > 0 && rec.viewOf == 0 {
		co.work.turned = append(co.work.turned, turned{j.slot, more})
	}
	co.restart(j)
	return true
}

// saidValues is what was said about the cells of the ring, NaN where nothing was that counts.
func (co *cohort) saidValues(slot int32) []float32 {
	s, ring := &co.slabs, co.slabs.ring(slot)
	values := slices.Grow(co.work.past[:0], co.len.Ring)[:ring.Known]
	co.work.past = values
	put := func(n int64, word said) {
		if !word.quality.Accepted() || s.marked(slot, n) {
			word.value = float32(math.NaN())
		}
		values[n-ring.First()] = word.value
	}
	for n := ring.First(); n <= ring.Newest; n++ {
		value, quality := ring.At(n)
		put(n, said{value, quality})
	}
	for _, r := range s.flagged[slot] {
		if ring.Has(r.cell) {
			put(r.cell, r.said)
		}
	}
	return values
}

// absurd says that what was said about a cell was found absurd.
func (s *slabs) absurd(slot int32, n int64) bool {
	r, ok := s.flagged.find(slot, n)
	return ok && r.absurd
}

// news says that a value which was taken for true is among those found at their places in the ring, or
// that one which was found before is not.
func (s *slabs) news(slot int32, found []int) bool {
	ring := s.ring(slot)
	for _, i := range found {
		if _, q := ring.At(ring.First() + int64(i)); q.Accepted() {
			return true
		}
	}
	return slices.ContainsFunc(s.flagged[slot], func(r raw) bool {
		_, again := slices.BinarySearch(found, int(r.cell-ring.First()))
		return r.absurd && !again
	})
}

// believe takes the values of a series that were found absurd as they were said.
func (s *slabs) believe(slot int32) {
	ring := s.ring(slot)
	for _, r := range slices.Clone(s.flagged[slot]) {
		if r.absurd {
			ring.Set(r.cell, r.value, r.quality)
			s.flagged.drop(slot, r.cell)
		}
	}
}
