package dataset

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Mark keeps a period of the series of a pattern from models, as engine.Mark does: its measured
// intervals are BAD. With meter.Unmarked it takes the marks of the pattern in the period away. ok is
// false when there are too many patterns.
func (b *Builder) Mark(pattern meter.ID, m meter.Mark) (ok bool) {
	_, ok = b.marks.Put(pattern, m)
	return ok
}

// Unmark takes all marks of a pattern away.
func (b *Builder) Unmark(pattern meter.ID) { b.marks.Drop(pattern) }

// AddMarks is Mark of all marks.
func (b *Builder) AddMarks(marks *meter.Marks) {
	for pattern, all := range marks.All() {
		for _, m := range all {
			b.Mark(pattern, m)
		}
	}
}

// keptRemark tells a person what marks keep from models; it is empty when they keep nothing.
func (b *Builder) keptRemark() string {
	if len(b.kept) == 0 {
		return ""
	}
	sum := 0
	var names []string
	byName := func(x, y meter.ID) int { return cmp.Compare(x.String(), y.String()) }
	for _, id := range slices.SortedFunc(maps.Keys(b.kept), byName) {
		sum += b.kept[id]
		names = append(names, fmt.Sprintf("%s (%d)", id, b.kept[id]))
	}
	return fmt.Sprintf("%d measured intervals of %d series are marked and kept from the model and "+
		"the scores: %s", sum, len(names), SomeOf(names))
}

// Marked says that a mark overlaps cell n.
func (h *History) Marked(n int64) bool {
	return h.marks.Of(h.ID, h.Start(n), h.Start(n+1)) != meter.Unmarked
}

// Marked is the number of BAD intervals of histories that are marked and start in [from, until), in
// Unix seconds.
func Marked(histories []*History, from, until int64) (count int) {
	for _, h := range histories {
		first, last := max(h.Cell(from), h.Own), min(h.Cell(until-1), h.Raw.Newest)
		for n := max(first, h.Raw.First()); n <= last; n++ {
			_, q := h.Raw.At(n)
			if q == meter.Bad && h.Marked(n) {
				count++
			}
		}
	}
	return count
}
