package parquet

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// textReader makes the text of the rows, group by group.
type textReader struct {
	file    *File
	group   int
	row     int64 // of the group
	readers []*columnReader
	text    []byte // that is not read yet
	room    []byte
	begun   bool
}

// Text returns the rows of a file as delimited text: a header of the names of its columns, then a
// line for each row, with commas between fields and quotes around texts. A value that is missing is
// an empty field. The text is read from its start, and once more from its start after a Seek there;
// a file has one reader of its text at a time. Reading fails with what is wrong and where.
func (f *File) Text() io.ReadSeeker { return &textReader{file: f} }

// Seek goes back to the start; other places are no part of the text.
func (t *textReader) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekStart {
		return 0, errors.New("rows of Parquet are read from the first one on")
	}
	t.file.held = 0
	*t = textReader{file: t.file, room: t.room}
	return 0, nil
}

// textRoom is how much text is made at once, about.
const textRoom = 64 << 10

// Read implements io.Reader.
func (t *textReader) Read(p []byte) (int, error) {
	if len(t.text) == 0 {
		if err := t.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, t.text)
	t.text = t.text[n:]
	return n, nil
}

// fill makes the next lines. The error is io.EOF behind the last one.
func (t *textReader) fill() error {
	t.room = t.room[:0]
	if !t.begun {
		t.begun = true
		t.header()
	}
	for len(t.room) < textRoom && t.group < len(t.file.groups) {
		g := &t.file.groups[t.group]
		if t.row == g.rows {
			t.group, t.row, t.readers, t.file.held = t.group+1, 0, nil, 0
			continue
		}
		if t.readers == nil {
			if err := t.open(g); err != nil {
				return err
			}
		}
		for i, r := range t.readers {
			if i > 0 {
				t.room = append(t.room, ',')
			}
			value, err := r.next()
			if err != nil {
				return fmt.Errorf("row %d of group %d: %w", t.row+1, t.group+1, err)
			}
			t.room = r.column.appendCell(t.room, value)
		}
		t.room = append(t.room, '\n')
		t.row++
	}
	if t.text = t.room; len(t.text) == 0 {
		return io.EOF
	}
	return nil
}

func (t *textReader) open(g *rowGroup) error {
	for i := range t.file.columns {
		r, err := t.file.openColumn(&t.file.columns[i], g)
		if err != nil {
			return err
		}
		t.readers = append(t.readers, r)
	}
	return nil
}

// header appends the names of the columns. The index of times that pandas writes has no name of its
// own.
func (t *textReader) header() {
	for i := range t.file.columns {
		c := &t.file.columns[i]
		name := c.name
		if strings.HasPrefix(name, "__index_level_") &&
			(c.means == meansTimestamp || c.means == meansLocal || c.means == meansDate) {
			name = "timestamp"
		}
		if i > 0 {
			t.room = append(t.room, ',')
		}
		t.room = (&column{kind: kindBytes, means: meansText}).appendCell(t.room, []byte(name))
	}
	t.room = append(t.room, '\n')
}
