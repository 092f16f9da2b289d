package tabular

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/meter"
)

// leaveOutDates leaves out the rows from first on whose time is a date without a clock, in a file
// whose other rows have clocks, where the midnight is there as well: they are sums of days. Where
// it is not, a date alone is its midnight, as some programs write it.
func (l *loader) leaveOutDates(first int) {
	rows := l.table.rows[first:]
	if l.at.delimiter == 0 || len(l.bare) == 0 || 2*len(l.bare) > len(rows) {
		return
	}
	type moment struct {
		series int32
		unix   int64
	}
	sums, bare := map[moment]bool{}, map[int32]bool{}
	for _, i := range l.bare {
		bare[i] = true
		sums[moment{rows[i].Series, rows[i].Unix}] = false
	}
	found := 0
	for i, r := range rows {
		at := moment{r.Series, r.Unix}
		if again, known := sums[at]; known && !again && !bare[int32(i)] {
			sums[at] = true
			found++
		}
	}
	if 2*found < len(sums) {
		return
	}
	kept := 0
	for i, r := range rows {
		if bare[int32(i)] {
			continue
		}
		rows[kept] = r
		if l.late {
			l.notes[kept] = l.notes[i]
		}
		kept++
	}
	l.table.rows = l.table.rows[:first+kept]
	l.report.LeftOut += len(l.bare)
	l.warn("%d rows have a date without a time of day beside the rows of the day's hours, as sums of days "+
		"do: they were left out", len(l.bare))
}

// nightfall follows the times of one series in file order, for the midnights among them.
type nightfall struct {
	before, at int64 // the time before that of row, unread for none, and that of row
	row        int32 // read last
	rows       int
}

// moveMidnights moves 00:00 to the end of its date where that is its place in the file: behind
// 23:45 of this date, as some exports of interval ends have it. Where nothing says that times are
// ends the file is refused.
func (l *loader) moveMidnights(first int) error {
	t := &l.at.timing
	if l.at.delimiter == 0 || t.spans() || t.calendar == epoch || t.day != dayClock && t.day != dayInDate {
		return nil
	}
	rows := l.table.rows[first:]
	last := make([]nightfall, len(l.table.Series))
	var late []int32
	early := 0
	count := func(n *nightfall, after int64) {
		switch midnightAt(n.before, n.at, after) {
		case -1:
			late = append(late, n.row)
		case 1:
			early++
		}
	}
	for i, r := range rows {
		n := &last[r.Series]
		if n.rows > 0 && n.at%meter.DaySeconds == 0 {
			count(n, r.Unix)
		}
		n.before = unread
		if n.rows > 0 {
			n.before = n.at
		}
		n.at, n.row, n.rows = r.Unix, int32(i), n.rows+1
	}
	for s := range last {
		if n := &last[s]; n.rows > 1 && n.at%meter.DaySeconds == 0 {
			count(n, unread)
		}
	}
	if len(late) == 0 || early > 0 {
		return nil
	}
	if !l.ends() && l.opts.Kind != meter.Register {
		if l.opts.IntervalLabel != "" {
			return nil
		}
		return l.fileError(
			fmt.Sprintf("the 00:00 of a date stands behind its other times, as where it names the end "+
				"of the day: %d times, the first for %s", len(late),
				written(rows[late[0]].Unix, len("2006-01-02 15:04"), ' ')),
			"say --interval-label end, or --interval-label start if it is the first interval of its date")
	}
	for _, i := range late {
		rows[i].Unix += meter.DaySeconds
	}
	l.warn("00:00 stands at the end of its date: it is read as the midnight behind it (%d rows)", len(late))
	return nil
}

// midnightAt says where a midnight stands among the times of its series: -1 at the end of its date,
// 1 at the beginning, 0 when no neighbour within a few hours tells. Files may be in order of time or
// against it.
func midnightAt(before, at, after int64) int {
	const day, near = meter.DaySeconds, 3 * meter.HourSeconds
	within := func(t, from, until int64) bool { return t != unread && t-at >= from && t-at < until }
	switch {
	case within(before, day-near, day) && (after == unread || within(after, day, day+near)),
		within(after, day-near, day) && (before == unread || within(before, day, day+near)):
		return -1
	case within(before, -near, 0) || within(after, -near, 0):
		return 1
	}
	return 0
}
