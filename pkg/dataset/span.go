package dataset

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Span is a time from the start of a first to the start of a last interval, in Unix seconds.
type Span struct{ First, Last int64 }

// Spans are the times of histories. Ranges of training and test are cut of Most, so that a few
// series do not move the ranges of the others: a series that was read last year, or whose clock is
// weeks ahead.
type Spans struct {
	Most     Span // begins and ends where more than a few series have readings, see Few
	Touching Span // Most, and the times of other series that touch it, directly or over others
	Whole    Span // of all histories
}

// Few is how many of n series decide nothing that concerns all: three of them, or a tenth when that
// is more, and always less than half.
func Few(n int) int { return min(max(3, n/10), max(n-1, 0)/2) }

// SpansOf returns the times of histories, of which there is at least one.
//
// Histories whose times touch, directly or over others, share one time; the time with the most
// intervals counts. Of a history at most the intervals of five weeks count, so that one series with
// a long past does not outweigh a fleet. At the ends of that time, the parts are left out in which
// only a few series have readings. A history that is too short for a network does not count, unless
// all are.
func SpansOf(histories []*History) Spans {
	long := make([]*History, 0, len(histories))
	for _, h := range histories {
		if h.Raw.Known > h.Len.Scale {
			long = append(long, h)
		}
	}
	if len(long) == 0 {
		long = slices.Clone(histories)
	}
	slices.SortStableFunc(long, func(a, b *History) int { return cmp.Compare(a.start(), b.start()) })
	whole := Span{math.MaxInt64, math.MinInt64}
	var now, touching Span // the time under way, and the one with the most intervals
	var of []*History      // of touching
	from, count, best := 0, 0, 0
	for i, h := range long {
		first, last := h.start(), h.Start(h.Ring.Newest)
		whole = Span{min(whole.First, first), max(whole.Last, last)}
		if i == 0 || first > now.Last+h.Len.Interval {
			now, from, count = Span{first, last}, i, 0
		}
		now.Last = max(now.Last, last)
		if count += min(h.Raw.Known, 5*h.Len.Week); count > best {
			touching, of, best = now, long[from:i+1], count
		}
	}
	return Spans{Most: most(of), Touching: touching, Whole: whole}
}

// Reach is how long before Most a few series have readings already, in seconds.
func (s Spans) Reach() int64 { return s.Most.First - s.Touching.First }

// Around returns Most when it holds all the moments, in Unix seconds, else Whole.
func (s Spans) Around(moments []int64, interval int64) Span {
	for _, t := range moments {
		if t <= s.Most.First || t > s.Most.Last+interval {
			return s.Whole
		}
	}
	return s.Most
}

func (h *History) start() int64 { return h.Start(h.Ring.First()) }

// most is the time from the first to the last interval in which more than a few of the histories
// have begun and not ended. Few is of the most histories that ever are in one interval.
func most(histories []*History) Span {
	type edge struct {
		second int64 // start of the first or of the last interval of a history
		change int
	}
	edges := make([]edge, 0, 2*len(histories))
	for _, h := range histories {
		edges = append(edges, edge{h.start(), 1}, edge{h.Start(h.Ring.Newest), -1})
	}
	// At one moment, histories begin before others end: both have the interval.
	slices.SortFunc(edges, func(a, b edge) int {
		return cmp.Or(cmp.Compare(a.second, b.second), cmp.Compare(b.change, a.change))
	})
	alive, peak := 0, 0
	for _, e := range edges {
		alive += e.change
		peak = max(peak, alive)
	}
	few, begun := Few(peak), false
	var span Span
	for _, e := range edges {
		switch alive += e.change; {
		case e.change > 0 && alive > few && !begun:
			span.First, begun = e.second, true
		case e.change < 0 && alive == few:
			span.Last = e.second
		}
	}
	return span
}

// Later tells a person in a line which series have readings more than a day after until, in Unix
// seconds, and before it. It is empty when there are none.
func Later(histories []*History, until int64) string {
	first, last := map[meter.ID]int64{}, map[meter.ID]int64{}
	var order []meter.ID
	for _, h := range histories {
		if _, again := first[h.ID]; !again {
			first[h.ID] = h.start()
			order = append(order, h.ID)
		}
		first[h.ID] = min(first[h.ID], h.start())
		last[h.ID] = max(last[h.ID], h.Start(h.Ring.Newest))
	}
	var names []string
	for _, id := range order {
		if first[id] < until && last[id] >= until+meter.DaySeconds {
			names = append(names, fmt.Sprintf("%s (to %s)", id, date(last[id])))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d series have readings after %s, when most series have ended: those "+
		"readings are not used: %s", len(names), len(order), date(until-1), SomeOf(names))
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
