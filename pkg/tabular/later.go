package tabular

import "bytes"

// laterTable is another table with as many columns that begins behind the rows of the one that is
// read.
type laterTable struct {
	begun int // line of its header; 0 while rows are read
	rows  int // of all such tables
	line  int // of the header of the first one
	again int // headers that are those of the table that is read
	joint int // line of the first of these
}

// laterHeader reports whether the line is a header: no number and no time, and in the column of times
// the name of that column or another name of times. Behind a header with other names the rows are
// passed over, until the names of the table that is read stand again.
func (l *loader) laterHeader() bool {
	name := l.fields[l.at.time]
	same := string(name) == l.at.names[l.at.time]
	if !same && !wordsOf(shown(name)).in(timeWords) {
		return false
	}
	names := 0
	for _, field := range l.fields {
		switch k := kindOf(field); {
		case k == cellNumber || k.isTime():
			return false
		case k == cellText:
			names++
		}
	}
	if names < 2 {
		return false
	}
	if l.named(l.fields) {
		if l.later.again++; l.later.joint == 0 {
			l.later.joint = l.line
		}
		return true
	}
	if l.later.begun = l.line; l.later.line == 0 {
		l.later.line = l.line
	}
	return true
}

// named reports whether fields are the names of the columns.
func (l *loader) named(fields [][]byte) bool {
	for i, field := range fields {
		if string(field) != l.at.names[i] {
			return false
		}
	}
	return true
}

// headerAgain reports whether a line behind another table is the header of the one that is read.
func (l *loader) headerAgain(line []byte) bool {
	if !bytes.Contains(line, []byte(l.at.names[0])) {
		return false
	}
	fields, ok := l.split.fields(line)
	if fields = l.at.fitted(fields); !ok || len(fields) != len(l.at.names) || !l.named(fields) {
		return false
	}
	l.later.begun = 0
	return true
}

// warnLater points out the tables behind the one that is read.
func (l *loader) warnLater() {
	if l.later.line > 0 {
		l.warn("line %d begins another table with other names of columns: its rows and those of further "+
			"tables, %d lines, are not read; --skip-lines %d reads it instead",
			l.later.line, l.later.rows, l.later.line-1)
	}
	if l.later.again > 0 {
		l.warn("the header stands %d times more between the rows: the tables under it are read as one",
			l.later.again)
	}
}
