package tabular

import (
	"bytes"
	"errors"
	"io"
	"slices"
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
	least  int          // fields that rows have at least, when the last columns are often left out
	others []otherTable // that are not read
	// Line of a date alone, above rows that have a time of day alone; 0 for none.
	dateLine int
}

// otherTable are rows of data that belong to another table of the same file.
type otherTable struct {
	rows, fields int
	from, to     int // numbers of their lines
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

// wrapped reports whether most lines stand in quotes as a whole, as where a file of fields in quotes
// was saved once more: no mark parts columns outside of quotes then.
func (s *sample) wrapped() bool {
	n := 0
	split := &splitter{}
	for _, line := range s.lines {
		if bytes.Contains(line.text, []byte(`""`)) && split.one(line.text) &&
			bytes.ContainsAny(unwrapped(line.text), ",;\t|") {
			n++
		}
	}
	return n > 1 && 5*n >= 4*len(s.lines)
}

// one reports whether a line has one field, whatever the mark between columns is.
func (s *splitter) one(line []byte) bool {
	line = bytes.TrimRight(line, ",;\t ")
	for _, s.delimiter = range delimiters {
		if fields, ok := s.fields(line); !ok || len(fields) != 1 {
			return false
		}
	}
	return len(line) > 1 && line[0] == '"'
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
	s.findDateLine(rows)
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
	last := s.head // line of the header
	if s.head < 0 {
		last = s.headerBefore(first, rows)
		s.head = wholeHeader(rows, last)
	}
	if !s.named(rows, last, split) {
		return false
	}
	s.otherTables(rows, data)
	for _, row := range rows[s.data:] {
		if row = fitted(row, len(s.names), s.least); len(row) == len(s.names) && !blank(row) {
			s.keep(row)
		}
	}
	return true
}

// fitted cuts empty fields behind those that have a name, and fills up a row of which the last
// columns are left out: least is how many fields it has then, 0 when no column may be left out.
func fitted(row [][]byte, names, least int) [][]byte {
	for len(row) > names && len(row[len(row)-1]) == 0 {
		row = row[:len(row)-1]
	}
	for least > 0 && len(row) >= least && len(row) < names {
		row = append(row, nil)
	}
	return row
}

// fewestOthers is how many rows make another table: fewer are lines of a preamble.
const fewestOthers = 3

// otherTables notes rows of data that do not belong to the table that is read: those before its
// header, and those behind it with another number of fields.
func (s *sample) otherTables(rows [][][]byte, data []bool) {
	var t otherTable
	end := func() {
		if t.rows >= fewestOthers {
			s.others = append(s.others, t)
		}
		t = otherTable{}
	}
	fields := len(s.names)
	for i, row := range rows {
		if !data[i] || i >= s.data && len(row) <= fields+1 && len(row)+1 >= fields {
			if data[i] || len(row) > 1 {
				end()
			}
			continue
		}
		if t.rows > 0 && len(row) != t.fields {
			end()
		}
		if t.rows == 0 {
			t.from, t.fields = s.lines[i].number, len(row)
		}
		t.rows, t.to = t.rows+1, s.lines[i].number
	}
	end()
}

// findDateLine finds the first line of a date alone that has a row with a time of day alone under
// it.
func (s *sample) findDateLine(rows [][][]byte) {
	for i, row := range rows[:max(len(rows)-1, 0)] {
		next := rows[i+1]
		if len(row) > 0 && len(next) > 1 && kindOf(row[0]) == cellDate &&
			(len(row) == 1 || blank(row[1:])) && kindOf(next[0]) == cellClock {
			s.dateLine = s.lines[i].number
			return
		}
	}
}

// blank reports whether a row has no text in any field.
func blank(row [][]byte) bool {
	for _, field := range row {
		if len(field) > 0 {
			return false
		}
	}
	return len(row) > 0
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
