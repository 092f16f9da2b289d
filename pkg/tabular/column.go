package tabular

import (
	"bytes"
	"strings"

	"github.com/loadtide/loadtide/pkg/meter"
)

// mostly is the share of cells from which on a column is of their kind: files end in totals and
// have bad rows.
const mostly = 0.6

// sampleColumn is what the sample shows of one column.
type sampleColumn struct {
	index    int
	name     string
	words    nameWords
	measure  measure
	count    [cellKinds]int
	filled   int
	zoned    int // times with an offset
	midnight int // times at midnight, all in one day
	epochs   int // numbers that are an epoch
	compacts int // numbers that are a date
	ordinals int // whole numbers from 0 to 288, also with letters before them
	units    int // cells that are a unit
	suffixed int // numbers with a unit behind them
	codes    int // whole numbers that are too long for a value, as those of meters
	distinct map[string]int
}

// codeDigits is from how many digits on a whole number is no value of a meter: 1e12 and more.
const codeDigits = 13

// maxDistinct bounds the different texts of a column that are counted.
const maxDistinct = 300

// columns looks at the columns of a sample.
func (s *sample) columns() []*sampleColumn {
	all := make([]*sampleColumn, len(s.names))
	for i, name := range s.names {
		all[i] = &sampleColumn{
			index: i, name: name, words: wordsOf(name), measure: measureIn(name),
			distinct: map[string]int{},
		}
		if s.unit != nil && all[i].measure.unit == "" {
			all[i].measure = measureOf(s.unit[i])
		}
	}
	for r, row := range s.cells {
		for i, cell := range row {
			all[i].add(cell, s.kinds[r][i])
		}
	}
	return all
}

func (c *sampleColumn) add(cell []byte, kind cellKind) {
	c.count[kind]++
	if kind == cellEmpty {
		return
	}
	c.filled++
	if _, known := c.distinct[string(cell)]; known || len(c.distinct) < maxDistinct {
		c.distinct[string(cell)]++
	}
	if _, ok := ordinal(cell); ok {
		c.ordinals++
	}
	switch kind {
	case cellNumber:
		if _, unit := cutUnit(cell); unit != nil {
			c.suffixed++
		}
		if len(cell) >= codeDigits && len(bytes.Trim(cell, "0123456789")) == 0 {
			c.codes++
		}
		if _, ok := parseEpoch(cell); ok {
			c.epochs++
		}
		if d, rest, ok := readDate(cell); ok && d.calendar == compact && len(rest) == 0 {
			if _, ok := d.seconds(yearFirst); ok && d.year > 1989 && d.year < 2101 {
				c.compacts++
			}
		}
	case cellStamp, cellRange:
		if zonedText(cell) {
			c.zoned++
		}
		if at, ok := parseInstant(cell, dayFirst); ok && at.local%meter.DaySeconds == 0 {
			c.midnight++
		} else if at, ok := parseInstant(cell, monthFirst); ok && at.local%meter.DaySeconds == 0 {
			c.midnight++
		} else if at, ok := parseInstant(cell, yearFirst); ok && at.local%meter.DaySeconds == 0 {
			c.midnight++
		}
	case cellText:
		// One letter may be the quality of a reading: W is a true value in German files.
		if isMeasure(cell) && (len(cell) > 1 || c.words.in(unitWords)) {
			c.units++
		}
	default:
	}
}

// zonedText reports whether a date with a clock has an offset.
func zonedText(text []byte) bool {
	if from, _, ok := cutRange(text); ok {
		text = from
	}
	d, rest, ok := readDate(text)
	if !ok || d.clock {
		return false
	}
	clock, ok := parseClock(afterDate(rest))
	return ok && clock.zoned
}

// zones reports whether a column has the short name of a zone in each row, such as EST and EDT.
func (c *sampleColumn) zones() bool {
	for text := range c.distinct {
		if _, ok := parseOffset([]byte(text)); !ok || len(text) < 3 {
			return false
		}
	}
	return c.filled > 0 && c.words.in(zoneWords)
}

// varies reports whether a column has several times.
func (c *sampleColumn) varies() bool {
	times := 0
	for text := range c.distinct {
		if k := kindOf([]byte(text)); k.isTime() || k == cellNumber {
			if times++; times > 1 {
				return true
			}
		}
	}
	return false
}

// is reports whether so many filled cells are of a kind.
func (c *sampleColumn) is(n int) bool {
	return c.filled > 0 && float64(n) >= mostly*float64(c.filled)
}

func (c *sampleColumn) stamps() bool {
	n := c.count[cellStamp] + c.count[cellRange]
	return n > 0 && c.is(n+c.count[cellDate]) ||
		c.is(c.epochs) && c.measure.unit == "" &&
			(c.index == 0 && !c.words.in(seriesWords) || c.words.in(timeWords))
}

// plainStamps reports whether a column has times that cannot be numbers of something else
// and are not those at which records were made.
func (c *sampleColumn) plainStamps() bool {
	return c.stamps() && !c.words.in(recordWords) && (c.count[cellStamp]+c.count[cellRange] > 0 || c.words.in(timeWords))
}

func (c *sampleColumn) dates() bool {
	return c.is(c.count[cellDate]) && c.count[cellStamp] == 0 ||
		c.is(c.compacts) && !c.words.in(seriesWords) && c.measure.unit == ""
}

func (c *sampleColumn) clocks() bool {
	n := c.count[cellClock] + c.count[cellClocks]
	return c.is(n) || c.is(c.ordinals) && c.filled > 0 && n > 0
}

// hours reports whether a column has numbers of hours or periods of a day.
func (c *sampleColumn) hours() bool {
	return c.is(c.ordinals) &&
		(c.words.in(hourWords) || c.words.in(periodWords) || c.words.in(timeWords) && c.ofDay())
}

// ofDay reports whether a column has all hours of a day from 0 to 23, or from 1 to 24.
func (c *sampleColumn) ofDay() bool {
	hours := map[int]bool{}
	for text := range c.distinct {
		if n, ok := ordinal([]byte(text)); ok {
			hours[n] = true
		}
	}
	least, most := span(hours)
	return len(hours) == 24 && most-least == 23 && least < 2
}

// clockDigits reports whether a column has times of day as 0015 or 1300.
func (c *sampleColumn) clockDigits() bool {
	if !c.words.in(timeWords) && !c.words.in(hourWords) || c.count[cellNumber] < c.filled {
		return false
	}
	for text := range c.distinct {
		if _, ok := parseClock([]byte(text)); !ok || len(text) != 4 && len(text) != 6 {
			return false
		}
	}
	return c.filled > 0
}

// clockNumbers reports whether a column has times of day as numbers: 30, 100 and 2330 are 00:30,
// 01:00 and 23:30. Numbers of hours, of periods and of minutes have others among them.
func (c *sampleColumn) clockNumbers() bool {
	if !c.words.in(timeWords) && !c.words.in(hourWords) || c.count[cellNumber] < c.filled {
		return false
	}
	most := 0
	for text := range c.distinct {
		n, ok := clockNumber([]byte(text))
		if !ok || n%5 != 0 {
			return false
		}
		most = max(most, n)
	}
	return most >= 1000
}

// clockNumber reads a time of day that is written as a number without leading zeros.
func clockNumber(text []byte) (n int, ok bool) {
	n, digits, rest := leadingNumber(text)
	return n, digits > 0 && digits <= 4 && len(rest) == 0 && n <= 2400 && n%100 < 60
}

func (c *sampleColumn) numbers() bool {
	return c.is(c.count[cellNumber]) || c.filled == 0
}

func (c *sampleColumn) timelike() bool { return c.stamps() || c.dates() || c.clocks() }

// text reports whether a column has words, such as kinds of readings.
func (c *sampleColumn) text() bool {
	return c.is(c.count[cellText]) || c.filled == 0
}

// ordinal reads the number of an hour or of a period: 7, 07, H07, HE 7, Hour 7, 7h, 2A and 2B.
func ordinal(text []byte) (n int, ok bool) {
	text = bytes.TrimLeft(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_. -")
	n, digits, rest := leadingNumber(text)
	return n, digits > 0 && digits <= 3 && n <= 288 && behindOrdinal(bytes.TrimLeft(rest, " "))
}

// behindOrdinal reports whether a text behind the number of an hour leaves it that hour: a word of
// hours, or the mark of one of the two passes where clocks go back. The order of the rows tells
// these apart.
func behindOrdinal(rest []byte) bool {
	switch string(rest) {
	case "", "h", "H", "hr", "Uhr", "時", "시", "A", "B", "X":
		return true
	}
	return false
}

// ends reports whether the name of a column says that it is the end of an interval.
func (c *sampleColumn) ends() bool {
	return c.words.in(endWords) && !c.words.in(startWords) ||
		strings.EqualFold(c.name, "SETTLEMENTDATE")
}

// Days since 1900 of the years 2000 to 2100, as spreadsheets count them.
const (
	firstSerial = 36526
	lastSerial  = 73050
)

// serials finds a column of times that are numbers of days: its name is one of times, or it is the
// first one and rises from row to row.
func (s *sample) serials() *sampleColumn {
	for _, c := range s.columns() {
		if !c.words.in(timeWords) && c.index > 0 || c.filled < 2 || c.measure.unit != "" {
			continue
		}
		days, last, rises := 0, 0.0, true
		for _, row := range s.cells {
			day, bad := parseValue(bytes.ReplaceAll(row[c.index], []byte(","), []byte(".")))
			if bad.reason == "" && day >= firstSerial && day < lastSerial {
				days++
				rises = rises && day >= last
				last = day
			}
		}
		if c.is(days) && (rises || c.words.in(timeWords)) {
			return c
		}
	}
	return nil
}

// first is one of the texts of a column, the least of them.
func (c *sampleColumn) first() string {
	least := ""
	for text := range c.distinct {
		if least == "" || text < least {
			least = text
		}
	}
	return shown(least)
}
