package dataset

import (
	"cmp"
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Span is a time from the start of a first to the start of a last interval, in Unix seconds.
type Span struct{ First, Last int64 }

// Spans returns the time of most readings, and the time of all. There is at least one history.
//
// Histories whose times touch, directly or over others, share one time; the time with the most
// intervals counts. So a series that was read years ago, or whose clock is years ahead, does not
// move the ranges of the others. A history that is too short for a network does not count, unless
// all are.
func Spans(histories []*History) (most, whole Span) {
	long := make([]*History, 0, len(histories))
	for _, h := range histories {
		if h.Raw.Known > h.Len.Scale {
			long = append(long, h)
		}
	}
	if len(long) == 0 {
		long = slices.Clone(histories)
	}
	slices.SortStableFunc(long, func(a, b *History) int {
		return cmp.Compare(a.Start(a.Ring.First()), b.Start(b.Ring.First()))
	})
	whole = Span{math.MaxInt64, math.MinInt64}
	var now Span // the time under way
	count, best := 0, 0
	for i, h := range long {
		from, last := h.Start(h.Ring.First()), h.Start(h.Ring.Newest)
		whole = Span{min(whole.First, from), max(whole.Last, last)}
		if i == 0 || from > now.Last+h.Len.Interval {
			now, count = Span{from, last}, 0
		}
		now.Last = max(now.Last, last)
		if count += h.Raw.Known; count > best {
			most, best = now, count
		}
	}
	return most, whole
}

// CountSeries is the number of series of histories that are sorted by series.
func CountSeries(histories []*History) int {
	n := 0
	var before meter.ID
	for i, h := range histories {
		if i == 0 || h.ID != before {
			n++
		}
		before = h.ID
	}
	return n
}
