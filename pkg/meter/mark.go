package meter

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// MarkReason says why an operator keeps a period of a series from the model.
type MarkReason uint8

// The reasons. Unmarked is no reason: a mark with it takes the marks of its period away.
const (
	Unmarked MarkReason = iota
	Outage              // the supply or the meter was off
	Holiday             // the load was not the usual one: works holidays, a shutdown, a test
	Exclude             // any other reason
)

var markWords = [...]string{Unmarked: "none", Outage: "outage", Holiday: "holiday", Exclude: "exclude"}

// String is the word of the wire.
func (r MarkReason) String() string {
	if int(r) < len(markWords) {
		return markWords[r]
	}
	return fmt.Sprintf("MarkReason(%d)", uint8(r))
}

// ParseMarkReason reads a word of the wire.
func ParseMarkReason(word string) (MarkReason, error) {
	for r, w := range markWords {
		if w == word {
			return MarkReason(r), nil
		}
	}
	return Unmarked, fmt.Errorf("reason %q: want outage, holiday, exclude or none",
		strings.Clone(word))
}

// Mark keeps the intervals of a period from the model and from the scores.
type Mark struct {
	From, Until int64 // Unix seconds; Until is the first second after the period
	Reason      MarkReason
}

const (
	// LastMark is the last second at which a period may end: 2100-01-01T00:00:00Z. The first one at
	// which it may begin is 0.
	LastMark = 4_102_444_800
	// MostMarks is the largest number of marks of a pattern. When there are more, the earliest ones
	// are forgotten.
	MostMarks = 1000
	// MostMarked is the largest number of patterns with marks.
	MostMarked = 100_000
)

// Check returns an error for a period that no mark may have.
func (m Mark) Check() error {
	switch {
	case m.From < 0 || m.Until > LastMark:
		return fmt.Errorf("from %d until %d: a mark lies between 1970 and 2100", m.From, m.Until)
	case m.From >= m.Until:
		return fmt.Errorf("from %d until %d: a mark ends after it begins", m.From, m.Until)
	case int(m.Reason) >= len(markWords):
		return fmt.Errorf("reason %d: want outage, holiday, exclude or none", m.Reason)
	}
	return nil
}

// Marks are the marks of series, by pattern. Those of one pattern ascend and do not overlap; two
// that touch have different reasons. The zero value has none. Marks are not safe for concurrent
// use.
type Marks struct {
	of map[ID][]Mark
	// end is a second that no mark ends after: most cells are newer than every mark.
	end int64
}

// Len is the number of patterns with marks.
func (m *Marks) Len() int { return len(m.of) }

// Put sets the mark of a period of a pattern, in place of the marks that the period had there.
// forgotten is the number of earliest marks that had to give way. ok is false, and nothing changes,
// when MostMarked patterns have marks already.
func (m *Marks) Put(pattern ID, mark Mark) (forgotten int, ok bool) {
	before, known := m.of[pattern]
	if !known && mark.Reason != Unmarked && len(m.of) >= MostMarked {
		return 0, false
	}
	after := put(before, mark)
	if forgotten = max(len(after)-MostMarks, 0); forgotten > 0 {
		after = after[forgotten:]
	}
	if len(after) == 0 {
		m.Drop(pattern)
		return 0, true
	}
	if m.of == nil {
		m.of = map[ID][]Mark{}
	}
	if !known { // the name is cut from its message: kept as it is it would keep all of that
		pattern = ID{Site: strings.Clone(pattern.Site), Meter: strings.Clone(pattern.Meter)}
	}
	m.of[pattern] = slices.Clip(after)
	m.end = max(m.end, after[len(after)-1].Until)
	return forgotten, true
}

// put returns the marks with one more, which replaces what they have in its period.
func put(marks []Mark, mark Mark) []Mark {
	after := make([]Mark, 0, len(marks)+2)
	add := func(m Mark) {
		if m.Reason == Unmarked || m.From >= m.Until {
			return
		}
		if n := len(after); n > 0 && after[n-1].Until == m.From && after[n-1].Reason == m.Reason {
			after[n-1].Until = m.Until
			return
		}
		after = append(after, m)
	}
	placed := false
	for _, old := range marks {
		left, right := old, old
		left.Until, right.From = min(old.Until, mark.From), max(old.From, mark.Until)
		add(left)
		if !placed && old.Until > mark.From {
			add(mark)
			placed = true
		}
		add(right)
	}
	if !placed {
		add(mark)
	}
	return after
}

// Drop forgets the marks of a pattern.
func (m *Marks) Drop(pattern ID) { delete(m.of, pattern) }

// Of is the reason of the first mark that a period of a series overlaps, Unmarked when there is
// none. The marks of the series come before those of its site, and those before the marks of all.
func (m *Marks) Of(id ID, from, until int64) MarkReason {
	if from >= m.end || len(m.of) == 0 {
		return Unmarked
	}
	for _, pattern := range patternsOf(id) {
		marks := m.of[pattern]
		i, _ := slices.BinarySearchFunc(marks, from, func(m Mark, from int64) int {
			return cmp.Compare(m.Until, from+1) // the first that ends after from
		})
		if i < len(marks) && marks[i].From < until {
			return marks[i].Reason
		}
	}
	return Unmarked
}

// patternsOf are the patterns that cover a series, the narrowest first.
func patternsOf(id ID) [3]ID {
	return [...]ID{id, {Site: id.Site, Meter: Any}, {Site: Any, Meter: Any}}
}

// All goes over the marks of all patterns, in the order of the patterns.
func (m *Marks) All() iter.Seq2[ID, []Mark] {
	return func(yield func(ID, []Mark) bool) {
		patterns := slices.SortedFunc(maps.Keys(m.of), func(a, b ID) int {
			return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.Meter, b.Meter))
		})
		for _, pattern := range patterns {
			if !yield(pattern, m.of[pattern]) {
				return
			}
		}
	}
}
