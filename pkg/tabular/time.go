package tabular

import (
	"bytes"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// First and last second of a timestamp: 1970-01-01T00:00:00Z and 2200-12-31T23:59:59Z.
const (
	minUnix = 0
	maxUnix = 7_289_654_399
)

// parseTime reads a timestamp: a date, alone for its midnight or with hours and minutes, seconds, a
// fraction that is zero, and an offset (RFC 3339, or with a space for the T). It returns seconds
// since 1970; naive says that there was no offset and that they are the local time read as if it
// were UTC.
func parseTime(text []byte) (seconds int64, naive bool, bad problem) {
	year, month, day, ok := parseDate(text)
	if !ok {
		return 0, false, problem{meter.ReasonBadTimestamp, timeRemedy(text)}
	}
	seconds = time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()
	ok, naive = true, true
	if len(text) > len("2006-01-02") {
		var within int64
		within, naive, ok = parseClock(text[len("2006-01-02"):])
		seconds += within
	}
	if !ok || seconds < minUnix || seconds > maxUnix {
		return 0, false, problem{meter.ReasonBadTimestamp, remedyTime}
	}
	return seconds, naive, problem{}
}

func parseDate(text []byte) (year int, month time.Month, day int, ok bool) {
	if len(text) < len("2006-01-02") || text[4] != '-' || text[7] != '-' {
		return 0, 0, 0, false
	}
	century, ok1 := twoDigits(text)
	year, ok2 := twoDigits(text[2:])
	m, ok3 := twoDigits(text[5:])
	day, ok4 := twoDigits(text[8:])
	if !ok1 || !ok2 || !ok3 || !ok4 || m < 1 || m > 12 || day < 1 {
		return 0, 0, 0, false
	}
	year += 100 * century
	month = time.Month(m)
	return year, month, day, day <= 28 ||
		day <= time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// parseClock reads what follows a date: T or space, hours and minutes, then seconds, fraction and
// offset if they are there. It returns the seconds since the date's midnight, without the offset.
func parseClock(text []byte) (seconds int64, naive, ok bool) {
	if len(text) < len("T15:04") || text[0] != 'T' && text[0] != ' ' {
		return 0, false, false
	}
	seconds, ok = hourMinute(text[1:])
	text = text[len("T15:04"):]
	if !ok {
		return 0, false, false
	}
	if len(text) >= len(":05") && text[0] == ':' {
		s, ok := twoDigits(text[1:])
		if !ok || s > 59 {
			return 0, false, false
		}
		seconds += int64(s)
		text = text[len(":05"):]
		if len(text) >= 2 && text[0] == '.' && text[1] == '0' { // whole seconds alone
			text = bytes.TrimLeft(text[1:], "0")
		}
	}
	switch {
	case len(text) == 0:
		return seconds, true, true
	case len(text) == 1 && text[0] == 'Z':
		return seconds, false, true
	case len(text) != len("+01:00") || text[0] != '+' && text[0] != '-':
		return 0, false, false
	}
	offset, ok := hourMinute(text[1:])
	if text[0] == '-' {
		offset = -offset
	}
	return seconds - offset, false, ok
}

// hourMinute reads 15:04 at the start of a text of at least so many bytes.
func hourMinute(text []byte) (seconds int64, ok bool) {
	h, ok1 := twoDigits(text)
	m, ok2 := twoDigits(text[3:])
	return int64(h*3600 + m*60), ok1 && ok2 && text[2] == ':' && h < 24 && m < 60
}

func twoDigits(text []byte) (int, bool) {
	a, b := text[0]-'0', text[1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

// timeRemedy tells what to do about a text that starts with no date.
func timeRemedy(text []byte) string {
	const shortest = len("31.1.26")
	digits := bytes.TrimLeft(text, "0123456789.")
	switch {
	case len(text) >= shortest && bytes.IndexAny(text[:3], "/.-") > 0:
		return remedyOrder
	case len(text) > len("20060102") && len(digits) == 0:
		return remedyEpoch
	}
	return remedyTime
}

// written gives a local time in the form that times of a file have, by the length and separator of
// one of them.
func written(local int64, length int, separator byte) string {
	form := time.DateTime
	switch {
	case length <= len("2006-01-02"):
		form = time.DateOnly
	case length <= len("2006-01-02 15:04"):
		form = "2006-01-02 15:04"
	}
	text := []byte(time.Unix(local, 0).UTC().Format(form))
	if len(text) > len("2006-01-02") && separator == 'T' {
		text[len("2006-01-02")] = 'T'
	}
	return string(text)
}
