package tabular

import (
	"bytes"
	"slices"
	"strconv"
)

// headerBefore finds the last line before the first row of data that has as many fields; the first
// line when there is no row of data, -1 when data begin at once.
func (s *sample) headerBefore(first int, rows [][][]byte) int {
	switch first {
	case -1:
		return max(slices.IndexFunc(rows, func(r [][]byte) bool { return len(r) > 0 }), 0)
	case 0:
		return -1
	}
	for _, fits := range []func(row [][]byte) bool{
		func(row [][]byte) bool { return len(row) == s.fields && !unitRow(row) },
		// The rows of data end in a mark between columns, the header does not.
		func(row [][]byte) bool { return len(row) == s.fields-1 && len(row) > 1 && !unitRow(row) },
		s.hasNotes,
		func(row [][]byte) bool { return len(row) == s.fields },
	} {
		for i := first - 1; i >= 0; i-- {
			if rows[i] != nil && fits(rows[i]) && !timesAlike(rows[i], rows[first]) && !likeData(rows[i]) {
				return i
			}
		}
	}
	for i := first - 1; i >= 0; i-- { // a header may stand in a comment
		if comment(s.lines[i].text) {
			return i
		}
	}
	return -1
}

// wholeHeader is the line with the names of the columns, of a header that ends at a line. A header
// of several lines has units, kinds of numbers or the same word for many columns in the last ones;
// the names are in the line above whose texts differ from column to column.
func wholeHeader(rows [][][]byte, last int) int {
	if last < 1 || rows[last] == nil {
		return last
	}
	repeated := repeats(rows[last])
	for i := last - 1; i >= 0 && i > last-maxHeader; i-- {
		switch row := rows[i]; {
		case len(row) != len(rows[last]) || likeData(row):
			if len(row) > 0 {
				return last
			}
		case kindsUnder(rows[last], row), repeated && namesEach(row):
			return i
		case !repeated:
			return last
		}
	}
	return last
}

// maxHeader is how many lines a header may have.
const maxHeader = 8

// namesEach reports whether a row has a text of its own for most columns. The column of times may have
// none.
func namesEach(row [][]byte) bool {
	texts := map[string]bool{}
	for _, field := range row {
		texts[string(field)] = true
	}
	return 5*len(texts) >= 4*len(row) && !unitRow(row) && !blank(row)
}

// hasNotes reports whether a header has more names than the rows have fields, and the names behind
// are those of notes, which rows leave out.
func (s *sample) hasNotes(row [][]byte) bool {
	if len(row) <= s.fields || len(row) > s.fields+2 || s.fields < 2 {
		return false
	}
	for _, name := range row[s.fields:] {
		if !wordsOf(string(name)).in(noteWords) {
			return false
		}
	}
	return true
}

// repeats reports whether a text stands in several fields of a row.
func repeats(row [][]byte) bool {
	seen := make(map[string]bool, len(row))
	for _, field := range row {
		if len(field) > 0 && seen[string(field)] {
			return true
		}
		seen[string(field)] = true
	}
	return false
}

// kindsUnder reports whether a row under the names of columns says what each column holds: a unit,
// a kind of values, or its name again, as at least one does.
func kindsUnder(row, names [][]byte) bool {
	kinds, same := 0, 0
	for i, field := range row {
		words := wordsOf(string(field))
		switch k := kindOf(names[i]); {
		case k == cellNumber || k.isTime():
			return false
		case len(field) == 0:
		case bytes.Equal(field, names[i]):
			same++
		case isMeasure(field), words.in(typeWords):
			kinds++
		case !words.in(hourWords):
			return false
		}
	}
	return kinds > 0 && same > 0
}

// named reads the names of the columns, and the units under them. last is the last line of the
// header.
func (s *sample) named(rows [][][]byte, last int, split *splitter) bool {
	if s.head < 0 {
		for i := range s.fields {
			s.names = append(s.names, "column "+strconv.Itoa(i+1))
		}
		return true
	}
	line := s.lines[s.head]
	text := line.text
	if comment(text) {
		text = bytes.TrimLeft(text, "#/ ")
	}
	fields, ok := split.fields(text)
	if !ok || line.long || len(fields) > maxColumns {
		return false
	}
	for _, field := range fields {
		s.names = append(s.names, string(plainMarks(field)))
	}
	if s.hasNotes(fields) {
		s.least = s.fields
	}
	s.data = last + 1
	for i := s.head + 1; i <= s.data && i < len(rows); i++ {
		row := rows[i]
		if len(row) != len(s.names) || !unitRow(row) && (i == s.data || !kindsUnder(row, fields)) {
			continue
		}
		s.unit = s.unit[:0]
		for _, field := range row {
			s.unit = append(s.unit, string(bytes.Trim(field, "[]() ")))
		}
		if i == s.data {
			s.data++
			break
		}
	}
	return true
}

// unitRow reports whether a row holds units: at least one, and no time, no number and no name of a
// column of times.
func unitRow(fields [][]byte) bool {
	units := 0
	for _, field := range fields {
		switch k := kindOf(field); {
		case isMeasure(field):
			units++
		case k == cellNumber || k.isTime() || wordsOf(string(field)).in(timeWords):
			return false
		}
	}
	return units > 0
}
