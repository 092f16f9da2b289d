package engine

import (
	"slices"
)

// flagged keeps raw values, ascending, for the few series that have any: a value that was judged
// wrong, or is marked, has its cell filled, and a replay judges it again. They are of open cells, and
// of marked ones in the ring; all cells of a young series are open.
type flagged map[int32][]raw

func (a flagged) find(slot int32, cell int64) (raw, bool) {
	i, ok := a.place(slot, cell)
	if !ok {
		return raw{}, false
	}
	return a[slot][i], true
}

func (a flagged) place(slot int32, cell int64) (int, bool) {
	return slices.BinarySearchFunc(a[slot], cell, func(r raw, cell int64) int {
		return int(r.cell - cell)
	})
}

func (a flagged) put(slot int32, r raw) {
	i, ok := a.place(slot, r.cell)
	if ok {
		a[slot][i] = r
		return
	}
	a[slot] = slices.Insert(a[slot], i, r)
}

func (a flagged) drop(slot int32, cell int64) {
	if i, ok := a.place(slot, cell); ok {
		a.set(slot, slices.Delete(a[slot], i, i+1))
	}
}

// settleAside forgets what was said about the cells up to one, which can no longer change. All of a
// young series is remembered: it may be walked anew. When a mark keeps a cell from the model, it is
// remembered as long as the ring has it: the mark may be taken away.
func (s *slabs) settleAside(slot int32, cell int64) {
	all, ok := s.flagged[slot]
	if !ok || s.young(slot) {
		return
	}
	first := s.first(slot)
	s.flagged.set(slot, slices.DeleteFunc(all, func(r raw) bool {
		return r.cell < first || r.cell <= cell && !s.marked(slot, r.cell)
	}))
}

func (a flagged) set(slot int32, all []raw) {
	if len(all) == 0 {
		delete(a, slot)
		return
	}
	a[slot] = all
}

func (a flagged) forget(slot int32) { delete(a, slot) }

// said is what was said about a cell of the ring, as far as that is still known.
func (s *slabs) said(slot int32, cell int64) said {
	if r, ok := s.flagged.find(slot, cell); ok {
		return r.said
	}
	ring := s.ring(slot)
	value, quality := ring.At(cell)
	return said{value, quality}
}
