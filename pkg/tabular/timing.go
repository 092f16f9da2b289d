package tabular

import (
	"slices"
	"strings"

	"github.com/loadtide/loadtide/pkg/meter"
)

// dayForm is how the time of day of a row is written.
type dayForm uint8

const (
	dayInDate  dayForm = iota // with the date, in one column
	dayClock                  // in a column of times of day
	dayHour                   // in a column of hours, 0 to 23 or 1 to 24
	dayPeriod                 // in a column of numbers of periods of a day, from 1 on
	dayColumns                // in the names of the columns: a row is a day
)

// timing is where the time of a row stands, and how it is written.
type timing struct {
	calendar    calendar
	mark        string // between the numbers of numeric dates
	date, clock int    // columns; clock is -1 when it is in the date
	day         dayForm
	ranged      bool  // the cells hold a start and an end
	until       int   // column that has the end of the interval, -1 for none
	offset      int   // column that has the zone of each row, as EST or EDT; -1 for none
	length      int64 // of a period in seconds
	first       int   // number of the first period of a day, 0 or 1
	digits      bool  // times of day are 30, 100 and 2330
	ordinals    bool  // of dayColumns: the names are numbers and no times of day
	elapsed     bool  // periods are counted from midnight on, also where clocks change
	ends        bool  // times are the ends of intervals
	endsWhy     string
	utc         bool   // the name of the column says UTC
	zone        string // that the name of the column says
}

// spans reports whether each row says its start and its end.
func (t *timing) spans() bool { return t.ranged || t.until >= 0 }

// findTiming finds the columns of times. asked is the one that an option or the contract names, or
// -1; local says that the caller has named a zone, so that columns of local times are looked for.
func findTiming(
	s *sample, columns []*sampleColumn, asked, askedClock int, local bool,
) (timing, bool) {
	t := timing{
		date: asked, clock: askedClock, until: -1,
		offset: slices.IndexFunc(columns, (*sampleColumn).zones),
	}
	if t.date < 0 {
		// Large numbers in a first column may be meters' numbers as well: written times go first. A
		// date goes before the time of a record: its clock stands in another column.
		for _, kind := range []func(*sampleColumn) bool{
			(*sampleColumn).plainStamps, (*sampleColumn).dates, (*sampleColumn).stamps,
		} {
			if t.date = bestTime(columns, kind, local); t.date >= 0 {
				break
			}
		}
	}
	if t.date < 0 {
		return t, false
	}
	date := columns[t.date]
	t.calendar = date.calendar()
	t.utc = date.utc()
	t.zone = zoneIn(date.name)
	if date.stamps() && t.clock < 0 && date.midnight == date.filled && date.calendar() != epoch {
		t.clock, t.day = clockColumn(columns, date) // dates that are written with a midnight
	}
	if t.clock < 0 && (date.stamps() || !date.dates()) {
		t.until = untilColumn(columns, date, (*sampleColumn).stamps)
		if asked < 0 && t.until < 0 && !date.ends() {
			t.date, t.until = s.interval(columns, date)
			date = columns[t.date]
		}
		t.ranged = date.is(date.count[cellRange])
		t.endsBy(date)
		return t, true
	}
	switch {
	case t.clock < 0:
		t.clock, t.day = clockColumn(columns, date)
	case askedClock >= 0:
		t.day = columns[t.clock].dayForm()
	}
	if t.clock < 0 {
		t.endsBy(date)
		return t, true
	}
	clock := columns[t.clock]
	t.digits = t.day == dayClock && !clock.clocks() && !clock.clockDigits()
	t.ranged = clock.is(clock.count[cellClocks])
	if t.day == dayClock {
		t.until = untilColumn(columns, clock, (*sampleColumn).clocks)
	}
	if zone := zoneIn(clock.name); zone != "" {
		t.zone = zone
	}
	t.utc = t.utc || clock.utc()
	t.endsBy(clock)
	return t, true
}

// interval finds the column that belongs to a column of times as the start or the end of its intervals,
// by what the columns hold; until is -1 when there is none.
func (s *sample) interval(columns []*sampleColumn, date *sampleColumn) (start, until int) {
	for _, c := range columns {
		if c == date || !c.stamps() || c.words.in(recordWords) ||
			c.utc() != date.utc() || c.is(c.zoned) != date.is(date.zoned) {
			continue
		}
		switch length := s.length(date, c); {
		case length > 0:
			return date.index, c.index
		case length < 0:
			return c.index, date.index
		}
	}
	return date.index, -1
}

// endsBy finds out by a name that times are the ends of intervals.
func (t *timing) endsBy(c *sampleColumn) {
	if !t.spans() && t.day != dayPeriod && c.ends() {
		t.ends, t.endsWhy = true, "column "+quotedName(c.name)
	}
}

// calendar is that of most dates of a column. The order of numeric dates is not known here.
func (c *sampleColumn) calendar() calendar {
	if c.is(c.epochs) {
		return epoch
	}
	if c.is(c.compacts) {
		return compact
	}
	counts := map[calendar]int{}
	best := yearFirst
	for text, n := range c.distinct {
		d, _, ok := readDate([]byte(text))
		if !ok {
			continue
		}
		if counts[d.calendar] += n; counts[d.calendar] > counts[best] {
			best = d.calendar
		}
	}
	return best
}

// bestTime chooses among the columns of times of a kind: those that are filled; those that are not
// the same in all rows, as bounds of a query are; those that do not name
// when a record was made; those with an offset or of UTC, unless the caller
// has named a zone; those that name the start.
func bestTime(columns []*sampleColumn, kind func(*sampleColumn) bool, local bool) int {
	best, most := -1, -1
	filled := 0
	for _, c := range columns {
		filled = max(filled, c.filled)
	}
	for _, c := range columns {
		if !kind(c) || 2*c.filled < filled {
			continue
		}
		score := 1
		if c.varies() {
			score += 32
		}
		if !c.words.in(recordWords) {
			score += 20
		}
		utc := c.utc() && !c.is(c.zoned)
		switch {
		case c.is(c.zoned):
			score += 16
		case utc != local:
			score += 8
		}
		if c.words.in(startWords) {
			score += 4
		}
		if !c.ends() {
			score += 2
		}
		if score > most {
			best, most = c.index, score
		}
	}
	return best
}

// clockColumn finds the column with the time of day that belongs to a column of dates.
func clockColumn(columns []*sampleColumn, date *sampleColumn) (int, dayForm) {
	best, most, form := -1, -1, dayInDate
	for _, c := range columns {
		if c.index == date.index || 2*c.filled < date.filled || c.measure.unit != "" {
			continue
		}
		score, as := 0, dayInDate
		switch {
		case c.clocks():
			score, as = 8, dayClock
		case c.clockDigits(), c.clockNumbers():
			score, as = 6, dayClock
		case c.hours():
			score, as = 4, c.dayForm()
		default:
			continue
		}
		if c.words.in(startWords) {
			score += 2
		}
		if !c.ends() {
			score++
		}
		if c.index < date.index {
			score--
		}
		if score > most {
			best, most, form = c.index, score, as
		}
	}
	return best, form
}

// maxHours is how many hours the longest day has.
const maxHours = 25

// dayForm is how a column of times of day is written.
func (c *sampleColumn) dayForm() dayForm {
	switch {
	case c.clocks() || c.clockDigits() || c.clockNumbers():
		return dayClock
	case c.words.in(periodWords), c.is(c.ordinals) && len(c.distinct) > maxHours:
		return dayPeriod
	}
	return dayHour
}

// untilColumn finds the column that has the end of the interval whose start is in a column.
func untilColumn(columns []*sampleColumn, start *sampleColumn, kind func(*sampleColumn) bool) int {
	if start.ends() {
		return -1
	}
	for _, c := range columns {
		if c.index != start.index && kind(c) && c.ends() && (c.varies() || !start.varies()) &&
			c.utc() == start.utc() {
			return c.index
		}
	}
	return -1
}

// slots finds the columns whose names are times of day, when they make a row a day: the number of
// the period of each column, from 0 on, -1 for other columns. ordinals says that the names are
// numbers.
func slots(names []string) (slots []int, length int64, ordinals, ok bool) {
	for i, read := range []func(string) (int64, bool){clockName, ordinalName} {
		ordinals = i > 0
		seconds := make([]int64, 0, len(names))
		slots = make([]int, len(names))
		for i, name := range names {
			slots[i] = -1
			if at, is := read(name); is {
				slots[i] = len(seconds)
				seconds = append(seconds, at)
			}
		}
		if length, ok := slotLength(seconds); ok {
			return slots, length, ordinals, true
		}
	}
	return nil, 0, false, false
}

func clockName(name string) (int64, bool) {
	name, _, _ = strings.Cut(name, "(")
	name, _, _ = strings.Cut(name, "[")
	text := []byte(strings.TrimSpace(name))
	if from, _, ok := cutRange(text); ok {
		text = from
	}
	if kindOf(text) != cellClock {
		return 0, false
	}
	c, ok := parseClock(text)
	return c.seconds, ok && !c.zoned
}

func ordinalName(name string) (int64, bool) {
	name, _, _ = strings.Cut(name, "(")
	name, _, _ = strings.Cut(name, "[")
	n, ok := ordinal([]byte(strings.TrimSpace(name)))
	return int64(n), ok
}

// slotLength is the time between columns that make a day of equal periods.
func slotLength(at []int64) (length int64, ok bool) {
	if len(at) < 23 {
		return 0, false
	}
	step := at[1] - at[0]
	for i := 2; i < len(at); i++ {
		if at[i]-at[i-1] != step && !(at[i] == 0 && i == len(at)-1) {
			return 0, false
		}
	}
	if step >= 60 {
		return step, int64(len(at))*step == meter.DaySeconds && at[0] <= step
	}
	for _, n := range [...]int{24, 48, 72, 96, 144, 288} {
		if len(at) >= n-n/24 && len(at) <= n+n/24 {
			return meter.DaySeconds / int64(n), step == 1 && at[0] <= 1
		}
	}
	return 0, false
}

// quotedName is the name of a column for a person.
func quotedName(name string) string { return `"` + shown(name) + `"` }

func has(names []string, name string) bool {
	return slices.ContainsFunc(names, func(s string) bool { return strings.EqualFold(s, name) })
}
