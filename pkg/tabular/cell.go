package tabular

import "bytes"

// cellKind is what the text of a cell looks like.
type cellKind uint8

const (
	cellEmpty cellKind = iota
	cellNumber
	cellDate   // a date alone
	cellStamp  // a date with a clock
	cellClock  // a time of day
	cellRange  // two dates with clocks
	cellClocks // two times of day
	cellText
	cellKinds
)

// isTime reports whether a cell can be a time or a part of one.
func (k cellKind) isTime() bool { return k >= cellDate && k <= cellClocks }

// isDated reports whether a cell has a date.
func (k cellKind) isDated() bool { return k == cellDate || k == cellStamp || k == cellRange }

// kindOf looks at a cell. A number may as well be an epoch, a date of digits or an hour: that is
// seen in its column.
func kindOf(text []byte) cellKind {
	if len(text) == 0 {
		return cellEmpty
	}
	if len(text) > 64 {
		return cellText
	}
	if _, ok := hourRange(text); ok {
		return cellClocks
	}
	if from, to, ok := cutRange(text); ok {
		if k := kindOf(from); k == cellStamp && kindOf(to) != cellText {
			return cellRange
		} else if k == cellClock && kindOf(to) == cellClock {
			return cellClocks
		}
	}
	if k := dated(text); k != cellText {
		return k
	}
	marked := bytes.IndexByte(text, ':') > 0 || halfDayMark(text) || hourMark(text)
	if len(text) >= len("0:00") && text[0]-'0' <= 9 && marked {
		if _, ok := parseClock(text); ok {
			return cellClock
		}
	}
	if _, ok := numberShape(text); ok {
		return cellNumber
	}
	if _, unit := cutUnit(text); unit != nil {
		return cellNumber
	}
	return cellText
}

// dated tells a date from a date with a clock.
func dated(text []byte) cellKind {
	d, rest, ok := readDate(text)
	if !ok || d.calendar == compact && len(rest) == 0 {
		return cellText
	}
	_, first := d.seconds(dayFirst)
	_, second := d.seconds(monthFirst)
	if !first && !second {
		return cellText
	}
	if len(rest) == 0 {
		return cellDate
	}
	if _, ok := d.clockBehind(rest); !ok {
		return cellText
	}
	return cellStamp
}

// hourMark reports whether a text has an h behind its hour: 13h00.
func hourMark(text []byte) bool {
	_, digits, rest := leadingNumber(text)
	return digits > 0 && digits <= 2 && len(rest) == 3 && rest[0] == 'h'
}

// halfDayMark reports whether a text ends in AM or PM.
func halfDayMark(text []byte) bool {
	text = bytes.TrimRight(text, ".")
	return len(text) > 2 && text[len(text)-1]|0x20 == 'm'
}

// rangeMarks part the start of a range from its end.
var rangeMarks = [][]byte{
	[]byte(" - "), []byte(" – "), []byte("–"), []byte(" bis "), []byte(" to "), []byte(" até "),
	[]byte("～"), []byte("~"), []byte("/"), []byte("-"),
}

// cutRange parts a range of two times.
func cutRange(text []byte) (from, to []byte, ok bool) {
	for _, mark := range rangeMarks {
		at := bytes.Index(text, mark)
		if at < 0 {
			continue
		}
		from, to := bytes.TrimSpace(text[:at]), bytes.TrimSpace(text[at+len(mark):])
		switch {
		case len(from) < len("0:00"), len(to) < len("0:00"):
		case len(mark) > 1 && mark[0] != '-',
			bytes.IndexByte(from, ':') > 0 && bytes.IndexByte(to, ':') > 0:
			return from, to, true
		}
		if string(mark) == "/" && bytes.Count(text, mark) == 1 && len(from) > len("2026-01-31") {
			return from, to, true
		}
	}
	return nil, nil, false
}

// hourRange reads the first hour of a range of one hour, as 00 - 01.
func hourRange(text []byte) (hour int64, ok bool) {
	from, digits, rest := leadingNumber(text)
	mark := bytes.Trim(rest, " 0123456789")
	if digits != 2 || from > 23 || string(mark) != "-" && string(mark) != "–" {
		return 0, false
	}
	to, digits, rest := leadingNumber(bytes.TrimLeft(rest, " -–"))
	return int64(from), digits == 2 && len(rest) == 0 && (to == from+1 || from == 23 && to == 0)
}

// cutUnit parts a number from the unit behind it, as in 0,5 kWh; unit is nil when there is none.
func cutUnit(text []byte) (number, unit []byte) {
	last := bytes.LastIndexAny(text, "0123456789")
	if last < 0 || last+1 == len(text) {
		return text, nil
	}
	unit = bytes.TrimSpace(plainMarks(text[last+1:]))
	if _, ok := numberShape(text[:last+1]); !ok || measureOf(string(unit)).unit == "" {
		return text, nil
	}
	return text[:last+1], unit
}

// isMeasure reports whether a cell is a unit, also in brackets.
func isMeasure(text []byte) bool {
	text = bytes.Trim(text, "[]() ")
	return len(text) > 0 && len(text) <= 12 && measureOf(string(text)).unit != ""
}
