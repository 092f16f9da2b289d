package tabular

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

const (
	maxValue = 1e12 // magnitude of a value, exclusive
	minYear  = 1970 // first year of a timestamp
	maxYear  = 2200 // last year of a timestamp
	maxToken = 64   // bytes of a site or meter
)

// defaultSite is the site of a series that is named without one.
const defaultSite = "default"

// What a person is told to do.
const (
	remedyTime   = "write 2026-01-31T13:00:00Z, or 2026-01-31 13:00 for UTC; whole seconds, years 1970 to 2200"
	remedyNumber = "write decimals with a point and no thousands mark, or leave the row out"
	remedyRange  = "values must be below 1e12 in magnitude; use a larger unit"
	remedySeries = "name series <site>.<meter> or <meter>, each of 1 to 64 letters, digits, _ or -"
	remedyFields = "give each row as many fields as the header has; quote fields with commas in them"
	remedyQuotes = `close each quote on its line; write "" for a quote inside one`
	remedyLine   = "lines may have 64 KiB"
	remedyMany   = "a table may have a million series"
)

// problem is what is wrong with a field; the zero value means nothing.
type problem struct{ reason, remedy string }

// parseValue reads a number; the text must be plain decimal, with or without an exponent.
func parseValue(text []byte) (float64, problem) {
	v, err := strconv.ParseFloat(string(text), 64)
	switch {
	case bytes.ContainsAny(text, "xX_pP"):
		return 0, problem{reasonNotANumber, remedyNumber} // forms of Go's own
	case err != nil && !math.IsInf(v, 0), math.IsNaN(v):
		return 0, problem{reasonNotANumber, remedyNumber}
	case math.IsInf(v, 0):
		return 0, problem{reasonNotFinite, remedyNumber}
	case math.Abs(v) >= maxValue:
		return 0, problem{reasonOutOfRange, remedyRange}
	}
	return v, problem{}
}

// parseTime reads a timestamp: RFC 3339, with a space for the T too, or a time without an offset, which is read as
// UTC. It returns seconds since 1970.
func parseTime(text []byte) (int64, problem) {
	bad := problem{reasonBadTimestamp, remedyTime}
	if len(text) < len("2006-01-02 15:04") || len(text) > len("2006-01-02T15:04:05.999999999+00:00") || text[13] != ':' {
		return 0, bad
	}
	var t time.Time
	var err error
	switch separator := text[10]; {
	case separator != 'T' && separator != ' ':
		return 0, bad
	case len(text) == len("2006-01-02 15:04"):
		t, err = parseLayout("2006-01-02T15:04", text)
	case len(text) == len("2006-01-02 15:04:05"):
		t, err = parseLayout("2006-01-02T15:04:05", text)
	case text[16] != ':' || text[19] == ',':
		return 0, bad // package time would take these
	default:
		t, err = parseLayout(time.RFC3339, text)
	}
	if err != nil || t.Nanosecond() != 0 {
		return 0, bad
	}
	if y := t.UTC().Year(); y < minYear || y > maxYear {
		return 0, bad
	}
	return t.Unix(), problem{}
}

// parseLayout parses text by a layout with a T, which may be a space in text.
func parseLayout(layout string, text []byte) (time.Time, error) {
	var withT [len("2006-01-02T15:04:05.999999999+00:00")]byte
	n := copy(withT[:], text)
	withT[10] = 'T'
	return time.Parse(layout, string(withT[:n]))
}

// parseSeries reads <site>.<meter> or <meter>.
func parseSeries(text []byte) (SeriesName, problem) {
	site, meter, dotted := bytes.Cut(text, []byte("."))
	if !dotted {
		site, meter = []byte(defaultSite), text
	}
	if !validToken(site) || !validToken(meter) {
		return SeriesName{}, problem{reasonBadSubject, remedySeries}
	}
	return SeriesName{Site: string(site), Meter: string(meter)}, problem{}
}

// validToken reports whether s can stand in a subject: 1 to 64 of [A-Za-z0-9_-].
func validToken(s []byte) bool {
	if len(s) == 0 || len(s) > maxToken {
		return false
	}
	for _, c := range s {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}
