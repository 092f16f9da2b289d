package streams

import (
	"strconv"
	"time"
)

// parseInterval reads an interval as a Go duration ("1h", "30m") or in ISO 8601 ("PT1H", "PT30M").
// ok is false when the text is neither, or the duration is not positive.
func parseInterval(s string) (d time.Duration, ok bool) {
	if len(s) > 0 && s[0] == 'P' {
		return parseISO(s[1:])
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, false
	}
	return d, true
}

// parseISO reads the part of an ISO 8601 duration after its P: whole days, hours, minutes and
// seconds. Months and years have no fixed length and are refused.
func parseISO(s string) (time.Duration, bool) {
	var total time.Duration
	inTime := false
	for len(s) > 0 {
		if s[0] == 'T' && !inTime {
			inTime, s = true, s[1:]
			if s == "" {
				return 0, false
			}
			continue
		}
		digits := 0
		for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
			digits++
		}
		if digits == 0 || digits > 6 || digits == len(s) {
			return 0, false
		}
		n, err := strconv.Atoi(s[:digits])
		if err != nil {
			return 0, false
		}
		var unit time.Duration
		switch {
		case s[digits] == 'D' && !inTime:
			unit = 24 * time.Hour
		case s[digits] == 'H' && inTime:
			unit = time.Hour
		case s[digits] == 'M' && inTime:
			unit = time.Minute
		case s[digits] == 'S' && inTime:
			unit = time.Second
		default:
			return 0, false
		}
		if n > int(30*24*time.Hour/unit) {
			return 0, false // no interval of a meter is longer than a month
		}
		total += time.Duration(n) * unit
		s = s[digits+1:]
	}
	return total, total > 0
}
