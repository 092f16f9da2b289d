package engine

import (
	"maps"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// remove takes a row out; the last one moves into its place. What the round in hand has touched
// follows.
func (co *cohort) remove(slot int32) {
	s, w := &co.slabs, &co.work
	last := int32(len(s.ids)) - 1
	if s.record(slot).viewOf != 0 {
		s.views--
	}
	s.flagged.forget(slot)
	delete(s.states, slot)
	delete(w.changed, slot)
	w.touched = slices.DeleteFunc(w.touched, func(t update) bool { return t.slot == slot })
	w.dirty = slices.DeleteFunc(w.dirty, func(i int32) bool { return i == slot })
	if slot != last {
		s.copyRow(slot, last)
		s.index[s.ids[slot]] = slot
		renumber(s.flagged, last, slot)
		renumber(s.states, last, slot)
		renumber(w.changed, last, slot)
		for i := range w.touched {
			if w.touched[i].slot == last {
				w.touched[i].slot = slot
			}
		}
		for i := range w.dirty {
			if w.dirty[i] == last {
				w.dirty[i] = slot
			}
		}
	}
	s.dropLast()
}

func renumber[V any](all map[int32]V, from, to int32) {
	if v, ok := all[from]; ok {
		all[to] = v
		delete(all, from)
	}
}

// copyRow writes row from over row to.
func (s *slabs) copyRow(to, from int32) {
	delete(s.index, s.ids[to])
	s.ids[to], s.units[to] = s.ids[from], s.units[from]
	*s.record(to), *s.scale(to) = *s.record(from), *s.scale(from)
	copy(s.values.row(to), s.values.row(from))
	copy(s.quality.row(to), s.quality.row(from))
	copy(s.live.row(to), s.live.row(from))
	copy(s.settled.row(to), s.settled.row(from))
	copy(s.held.row(to), s.held.row(from))
}

// dropLast takes the last row away.
func (s *slabs) dropLast() {
	n := int32(len(s.ids))
	if id := s.ids[n-1]; s.index[id] == n-1 {
		delete(s.index, id)
	}
	s.ids, s.units = s.ids[:n-1], s.units[:n-1]
	s.cut(n-1, n)
}

// cut takes row i of n out of the columns; those behind it move up.
func (s *slabs) cut(i, n int32) {
	s.records.remove(i, n)
	s.values.remove(i, n)
	s.quality.remove(i, n)
	s.scaling.remove(i, n)
	s.live.remove(i, n)
	s.settled.remove(i, n)
	s.held.remove(i, n)
}

// takeOut takes a row out between batches; those behind it move up, so that the order of the others
// is the same whether the row was ever there or not.
func (s *slabs) takeOut(slot int32) {
	n := int32(len(s.ids))
	if s.record(slot).viewOf != 0 {
		s.views--
	}
	delete(s.index, s.ids[slot])
	s.cut(slot, n)
	s.ids = slices.Delete(s.ids, int(slot), int(slot)+1)
	s.units = slices.Delete(s.units, int(slot), int(slot)+1)
	for i := slot; i < n-1; i++ {
		s.index[s.ids[i]] = i
	}
	s.flagged, s.states = moveUp(s.flagged, slot), moveUp(s.states, slot)
}

// moveUp takes a row out of what few rows have.
func moveUp[M ~map[int32]V, V any](all M, gone int32) M {
	delete(all, gone)
	moved := make(M, len(all))
	for slot, v := range maps.All(all) {
		if slot > gone {
			slot--
		}
		moved[slot] = v
	}
	return moved
}

// has says that a series has a row.
func (s *slabs) has(id meter.ID) bool {
	_, ok := s.index[id]
	return ok
}
