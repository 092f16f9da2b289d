package tabular

import (
	"bytes"
	"strings"
	"time"
)

// calendar is how the dates of a file are written.
type calendar uint8

const (
	calendarNone calendar = iota
	yearFirst             // 2026-01-31, also with slashes, dots or the characters for year and month
	numeric               // 31.01.2026 or 01/31/2026: day and month in an order that the file tells
	dayFirst              // 31.01.2026, 31-01-2026, 31/01/2026
	monthFirst            // 01/31/2026
	monthNamed            // 31-Jan-2026, Jan 31 2026
	compact               // 20260131, also with the clock: 2026013113, 202601311300, 20260131130000
	epoch                 // seconds since 1970, or milliseconds, microseconds or nanoseconds
)

// datum is a date as it is written.
type datum struct {
	calendar         calendar
	year             int
	first, second    int // of numeric: the numbers before the year; else month and day
	twoDigits, clock bool
}

// readDate reads the date that a text begins with, and returns what follows it. Of numeric dates
// the order is not known here. ok is false when the text begins with no date.
func readDate(text []byte) (d datum, rest []byte, ok bool) {
	n, digits, rest := leadingNumber(text)
	switch {
	case digits == 0:
		if rest := afterWeekday(text); rest != nil {
			return readDate(rest)
		}
		return readNamed(text)
	case digits >= 8:
		return readCompact(text[:digits], rest)
	case len(rest) < 2 || digits > 2 && digits != 4:
		return d, nil, false
	case digits == 4:
		return readYearFirst(n, rest)
	}
	separator := rest[0]
	if separator != '.' && separator != '/' && separator != '-' {
		return readDayNamed(n, rest)
	}
	second, digits, after := leadingNumber(rest[1:])
	if digits == 0 {
		return readDayNamed(n, rest[1:])
	}
	if digits > 2 || len(after) < 3 || after[0] != separator {
		return d, nil, false
	}
	year, digits, after := leadingNumber(after[1:])
	if digits != 4 && digits != 2 {
		return d, nil, false
	}
	d = datum{calendar: numeric, year: fullYear(year, digits), first: n, second: second,
		twoDigits: digits == 2}
	return d, after, true
}

// afterWeekday cuts the name of a weekday that a text begins with; nil when it begins with none.
func afterWeekday(text []byte) []byte {
	end := 0
	for end < len(text) && text[end]|0x20 >= 'a' && text[end]|0x20 <= 'z' {
		end++
	}
	if end < 2 || end > 9 || end == len(text) {
		return nil
	}
	rest := bytes.TrimLeft(text[end:], ".,")
	if len(rest) == 0 || rest[0] != ' ' {
		return nil
	}
	word := strings.ToLower(string(text[:end]))
	for _, name := range weekdays {
		if word == name || len(word) > 3 && strings.HasPrefix(word, name) && len(name) > 2 {
			return bytes.TrimLeft(rest, " ")
		}
	}
	return nil
}

// weekdays are the beginnings of English and the short German names of weekdays.
var weekdays = []string{
	"mon", "tue", "wed", "thu", "fri", "sat", "sun", "mo", "di", "mi", "do", "fr", "sa", "so",
}

// readYearFirst reads what follows a year.
func readYearFirst(year int, rest []byte) (d datum, after []byte, ok bool) {
	marks := [3]string{string(rest[:1]), string(rest[:1]), ""}
	if bytes.HasPrefix(rest, []byte("年")) {
		marks = [3]string{"年", "月", "日"}
	} else if rest[0] != '-' && rest[0] != '/' && rest[0] != '.' {
		return d, nil, false
	}
	month, digits, rest := leadingNumber(rest[len(marks[0]):])
	if digits == 0 || digits > 2 || !bytes.HasPrefix(rest, []byte(marks[1])) {
		return d, nil, false
	}
	day, digits, rest := leadingNumber(rest[len(marks[1]):])
	if digits == 0 || digits > 2 || !bytes.HasPrefix(rest, []byte(marks[2])) {
		return d, nil, false
	}
	d = datum{calendar: yearFirst, year: year, first: month, second: day}
	return d, rest[len(marks[2]):], true
}

// readCompact reads a date of digits alone, 20260131, that may have a clock behind it.
func readCompact(digits, rest []byte) (d datum, after []byte, ok bool) {
	if len(digits) != 8 && len(digits) != 10 && len(digits) != 12 && len(digits) != 14 {
		return d, nil, false
	}
	number := func(from, to int) int { n, _, _ := leadingNumber(digits[from:to]); return n }
	d = datum{calendar: compact, year: number(0, 4), first: number(4, 6), second: number(6, 8)}
	if d.year < 1970 || d.year > 2200 || len(digits) > 8 && len(rest) > 0 ||
		len(digits) == 10 && d.year < 1990 { // seconds since 1970 until 2033

		return d, nil, false
	}
	if len(digits) > 8 {
		d.clock = true
		return d, digits[8:], true
	}
	return d, rest, true
}

// readDayNamed reads Jan-2026 behind a day.
func readDayNamed(day int, rest []byte) (d datum, after []byte, ok bool) {
	month, rest := leadingMonth(afterOf(bytes.TrimLeft(rest, " ")))
	if month == 0 {
		return d, nil, false
	}
	rest = afterOf(bytes.TrimLeft(rest, "-/. "))
	year, digits, rest := leadingNumber(rest)
	if digits != 4 && digits != 2 {
		return d, nil, false
	}
	d = datum{calendar: monthNamed, year: fullYear(year, digits), first: month, second: day}
	return d, rest, true
}

// afterOf cuts the word that stands before months and years in Spanish and Portuguese: 5 de enero
// de 2026.
func afterOf(text []byte) []byte { return bytes.TrimPrefix(text, []byte("de ")) }

// readNamed reads Jan 31, 2026.
func readNamed(text []byte) (d datum, after []byte, ok bool) {
	month, rest := leadingMonth(text)
	if month == 0 || len(rest) == 0 {
		return d, nil, false
	}
	day, digits, rest := leadingNumber(bytes.TrimLeft(rest, "-/. "))
	if digits == 0 || digits > 2 {
		return d, nil, false
	}
	year, digits, rest := leadingNumber(bytes.TrimLeft(rest, "-/., "))
	if digits != 4 {
		return d, nil, false
	}
	return datum{calendar: monthNamed, year: year, first: month, second: day}, rest, true
}

// seconds is the midnight of the date, as if it were of UTC; order is that of a numeric date. ok is
// false when there is no such day.
func (d datum) seconds(order calendar) (unix int64, ok bool) {
	month, day := d.first, d.second
	if d.calendar == numeric && order == dayFirst {
		month, day = day, month
	}
	if month < 1 || month > 12 || day < 1 || day > 31 ||
		day > 28 && day > daysIn(d.year, month) {
		return 0, false
	}
	return time.Date(d.year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Unix(), true
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// fullYear makes a year of two digits one of 1970 to 2069.
func fullYear(year, digits int) int {
	switch {
	case digits > 2:
		return year
	case year < 70:
		return 2000 + year
	}
	return 1900 + year
}

// leadingNumber reads the digits that a text begins with, 19 at most.
func leadingNumber(text []byte) (n, digits int, rest []byte) {
	for digits < len(text) && digits < 19 && text[digits]-'0' <= 9 {
		n = 10*n + int(text[digits]-'0')
		digits++
	}
	return n, digits, text[digits:]
}

// leadingMonth reads the name of a month, in full or short, in one of the languages that files come
// in; 0 for none.
func leadingMonth(text []byte) (month int, rest []byte) {
	end := 0
	for end < len(text) && (text[end]|0x20 >= 'a' && text[end]|0x20 <= 'z' || text[end] >= 0x80) {
		end++
	}
	if end < 3 || end > longestMonth {
		return 0, text
	}
	var room [longestMonth]byte
	word := room[:copy(room[:], text[:end])]
	for i, c := range word {
		if c >= 'A' && c <= 'Z' {
			word[i] = c | 0x20
		}
	}
	for m, starts := range monthNames {
		for _, start := range starts {
			if len(word) >= len(start) && string(word[:len(start)]) == start {
				return m + 1, bytes.TrimLeft(text[end:], ".")
			}
		}
	}
	return 0, text
}

// monthNames are the beginnings of the names of months: English, German, Dutch, French, Spanish,
// Italian, Portuguese and the languages of the north.
var monthNames = [12][]string{
	{"jan", "ene", "gen"}, {"feb", "fév", "fev"}, {"mar", "mär", "mrz", "mrt"}, {"apr", "abr", "avr"},
	{"may", "mai", "maj", "mag", "mei"}, {"jun", "juin", "giu"}, {"jul", "juil", "lug"},
	{"aug", "ago", "aoû", "aou"}, {"sep", "set"}, {"oct", "okt", "ott", "out"}, {"nov"},
	{"dec", "dez", "dic", "déc", "des"},
}

// longestMonth is how many bytes the name of a month has at most.
const longestMonth = 16

// dateText names the form of the dates for a person; mark stands between the numbers of numeric
// ones.
func (c calendar) dateText(mark string) string {
	switch c {
	case yearFirst:
		return "yyyy-mm-dd"
	case dayFirst:
		return "dd" + mark + "mm" + mark + "yyyy"
	case monthFirst:
		return "mm" + mark + "dd" + mark + "yyyy"
	case monthNamed:
		return "dd-Mon-yyyy"
	case compact:
		return "yyyymmdd"
	case epoch:
		return "epoch"
	case calendarNone, numeric:
	}
	return ""
}
