package tabular

import "bytes"

// block follows a column of texts that is not read, to see whether the rows of each text stand
// together, as those of several meters do that were written one behind the other.
type block struct {
	column int
	now    []byte         // the text of the row read last
	lines  map[string]int // by text, the line it began in
	change int            // line of the first other text
	mixed  bool           // a text came again: its rows do not stand together
}

const (
	maxBlocks = 50 // texts of a column that is followed
	leastRows = 24 // of a block, on average
)

// followBlocks begins with the columns of texts of a file that names no series.
func (l *loader) followBlocks() {
	l.blocks = l.blocks[:0]
	for _, column := range l.at.texts {
		l.blocks = append(l.blocks, block{column: column, lines: map[string]int{}})
	}
}

// follow looks at the texts of the line.
func (l *loader) follow() {
	for i := range l.blocks {
		b := &l.blocks[i]
		text := l.fields[b.column]
		if b.mixed || len(text) == 0 || bytes.Equal(text, b.now) {
			continue
		}
		_, again := b.lines[string(text)]
		if b.mixed = again || len(b.lines) == maxBlocks; b.mixed {
			continue
		}
		if len(b.lines) == 1 {
			b.change = l.line
		}
		b.lines[string(text)] = l.line
		b.now = append(b.now[:0], text...)
	}
}

// warnBlocks points out columns that are not read and may name several series. The rows are those of
// the file from first on.
func (l *loader) warnBlocks(first int) {
	rows := len(l.table.rows) - first
	for _, b := range l.blocks {
		if b.mixed || len(b.lines) < 2 || rows < leastRows*len(b.lines) {
			continue
		}
		name := l.at.names[b.column]
		l.warn("column %s has %d texts whose rows stand together, the second from line %d on, and is not "+
			"read: say --series-column %q if these are several series",
			quotedName(name), len(b.lines), b.change, name)
	}
}
