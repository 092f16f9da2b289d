package dataset

import (
	"fmt"
	"strings"

	"github.com/loadtide/loadtide/pkg/series"
)

// Remarks says in a line each what a person should know of histories that are
// measured from a Unix second on: which series never change, which have too few
// readings for the network, which end before. One of many parts of a series, cut
// by long holes, speaks for itself.
func Remarks(histories []*History, from int64) []string {
	var same, few, early []string
	end := map[series.ID]int64{}
	for _, h := range histories {
		end[h.ID] = max(end[h.ID], h.Start(h.Ring.Newest+1))
	}
	for _, h := range histories {
		least, most, accepted := h.extent()
		switch {
		case accepted < series.ScalerCells:
			few = append(few, fmt.Sprintf("%s (%d)", h.ID, accepted))
		case least == most:
			same = append(same, fmt.Sprintf("%s (%.4g)", h.ID, least))
		}
		if until, first := end[h.ID]; first && until <= from {
			early = append(early, h.ID.String())
			delete(end, h.ID) // told once
		}
	}
	var all []string
	for _, r := range []struct {
		words string
		names []string
	}{
		{"hold one value all through", same},
		{fmt.Sprintf("have less than the %d hourly readings that the network needs; simple rules forecast them", series.ScalerCells), few},
		{"end before the time that is measured, and are not scored", early},
	} {
		if len(r.names) > 0 {
			all = append(all, fmt.Sprintf("%d of %d series %s: %s", len(r.names), len(histories), r.words, someOf(r.names)))
		}
	}
	return all
}

// someOf lists the first of many names.
func someOf(names []string) string {
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}

// extent is the least and the most that was measured, and how many cells were.
func (h *History) extent() (least, most float32, accepted int) {
	for i, v := range h.Ring.Values {
		if !h.Ring.Quality[i].Accepted() {
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

// Repeats is how many readings Build left out because another one of the same
// moment with another value came before them.
func (b *Builder) Repeats() int { return b.repeats }

// repeated counts those among points in the order of time.
func repeated(points []point) int {
	n, first := 0, 0
	for i := 1; i < len(points); i++ {
		if points[i].second != points[first].second {
			first = i
		} else if points[i].value != points[first].value {
			n++
		}
	}
	return n
}
