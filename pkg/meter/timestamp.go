package meter

import (
	"bytes"
	"time"
)

// Years that a timestamp may have. Numbers since 1970 must fall into 2000 to 2100, so that their
// size tells their unit.
const (
	minYear  = 1970
	maxYear  = 2200
	minEpoch = 946_684_800   // 2000-01-01T00:00:00Z
	maxEpoch = 4_102_444_800 // 2100-01-01T00:00:00Z
)

// The first and the last second of a timestamp: 1970-01-01T00:00:00Z and 2200-12-31T23:59:59Z.
const (
	minTimestamp = 0
	maxTimestamp = 7_289_654_399
)

// Timestamp is a time as a sender writes it.
type Timestamp struct {
	Seconds int64 // since 1970; of a Local time, as if its clock were that of UTC
	Nanos   int32 // of the second
	Local   bool  // the sender wrote no offset from UTC
}

// ParseTimestamp reads a time in the forms that senders use, where they have one meaning: RFC 3339,
// also with a space in place of the T, without seconds, with a decimal comma, with the offset as
// +0100 or +01, with UTC or GMT in place of the Z, or without an offset; the date alone, which is
// its midnight; and seconds, milliseconds, microseconds or nanoseconds since 1970 that fall into
// 2000 to 2100. ok is false for any other text and for years outside 1970 to 2200.
func ParseTimestamp(text []byte) (t Timestamp, ok bool) {
	if seconds, ok := parseCommon(text); ok {
		return Timestamp{Seconds: seconds}, true
	}
	return parseAny(bytes.TrimSpace(text))
}

// parseCommon reads the most common form alone, such as 2026-01-31T13:00:00Z, and does so quickly.
func parseCommon(text []byte) (seconds int64, ok bool) {
	const form = "2026-01-31T13:00:00Z"
	if len(text) != len(form) || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
		text[13] != ':' || text[16] != ':' || text[19] != 'Z' {
		return 0, false
	}
	century, a := twoDigits(text)
	year, b := twoDigits(text[2:])
	month, c := twoDigits(text[5:])
	day, d := twoDigits(text[8:])
	hour, e := twoDigits(text[11:])
	minute, f := twoDigits(text[14:])
	second, g := twoDigits(text[17:])
	if year += 100 * century; !(a && b && c && d && e && f && g) || year < minYear || year > maxYear ||
		month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ||
		hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	return midnight(year, month, day) + int64(hour*HourSeconds+minute*60+second), true
}

// daysIn is the number of days of a month.
func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// midnight is the second at which a day of UTC begins. A year is counted from March on, so that the
// leap day is its last.
func midnight(year, month, day int) int64 {
	if month -= 3; month < 0 {
		month += 12
		year--
	}
	const epoch = 719468 // days from the first of March of year 0 to 1970
	days := year*365 + year/4 - year/100 + year/400 + (153*month+2)/5 + day - 1
	return int64(days-epoch) * DaySeconds
}

// parseAny reads all forms of ParseTimestamp.
func parseAny(text []byte) (t Timestamp, ok bool) {
	if t, ok = parseEpoch(text); ok {
		return t, true
	}
	day, rest, ok := parseDate(text)
	if !ok {
		return Timestamp{}, false
	}
	t = Timestamp{Seconds: day, Local: true}
	if len(rest) > 0 {
		if rest[0]|0x20 != 't' && rest[0] != ' ' {
			return Timestamp{}, false
		}
		second, nanos, after, ok := parseClock(rest[1:])
		if !ok {
			return Timestamp{}, false
		}
		t.Seconds, t.Nanos, rest = day+second, nanos, after
	}
	if len(rest) > 0 {
		offset, ok := parseOffset(bytes.TrimLeft(rest, " "))
		if !ok {
			return Timestamp{}, false
		}
		t.Seconds, t.Local = t.Seconds-offset, false
	}
	if t.Seconds < minTimestamp || t.Seconds > maxTimestamp {
		return Timestamp{}, false
	}
	return t, true
}

// parseEpoch reads a number since 1970, in the unit that its size tells. Decimals are read behind
// seconds and cut off behind the other units.
func parseEpoch(text []byte) (t Timestamp, ok bool) {
	n, digits := leadingDigits(text)
	rest := text[digits:]
	if digits < 9 || len(rest) > 0 && rest[0] != '.' {
		return t, false
	}
	if len(rest) > 0 {
		if t.Nanos, rest, ok = parseFraction(rest); !ok || len(rest) > 0 {
			return Timestamp{}, false
		}
	}
	for _, unit := range [...]int64{1, 1e3, 1e6, 1e9} {
		if s := n / unit; s >= minEpoch && s < maxEpoch {
			if t.Seconds = s; unit > 1 {
				t.Nanos = int32(n % unit * (1e9 / unit))
			}
			return t, true
		}
	}
	return Timestamp{}, false
}

// parseDate reads a date, with hyphens or slashes, and returns the second of its midnight.
func parseDate(text []byte) (second int64, rest []byte, ok bool) {
	if len(text) < len("2026-01-31") || text[4] != '-' && text[4] != '/' || text[7] != text[4] {
		return 0, nil, false
	}
	year, digits := leadingDigits(text[:4])
	month, monthOK := twoDigits(text[5:])
	day, dayOK := twoDigits(text[8:])
	if digits != 4 || !monthOK || !dayOK || year < minYear-1 || year > maxYear+1 ||
		month < 1 || month > 12 || day < 1 || day > daysIn(int(year), month) {
		return 0, nil, false
	}
	return midnight(int(year), month, day), text[len("2026-01-31"):], true
}

// parseClock reads a time of day, with or without seconds. 24:00 is the end of the day.
func parseClock(text []byte) (seconds int64, nanos int32, rest []byte, ok bool) {
	hour, ok := twoDigits(text)
	if !ok || len(text) < len("13:00") || text[2] != ':' {
		return 0, 0, nil, false
	}
	minute, ok := twoDigits(text[3:])
	second := 0
	if rest = text[5:]; ok && len(rest) > 0 && rest[0] == ':' {
		if second, ok = twoDigits(rest[1:]); ok {
			rest = rest[3:]
		}
		if ok && len(rest) > 0 && (rest[0] == '.' || rest[0] == ',') {
			nanos, rest, ok = parseFraction(rest)
		}
	}
	if !ok || hour > 24 || minute > 59 || second > 59 ||
		hour == 24 && (minute+second > 0 || nanos > 0) {
		return 0, 0, nil, false
	}
	return int64(hour*HourSeconds + minute*60 + second), nanos, rest, true
}

// parseFraction reads a decimal mark and the decimals of a second. Those beyond nanoseconds are cut
// off.
func parseFraction(text []byte) (nanos int32, rest []byte, ok bool) {
	digits := 0
	for rest = text[1:]; len(rest) > 0 && rest[0]-'0' <= 9; rest = rest[1:] {
		if digits++; digits <= 9 {
			nanos = 10*nanos + int32(rest[0]-'0')
		}
	}
	for n := digits; n < 9; n++ {
		nanos *= 10
	}
	return nanos, rest, digits > 0
}

// parseOffset reads Z, UTC, GMT, +01:00, +0100 or +01, in seconds east.
func parseOffset(text []byte) (seconds int64, ok bool) {
	if len(text) == 0 {
		return 0, false
	}
	if text[0] != '+' && text[0] != '-' {
		return 0, bytes.EqualFold(text, []byte("Z")) || bytes.EqualFold(text, []byte("UTC")) ||
			bytes.EqualFold(text, []byte("GMT"))
	}
	hour, ok := twoDigits(text[1:])
	minute := 0
	if rest := text[min(3, len(text)):]; ok && len(rest) > 0 {
		if rest[0] == ':' {
			rest = rest[1:]
		}
		minute, ok = twoDigits(rest)
		ok = ok && len(rest) == 2
	}
	if !ok || hour > 23 || minute > 59 {
		return 0, false
	}
	seconds = int64(hour*HourSeconds + minute*60)
	if text[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}

// leadingDigits reads the number that a text begins with, of at most 19 digits.
func leadingDigits(text []byte) (n int64, digits int) {
	for digits < len(text) && digits < 19 && text[digits]-'0' <= 9 {
		n = 10*n + int64(text[digits]-'0')
		digits++
	}
	return n, digits
}

// twoDigits reads the two digits that a text begins with.
func twoDigits(text []byte) (n int, ok bool) {
	if len(text) < 2 {
		return 0, false
	}
	a, b := text[0]-'0', text[1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

// Clock says how often the clocks of a zone show a time.
type Clock uint8

// The answers to how often.
const (
	ClockOnce    Clock = iota
	ClockSkipped       // never: clocks are put forward over it
	ClockTwice         // clocks are put back over it
)

// In returns the moment of a timestamp. A Local one is a time of the clocks of zone; its moment is
// known when they show it once.
func (t Timestamp) In(zone *time.Location) (time.Time, Clock) {
	if !t.Local {
		return time.Unix(t.Seconds, int64(t.Nanos)).UTC(), ClockOnce
	}
	offset := func(second int64) int64 {
		_, o := time.Unix(second, 0).In(zone).Zone()
		return int64(o)
	}
	// Offsets are less than a day, and no zone changes its clocks twice in two days.
	before, after := offset(t.Seconds-DaySeconds), offset(t.Seconds+DaySeconds)
	first, second := t.Seconds-before, t.Seconds-after
	isFirst, isSecond := offset(first) == before, offset(second) == after
	switch {
	case isFirst && isSecond && first != second:
		return time.Time{}, ClockTwice
	case isFirst:
		return time.Unix(first, int64(t.Nanos)).UTC(), ClockOnce
	case isSecond:
		return time.Unix(second, int64(t.Nanos)).UTC(), ClockOnce
	}
	return time.Time{}, ClockSkipped
}
