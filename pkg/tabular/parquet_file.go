package tabular

import (
	"bytes"
	"cmp"
	"fmt"
	"io"

	"github.com/loadtide/loadtide/pkg/tabular/parquet"
)

// maxCells bounds the rows by columns of a Parquet file.
const maxCells = 1 << 30

// parquet reads a Parquet file, whose columns are those of delimited text. The options mean the same
// for both, and an error names the row by its line: the first row is line 2.
func (l *loader) parquet() error {
	if packed, err := l.packed(); err != nil || packed {
		return cmp.Or(err, l.fileError("is a Parquet file inside of a compressed one", "unpack it"))
	}
	file, err := parquet.Open(l.source)
	if err != nil {
		return l.fileError("is a Parquet file that cannot be read: "+err.Error(),
			"write it anew, packed by Snappy or zstd and not encrypted, or as CSV")
	}
	rows, columns := file.Rows(), file.Columns()
	switch {
	case rows > int64(l.opts.MaxRows):
		return l.fileError(fmt.Sprintf("more than %d rows in all", l.opts.MaxRows),
			"split it and load the parts one by one")
	case rows*int64(columns) > maxCells:
		return l.fileError(fmt.Sprintf("has %d rows of %d columns", rows, columns),
			"write the columns that are wanted alone")
	case file.Nested() > 0:
		l.report.Warnings = append(l.report.Warnings, fmt.Sprintf(
			"%s: %d columns of lists or structures are left out", l.file, file.Nested()))
	}
	l.source = file.Text()
	_, head, done, err := l.sniff()
	if err != nil {
		return err
	}
	defer done()
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
	var magic [len(parquet.Magic)]byte
	if _, err := l.source.Seek(0, io.SeekStart); err != nil {
		return false, l.unreadable(err)
	}
	if _, err := io.ReadFull(l.source, magic[:]); err != nil {
		return false, l.unreadable(err)
	}
	return string(magic[:]) != parquet.Magic, nil
}
