package tabular

import (
	"bytes"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// First and last second of a timestamp: 1970-01-01T00:00:00Z and 2200-12-31T23:59:59Z.
const (
	minUnix = 0
	maxUnix = 7_289_654_399
)

// Epochs are read when they fall into 2000 to 2100.
const (
	minEpoch = 946_684_800
	maxEpoch = 4_102_444_800
)

// instant is a time as it is written.
type instant struct {
	local    int64 // seconds since 1970, as if the clock were of UTC; of a zoned time those of UTC
	zoned    bool  // it has an offset
	dateOnly bool  // it has no clock
	period   int   // periods since the midnight, to be added when all rows are read
}

// parseTime reads a time: a date of the calendar, alone for its midnight or with a clock and an
// offset. Fractions of seconds are cut off.
func parseTime(text []byte, c calendar) (instant, problem) {
	at, ok := parseInstant(text, c)
	switch {
	case !ok:
		return instant{}, problem{meter.ReasonBadTimestamp, timeRemedy(text, c)}
	case at.local < minUnix || at.local > maxUnix:
		return instant{}, problem{meter.ReasonBadTimestamp, remedyTime}
	}
	return at, problem{}
}

func parseInstant(text []byte, c calendar) (instant, bool) {
	if c == epoch {
		return parseEpoch(text)
	}
	d, rest, ok := readDate(text)
	if !ok || d.calendar != c && (d.calendar != numeric || c != dayFirst && c != monthFirst) {
		return instant{}, false
	}
	midnight, ok := d.seconds(c)
	if !ok {
		return instant{}, false
	}
	if len(rest) == 0 {
		return instant{local: midnight, dateOnly: true}, true
	}
	clock, ok := d.clockBehind(rest)
	if !ok {
		return instant{}, false
	}
	return instant{local: midnight + clock.seconds - clock.offset, zoned: clock.zoned}, true
}

// clockBehind reads the clock that stands behind a date. Behind digits it may be an hour alone:
// 2026013113.
func (d datum) clockBehind(rest []byte) (c clockTime, ok bool) {
	switch {
	case d.clock && len(rest) == 2:
		hour, digits, _ := leadingNumber(rest)
		return clockTime{seconds: int64(hour) * meter.HourSeconds}, digits == 2 && hour <= 24
	case !d.clock:
		rest = afterDate(rest)
	}
	return parseClock(rest)
}

// afterDate cuts what stands between a date and its clock; nil when it is nothing known.
func afterDate(rest []byte) []byte {
	switch {
	case len(rest) > 1 && (rest[0] == 'T' || rest[0] == ' ' || rest[0] == ':'):
		rest = rest[1:]
	case len(rest) > 2 && rest[0] == ',' && rest[1] == ' ':
		rest = rest[2:]
	default:
		return nil
	}
	return bytes.TrimLeft(rest, " ")
}

// parseEpoch reads seconds, milliseconds, microseconds or nanoseconds since 1970, by their size.
func parseEpoch(text []byte) (instant, bool) {
	n, digits, rest := leadingNumber(text)
	if len(rest) > 0 && (rest[0] != '.' || len(bytes.Trim(rest[1:], "0123456789")) > 0) {
		return instant{}, false
	}
	unix := int64(n)
	for _, unit := range [...]int64{1, 1e3, 1e6, 1e9} {
		if s := unix / unit; digits >= 9 && s >= minEpoch && s < maxEpoch {
			return instant{local: s, zoned: true}, true
		}
	}
	return instant{}, false
}

// clockTime is a time of day as it is written.
type clockTime struct {
	seconds int64 // since midnight; 24:00 is a whole day
	offset  int64 // of a zoned time, in seconds east
	zoned   bool
}

// parseClock reads a time of day: 13:00, 13:00:59.123, 1:00 PM, 13.00, 1300, 24:00, each with an
// offset or a short name of a zone behind it.
func parseClock(text []byte) (c clockTime, ok bool) {
	hour, digits, rest := leadingNumber(text)
	var minute, second int
	switch {
	case digits == 4 || digits == 6:
		minute = hour % 100
		hour /= 100
		if digits == 6 {
			hour, minute, second = hour/100, hour%100, minute
		}
	case digits == 0 || digits > 2:
		return c, false
	case len(rest) >= 3 && (rest[0] == ':' || rest[0] == '.' || rest[0] == 'h'):
		separator := rest[0]
		if minute, rest, ok = pair(rest[1:]); !ok {
			return c, false
		}
		if len(rest) > 0 && rest[0] == separator && separator != 'h' {
			if second, rest, ok = pair(rest[1:]); !ok {
				return c, false
			}
			if rest, ok = fraction(rest); !ok {
				return c, false
			}
		}
	case !letterFirst(bytes.TrimLeft(rest, " ")): // an hour alone has AM, PM or a zone behind it
		return c, false
	}
	if hour, rest, ok = halfDay(hour, rest); !ok {
		return c, false
	}
	if minute > 59 || second > 59 || hour > 24 || hour == 24 && minute+second > 0 {
		return c, false
	}
	c.seconds = int64(hour*3600 + minute*60 + second)
	if len(rest) == 0 {
		return c, true
	}
	c.zoned = true
	c.offset, ok = parseOffset(bytes.TrimLeft(rest, " "))
	return c, ok
}

func letterFirst(text []byte) bool {
	return len(text) > 0 && text[0]|0x20 >= 'a' && text[0]|0x20 <= 'z'
}

// pair reads two digits.
func pair(text []byte) (n int, rest []byte, ok bool) {
	if len(text) < 2 {
		return 0, nil, false
	}
	n, ok = twoDigits(text)
	return n, text[2:], ok
}

// fraction cuts a fraction of a second.
func fraction(text []byte) (rest []byte, ok bool) {
	if len(text) == 0 || text[0] != '.' && text[0] != ',' {
		return text, true
	}
	rest = bytes.TrimLeft(text[1:], "0123456789")
	return rest, len(rest) < len(text)-1
}

// halfDay reads AM or PM behind an hour.
func halfDay(hour int, rest []byte) (of24 int, after []byte, ok bool) {
	word := bytes.TrimLeft(rest, " ")
	if len(word) < 2 || word[0]|0x20 != 'a' && word[0]|0x20 != 'p' {
		return hour, rest, true
	}
	after = bytes.TrimLeft(word[1:], ".")
	after = bytes.TrimLeft(bytes.TrimPrefix(after, []byte("\u00a0")), " ") // a. m.
	if len(after) == 0 || after[0]|0x20 != 'm' {
		return hour, rest, true
	}
	afternoon := word[0]|0x20 == 'p'
	switch {
	case hour == 0 && !afternoon, hour > 12 && hour < 24 && afternoon:
		// A clock of 24 hours with the mark of one of 12: 00:15 AM, 13:15 PM.
	case hour < 1 || hour > 12:
		return hour, rest, false
	default:
		if hour %= 12; afternoon {
			hour += 12
		}
	}
	return hour, bytes.TrimLeft(after[1:], "."), true
}

// parseOffset reads Z, +01:00, +0100, +01 or a short name of a zone, also in brackets. The name of the
// zone may stand behind an offset.
func parseOffset(text []byte) (seconds int64, ok bool) {
	if n := len(text); n > 2 && text[0] == '(' && text[n-1] == ')' {
		text = text[1 : n-1]
	}
	switch {
	case len(text) == 0:
		return 0, false
	case text[0] != '+' && text[0] != '-':
		hours, known := zoneNames[strings.ToUpper(string(text[:min(len(text), 8)]))]
		return int64(hours * 3600), known
	}
	hour, rest, ok := pair(text[1:])
	minute := 0
	if ok && len(rest) > 0 {
		if rest[0] == ':' {
			rest = rest[1:]
		}
		minute, rest, ok = pair(rest)
	}
	if !ok || !zoneName(rest) || hour > 23 || minute > 59 {
		return 0, false
	}
	seconds = int64(hour*3600 + minute*60)
	if text[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}

// zoneName reports whether a text is empty or the name of the zone behind an offset: [Europe/Berlin]
// and CET, as some languages write it.
func zoneName(text []byte) bool {
	if n := len(text); n > 2 && text[0] == '[' && text[n-1] == ']' {
		return true
	}
	return len(text) == 0 || text[0] == ' ' && len(bytes.Trim(text[1:], zoneLetters)) == 0
}

const zoneLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// zoneNames are the short names of zones that stand behind a clock and mean one offset, in hours.
var zoneNames = map[string]float64{
	"Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2,
	"MESZ": 2, "EET": 2, "EEST": 3, "EST": -5, "EDT": -4, "CDT": -5, "MST": -7,
	"MDT": -6, "PST": -8, "PDT": -7, "JST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
	"BRT": -3,
}

func twoDigits(text []byte) (int, bool) {
	a, b := text[0]-'0', text[1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

// timeRemedy tells what to do about a text that is no time of the calendar of its file.
func timeRemedy(text []byte, c calendar) string {
	if d, _, ok := readDate(text); ok && d.calendar == numeric && c != dayFirst && c != monthFirst {
		return remedyOrder
	}
	if _, ok := parseEpoch(text); ok {
		return remedyEpoch
	}
	return remedyTime
}

// written gives a local time in the form of the contract, by the length and the separator that
// times of its file have.
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
