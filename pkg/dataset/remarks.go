package dataset

import (
	"fmt"
	"slices"
	"strings"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Remarks tells what a person should know of series that are measured between two Unix seconds, in a
// line each: which series never change, which have too few readings for the network, which end
// before and which begin after. The histories of one series count as one.
func Remarks(histories []*History, from, until int64) []string {
	type seen struct {
		name        string
		least, most float32
		longest     int   // accepted cells of one history
		week        int   // cells that the first scale is made from
		start, end  int64 // Unix seconds
	}
	var every []*seen
	byID := map[meter.ID]*seen{}
	for _, h := range histories {
		least, most, accepted := h.extent()
		s, again := byID[h.ID]
		if !again {
			s = &seen{name: h.ID.String(), least: least, most: most, week: h.Len.Scale,
				start: h.Start(h.Ring.First())}
			byID[h.ID] = s
			every = append(every, s)
		}
		s.least, s.most = min(s.least, least), max(s.most, most)
		s.start = min(s.start, h.Start(h.Ring.First()))
		s.longest, s.end = max(s.longest, accepted), max(s.end, h.Start(h.Ring.Newest+1))
	}
	var same, few, early, late []string
	for _, s := range every {
		switch {
		case s.longest < s.week:
			few = append(few, fmt.Sprintf("%s (%d)", s.name, s.longest))
		case s.least == s.most:
			same = append(same, fmt.Sprintf("%s (%.4g)", s.name, s.least))
		}
		if s.end <= from {
			early = append(early, s.name)
		}
		if s.start >= until {
			late = append(late, s.name)
		}
	}
	var all []string
	for _, r := range []struct {
		words string
		names []string
	}{
		{"hold one value all through", same},
		{"have less than the week of readings that a champion needs; the base model or simple rules " +
			"forecast them", few},
		{"end before the time that is measured, and are not scored", early},
		{"begin after the time that is measured, and are not used", late},
	} {
		if len(r.names) > 0 {
			all = append(all, fmt.Sprintf("%d of %d series %s: %s", len(r.names), len(every),
				r.words, SomeOf(r.names)))
		}
	}
	return all
}

// SomeOf lists names, or the first of many names.
func SomeOf(names []string) string {
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}

// extent is the smallest and the largest value that was measured, and the number of measured cells.
func (h *History) extent() (least, most float32, accepted int) {
	for i, v := range h.Ring.Values {
		if !h.Ring.Quality.At(i).Accepted() {
			continue
		}
		if accepted == 0 {
			least, most = v, v
		}
		least, most = min(least, v), max(most, v)
		accepted++
	}
	return least, most, accepted
}

// Repeats is the number of readings that Build left out because a later reading gave
// another value for the same moment of the series.
func (b *Builder) Repeats() int { return b.repeats }

// repeatsRemark tells a person of Repeats in a line; it is empty when there are none.
func (b *Builder) repeatsRemark() string {
	if b.repeats == 0 {
		return ""
	}
	return fmt.Sprintf("%d readings give another value for a moment that their series had "+
		"already; the last value counts", b.repeats)
}

// repeats counts the readings of a series that give another value for the moment of the one before.
// It sorts the readings by time.
func (s *gathered) repeats() int {
	slices.SortStableFunc(s.reads, bySecond)
	n := 0
	for i := 1; i < len(s.reads); i++ {
		if r, before := s.reads[i], s.reads[i-1]; r.second == before.second &&
			r.value != before.value {
			n++
		}
	}
	return n
}
