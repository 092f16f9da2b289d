package tabular

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
)

// Bounds of a sample.
const (
	sampleLines = 1000
	sampleBytes = 512 << 10
)

// sample is the beginning of a file of delimited text, from which its layout is found.
type sample struct {
	lines  []sampleLine
	head   int      // index of the line with the names of the columns; -1 when there is none
	data   int      // index of the first line of data
	names  []string // of the columns
	unit   []string // of the columns, when a row of units stands under the names
	cells  [][][]byte
	kinds  [][]cellKind // of cells
	fields int          // of a line of data
}

// sampleLine is one line that is not empty.
type sampleLine struct {
	number int
	text   []byte
	long   bool // cut to its first bytes
}

// takeSample reads the sample of a file.
func (l *loader) takeSample() (*sample, error) {
	lines, done, err := l.open()
	if err != nil {
		return nil, err
	}
	defer done()
	s := &sample{head: -1}
	for size := 0; len(s.lines) < sampleLines && size < sampleBytes; {
		line, long, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, l.unreadable(lineError(lines.line+1, err))
		}
		if len(bytes.TrimSpace(line)) == 0 || lines.line <= l.opts.SkipLines {
			continue
		}
		size += len(line)
		s.lines = append(s.lines, sampleLine{lines.line, bytes.Clone(line), long})
	}
	if len(s.lines) == 0 {
		return nil, l.fileError("is empty", remedyHeader)
	}
	return s, nil
}

// delimiters are the marks between columns that files have.
var delimiters = []byte{',', ';', '\t', '|'}

// delimiter finds the mark between columns: the one by which most lines are rows of data, else the
// one by which most lines have equally many fields.
func (s *sample) delimiter(split *splitter) byte {
	best, most := byte(','), -1
	for _, d := range delimiters {
		split.delimiter = d
		rows, counts := 0, map[int]int{}
		for i, line := range s.lines {
			if i == 200 {
				break
			}
			fields, ok := split.fields(line.text)
			if !ok || len(fields) < 2 {
				continue
			}
			counts[len(fields)]++
			if likeData(fields) {
				rows++
			}
		}
		alike := 0
		for _, n := range counts {
			alike = max(alike, n)
		}
		if score := rows*len(s.lines) + alike; score > most {
			best, most = d, score
		}
	}
	return best
}

// likeData reports whether fields are a row of data: a time, and another cell that is a number or
// nothing.
func likeData(fields [][]byte) bool {
	time, number := false, false
	for _, field := range fields {
		switch {
		case !time && likeTime(field), kindOf(field).isDated():
			time = true
		case kindOf(field) == cellNumber:
			number = true
		}
	}
	return time && number
}

// likeTime reports whether a field has a date, or a number that may be one.
func likeTime(field []byte) bool {
	k := kindOf(field)
	if k != cellNumber {
		return k.isDated()
	}
	_, ok := parseEpoch(field)
	if d, rest, isDate := readDate(field); isDate && d.calendar == compact && len(rest) == 0 {
		_, ok = d.seconds(yearFirst)
	}
	return ok
}

// timesAlike reports whether a row has a time in a column in which another row has one. The row is
// no header then, also when it has no value.
func timesAlike(row, other [][]byte) bool {
	for i := range min(len(row), len(other)) {
		if likeTime(row[i]) && likeTime(other[i]) {
			return true
		}
	}
	return false
}

// comment reports whether a line is a comment.
func comment(line []byte) bool {
	line = bytes.TrimLeft(line, " \t")
	return hasMagic(line, "#") || hasMagic(line, "//")
}

// findHeader finds the names of the columns, a row of units and the rows of data. contract reports
// whether a field is one of the names that a header must have.
func (s *sample) findHeader(split *splitter, contract func(field []byte) bool) bool {
	counts := map[int]int{}
	first := -1
	rows := make([][][]byte, len(s.lines))
	data := make([]bool, len(s.lines))
	for i, line := range s.lines {
		fields, ok := split.fields(line.text)
		if !ok || line.long || comment(line.text) {
			continue
		}
		rows[i] = cloneFields(fields)
		if s.head < 0 && first < 0 && len(fields) > 1 && slices.ContainsFunc(fields, contract) {
			s.head = i
		}
		if data[i] = likeData(fields); data[i] {
			counts[len(fields)]++
		}
	}
	for n, count := range counts {
		if count > counts[s.fields] || count == counts[s.fields] && n > s.fields {
			s.fields = n
		}
	}
	for i := range rows {
		if data[i] && len(rows[i]) == s.fields && i > s.head {
			first = i
			break
		}
	}
	if s.head < 0 {
		s.head = s.headerBefore(first, rows)
	}
	if !s.named(rows, split) {
		return false
	}
	for _, row := range rows[s.data:] {
		for len(row) > len(s.names) && len(row[len(row)-1]) == 0 {
			row = row[:len(row)-1]
		}
		if len(row) == len(s.names) {
			s.keep(row)
		}
	}
	return true
}

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

// named reads the names of the columns, and the units under them.
func (s *sample) named(rows [][][]byte, split *splitter) bool {
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
	s.data = s.head + 1
	if s.data < len(rows) && unitRow(rows[s.data]) && len(rows[s.data]) == len(s.names) {
		for _, field := range rows[s.data] {
			s.unit = append(s.unit, string(bytes.Trim(field, "[]() ")))
		}
		s.data++
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

// keep adds a row of cells.
func (s *sample) keep(row [][]byte) {
	kinds := make([]cellKind, len(row))
	for c, cell := range row {
		kinds[c] = kindOf(cell)
	}
	s.cells = append(s.cells, row)
	s.kinds = append(s.kinds, kinds)
}

func cloneFields(fields [][]byte) [][]byte {
	all := make([][]byte, len(fields))
	for i, field := range fields {
		all[i] = bytes.Clone(field)
	}
	return all
}
