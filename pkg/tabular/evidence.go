package tabular

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"strings"

	"github.com/loadtide/loadtide/pkg/meter"
)

// evidence is what all rows of a file say about its dates and its numbers.
type evidence struct {
	marks marks
	// Of numeric dates: how many have a first and a second number above 12, and the first dates.
	first, second int
	days          []datum
	sample        string       // a numeric date, of two different numbers if there is one
	alike         bool         // the numbers of sample are the same
	hours         map[int]bool // of a column of hours or periods
	hour24        bool         // a clock says 24:00
	byDay         map[string]numbering
}

// numbering is which hours or periods a day has, each a bit.
type numbering struct {
	seen [5]uint64
	most int
}

// count is how many hours or periods there are.
func (n *numbering) count() (count int) {
	for _, word := range n.seen {
		count += bits.OnesCount64(word)
	}
	return count
}

// maxNumberings bounds the days whose hours are looked at: 30 years of them.
const maxNumberings = 11_000

// maxDays is how many dates are looked at to see whether they follow each other.
const maxDays = 400

// gather reads the whole file for what its beginning may not tell: the order of day and month, the
// decimal mark, and how hours are counted. It settles the layout. A file of which the sample tells
// all is not read.
func (l *loader) gather(at *layout, s *sample) error {
	seen := evidence{hours: map[int]bool{}, byDay: map[string]numbering{}}
	if at.needsAll(s) {
		err := l.each(at, func(fields [][]byte) error {
			seen.add(fields, at)
			return nil
		})
		if err != nil {
			return err
		}
	} else {
		for _, row := range s.cells {
			if len(row) == len(at.names) {
				seen.add(row, at)
			}
		}
	}
	if err := l.settleNumbers(at, &seen); err != nil {
		return err
	}
	if err := l.settleDates(at, &seen); err != nil {
		return err
	}
	if err := l.settleHours(at, &seen); err != nil {
		return err
	}
	l.settleElapsed(at, &seen)
	return nil
}

// needsAll reports whether the sample may not tell all: it does where columns have commas between
// them, dates begin with the year and no number in the sample has a comma.
func (at *layout) needsAll(s *sample) bool {
	t := &at.timing
	if at.delimiter != ',' || t.calendar == numeric || t.day == dayHour || t.day == dayPeriod ||
		t.day == dayClock || t.day == dayColumns {
		return true
	}
	for _, row := range s.cells {
		for i, cell := range row {
			if at.isValue(i) {
				for _, c := range cell {
					if c == ',' || c == '\'' || c == ' ' || c >= 0x80 {
						return true
					}
				}
			}
		}
	}
	return false
}

// numberOf is the number of a cell, without the unit behind it in a file that has units there.
func (at *layout) numberOf(cell []byte) []byte {
	if at.suffixed {
		cell, _ = cutUnit(cell)
	}
	return cell
}

// isValue reports whether a column has values that are read.
func (at *layout) isValue(column int) bool {
	switch at.kind {
	case LayoutWide:
		return at.ids[column] >= 0
	case LayoutDays:
		return at.slots[column] >= 0
	}
	return column == at.value
}

// each reads the rows of a file that have all fields and fulfil the conditions.
func (l *loader) each(at *layout, row func(fields [][]byte) error) error {
	lines, done, err := l.open()
	if err != nil {
		return err
	}
	defer done()
	split := splitter{delimiter: at.delimiter}
	for {
		line, long, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return l.unreadable(lineError(lines.line+1, err))
		}
		if lines.line <= at.data || long || len(line) == 0 || comment(line) {
			continue
		}
		fields, ok := split.fields(line)
		fields = at.fitted(fields)
		if !ok || len(fields) != len(at.names) || blank(fields) || at.otherRecord(fields) ||
			!fulfils(fields, at.where) {
			continue
		}
		if err := row(fields); err != nil {
			return err
		}
	}
}

func lineError(line int, err error) error { return fmt.Errorf("line %d: %w", line, err) }

// add looks at a row.
func (s *evidence) add(fields [][]byte, at *layout) {
	switch at.kind {
	case LayoutWide, LayoutDays:
		for i, cell := range fields {
			if at.isValue(i) && len(cell) > 0 {
				s.marks.add(at.numberOf(cell))
			}
		}
	default:
		if cell := fields[at.value]; len(cell) > 0 {
			s.marks.add(at.numberOf(cell))
		}
	}
	t := &at.timing
	if t.calendar == numeric {
		s.date(fields[t.date])
	}
	if at.kind == LayoutDays && t.ordinals {
		for i, slot := range at.slots {
			if slot >= 0 && len(fields[i]) > 0 {
				s.number(fields[t.date], slot+1)
			}
		}
	}
	if t.clock < 0 {
		s.hour24 = s.hour24 || !t.ranged && endsDay(fields[t.date])
		return
	}
	switch clock := fields[t.clock]; t.day {
	case dayHour, dayPeriod:
		if n, ok := ordinal(clock); ok {
			s.hours[n] = true
			s.number(fields[t.date], n)
		}
	case dayClock:
		if c, ok := t.clockOf(clock); ok && c.seconds == meter.DaySeconds {
			s.hour24 = true
		}
	case dayInDate, dayColumns:
	}
}

// endsDay reports whether a date has the clock 24:00 behind it, the midnight at the end of the day.
func endsDay(text []byte) bool {
	if !bytes.Contains(text, []byte("24")) {
		return false
	}
	d, rest, ok := readDate(text)
	if !ok {
		return false
	}
	clock, ok := d.clockBehind(rest)
	return ok && clock.seconds == meter.DaySeconds
}

// number notes an hour or a period of a day.
func (s *evidence) number(day []byte, n int) {
	d, known := s.byDay[string(day)]
	if !known && len(s.byDay) == maxNumberings {
		return
	}
	if n < 64*len(d.seen) {
		d.seen[n/64] |= 1 << (n % 64)
	}
	d.most = max(d.most, n)
	s.byDay[string(day)] = d
}

// date looks at a numeric date.
func (s *evidence) date(text []byte) {
	d, _, ok := readDate(text)
	if !ok || d.calendar != numeric {
		return
	}
	if d.first > 12 {
		s.first++
	}
	if d.second > 12 {
		s.second++
	}
	if s.sample == "" || s.alike && d.first != d.second {
		s.sample, s.alike = shown(text), d.first == d.second
	}
	d.clock = false
	if n := len(s.days); n < maxDays && (n == 0 || s.days[n-1] != d) {
		s.days = append(s.days, d)
	}
}

// settleNumbers decides the decimal mark.
func (l *loader) settleNumbers(at *layout, s *evidence) error {
	if l.flags.decimal != 0 {
		at.numbers = numbers{decimal: l.flags.decimal, groups: s.marks.groups(l.flags.decimal)}
		return nil
	}
	if mixed := s.marks.mixed(); mixed != "" {
		return l.fileError(mixed, "write all numbers in one form; --decimal , or --decimal . takes the "+
			"rows of one form and rejects the others")
	}
	form, two := s.marks.decide(at.delimiter, at.contract)
	if two != nil {
		return l.fileError(two.problem(), two.remedy())
	}
	at.numbers = form
	return nil
}

// settleDates decides the order of day and month of numeric dates: by a number above 12, by dots or
// hyphens, which stand behind days, by settlement periods, which are British, by days that follow
// each other in one of the orders alone.
func (l *loader) settleDates(at *layout, s *evidence) error {
	t := &at.timing
	if t.calendar != numeric {
		return nil
	}
	if rest := strings.TrimLeft(s.sample, "0123456789"); rest != "" {
		t.mark = rest[:1]
	}
	switch {
	case l.flags.order == dayFirst, l.flags.order == monthFirst:
		t.calendar = l.flags.order
	case s.first > 0 && s.second > 0 && 20*min(s.first, s.second) > max(s.first, s.second):
		return l.fileError(
			fmt.Sprintf("day and month of the dates stand in both orders: %d dates have a first number "+
				"above 12, %d a second one", s.first, s.second),
			"write all dates in one order, best as 2026-01-31",
		)
	case s.yearsFirst():
		return l.fileError(
			fmt.Sprintf("dates such as %q may begin with the year: their last number counts days", s.sample),
			"write years with four digits",
		)
	case s.first > s.second:
		t.calendar = dayFirst
	case s.second > 0:
		t.calendar = monthFirst
	case dotted(s.sample), s.alike, t.day == dayPeriod && settlement(at.names[t.clock]):
		t.calendar = dayFirst
	default:
		days, months := follow(s.days, dayFirst), follow(s.days, monthFirst)
		if days == months {
			return l.twoDates(s)
		}
		t.calendar = dayFirst
		if months {
			t.calendar = monthFirst
		}
	}
	return nil
}

// yearsFirst reports whether the last number of dates, of two digits, takes many values and the
// first one takes one: it is a day then, and no year.
func (s *evidence) yearsFirst() bool {
	firsts, lasts := map[int]bool{}, map[int]bool{}
	for _, d := range s.days {
		if !d.twoDigits {
			return false
		}
		firsts[d.first], lasts[d.year] = true, true
	}
	return len(firsts) == 1 && len(lasts) > 2
}

// dotted reports whether dots or hyphens stand between the numbers of a date.
func dotted(date string) bool {
	for _, c := range date {
		if c == '.' || c == '-' {
			return true
		}
		if c == '/' {
			return false
		}
	}
	return false
}

// follow reports whether three days and more follow each other in an order of day and month.
func follow(days []datum, order calendar) bool {
	seen := map[int64]bool{}
	least, most := int64(maxUnix), int64(0)
	for _, d := range days {
		unix, ok := d.seconds(order)
		if !ok {
			return false
		}
		seen[unix] = true
		least, most = min(least, unix), max(most, unix)
	}
	return len(seen) >= 3 && (most-least)/meter.DaySeconds == int64(len(seen)-1)
}

func (l *loader) twoDates(s *evidence) error {
	d, _, _ := readDate([]byte(s.sample))
	read := func(order calendar) string {
		if unix, ok := d.seconds(order); ok {
			return written(unix, len("2006-01-02"), ' ')
		}
		return "no date"
	}
	two := twoReadings{"date", s.sample, read(dayFirst), read(monthFirst),
		"--date-format dd/mm/yyyy or --date-format mm/dd/yyyy"}
	return l.fileError(two.problem(), two.remedy())
}
