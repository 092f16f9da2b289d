package tabular

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
)

// parquetText reads a file of Parquet as delimited text: a header, then a line for each row. So the
// options mean the same for both, and an error names the row by its line: the first row is line 2.
type parquetText struct {
	file    *parquetFile
	group   int
	row     int64 // of the group
	readers []*columnReader
	text    []byte // that is not read yet
	room    []byte
	begun   bool
}

// parquet reads a file of Parquet, whose columns are those of delimited text.
func (l *loader) parquet() error {
	if packed, err := l.packed(); err != nil || packed {
		return cmp.Or(err, l.fileError("is a Parquet file inside of a compressed one", "unpack it"))
	}
	file, err := openParquet(l.source)
	if err != nil {
		return l.fileError("is a Parquet file that cannot be read: "+err.Error(),
			"write it anew, packed by Snappy or zstd and not encrypted, or as CSV")
	}
	var rows int64
	for i := range file.groups {
		if rows += file.groups[i].rows; rows > int64(l.opts.MaxRows) {
			return l.fileError(fmt.Sprintf("more than %d rows in all", l.opts.MaxRows),
				"split it and load the parts one by one")
		}
	}
	if rows*int64(len(file.columns)) > maxCells {
		return l.fileError(fmt.Sprintf("has %d rows of %d columns", rows, len(file.columns)),
			"write the columns that are wanted alone")
	}
	if file.nested > 0 {
		l.report.Warnings = append(l.report.Warnings, fmt.Sprintf(
			"%s: %d columns of lists or structures are left out", l.file, file.nested))
	}
	l.source = &parquetText{file: file}
	plain, done, err := l.unpacked()
	if err != nil {
		return err
	}
	defer done()
	head, err := l.head(plain)
	if err != nil {
		return err
	}
	err = l.delimited(bytes.Clone(head))
	if last := len(l.report.Layouts) - 1; last >= 0 && l.report.Layouts[last].File == l.file {
		found := &l.report.Layouts[last]
		found.Notes = append([]string{"a Parquet file, read as text: its first row is line 2"},
			found.Notes...)
	}
	return err
}

// packed reports whether the file is Parquet only behind its compression.
func (l *loader) packed() (bool, error) {
	var magic [len(parquetMagic)]byte
	if _, err := l.source.Seek(0, io.SeekStart); err != nil {
		return false, l.unreadable(err)
	}
	if _, err := io.ReadFull(l.source, magic[:]); err != nil {
		return false, l.unreadable(err)
	}
	return string(magic[:]) != parquetMagic, nil
}

// Seek goes back to the start; other places are no part of the text.
func (t *parquetText) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekStart {
		return 0, errors.New("rows of Parquet are read from the first one on")
	}
	t.file.held = 0
	*t = parquetText{file: t.file, room: t.room}
	return 0, nil
}

// textRoom is how much text is made at once, about.
const textRoom = 64 << 10

// Read implements io.Reader.
func (t *parquetText) Read(p []byte) (int, error) {
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
func (t *parquetText) fill() error {
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

func (t *parquetText) open(g *parquetGroup) error {
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
func (t *parquetText) header() {
	for i := range t.file.columns {
		c := &t.file.columns[i]
		name := c.name
		if strings.HasPrefix(name, "__index_level_") &&
			(c.means == meansTimestamp || c.means == meansLocal || c.means == meansDate) {
			name = columnTimestamp
		}
		if i > 0 {
			t.room = append(t.room, ',')
		}
		text := parquetColumn{kind: parquetBytes, means: meansText}
		t.room = text.appendCell(t.room, []byte(name))
	}
	t.room = append(t.room, '\n')
}
