package engine

import (
	"fmt"
	"slices"
)

// lyingHours is how many hours of implausible values within a day are told of.
const lyingHours = 3

// liesForHours says whether new cell n, which was judged implausible, makes lyingHours of such cells
// within a day. So an event tells once of a meter that is wrong for hours or days. Where cells are
// finer than an hour, as many as enter the day may leave it: then no cell of the hour before n made as
// many. A series tells of itself, and its view does not.
func (co *cohort) liesForHours(slot int32, n int64) bool {
	s, all := &co.slabs, co.slabs.flagged[slot]
	if s.record(slot).viewOf != 0 {
		return false
	}
	enough, anHour := lyingHours*co.len.Day/24, int64(co.len.Day/24)
	lying := func(r raw) bool { return !s.marked(slot, r.cell) }
	within := func(last int64) (cells int) {
		for _, r := range all {
			if r.cell > last-int64(co.len.Day) && r.cell <= last && lying(r) {
				cells++
			}
		}
		return cells
	}
	return within(n) == enough && !slices.ContainsFunc(all, func(r raw) bool {
		return r.cell >= n-anHour && r.cell < n && lying(r) && within(r.cell) >= enough
	})
}

// turned is a young series of which values were found absurd beside the later ones, and how many.
type turned struct {
	slot  int32
	cells int
}

// tellImplausible adds the events about the series of a round that lie for hours, or of which values
// turned BAD. The message is that of the newest cell.
func (co *cohort) tellImplausible(touched []update, result *Result) {
	w := &co.work
	if len(w.lying)+len(w.turned) == 0 {
		return
	}
	for i := range touched {
		t := &touched[i]
		tell := func(text string) {
			result.Events = append(result.Events, Event{
				Message: t.message, Series: co.slabs.ids[t.slot], Kind: Implausible, Text: text,
			})
		}
		for _, one := range w.turned {
			if one.slot == t.slot {
				tell(fmt.Sprintf("%d values of the first two weeks cannot be true beside the others: they are "+
					"BAD now, and scale, states and forecasts are made without them", one.cells))
			}
		}
		if slices.Contains(w.lying, t.slot) {
			tell(fmt.Sprintf("%d hours of the values of a day cannot be true, judged by the two weeks "+
				"before: they are BAD and no forecast reads them; after a day of such values their "+
				"level is believed", lyingHours))
		}
	}
	w.lying, w.turned = w.lying[:0], w.turned[:0]
}
