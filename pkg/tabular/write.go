package tabular

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/durable"
	"github.com/loadtide/loadtide/pkg/meter"
)

// Writer writes readings in the long form. It keeps the first error and gives it again ever after.
type Writer struct {
	w       *bufio.Writer
	line    []byte
	extra   []string // further columns
	started bool
	err     error
}

// NewWriter returns a Writer on w, extra naming columns after those of the long form; the header
// comes with the first row or with Flush.
func NewWriter(w io.Writer, extra ...string) *Writer {
	return &Writer{w: bufio.NewWriterSize(w, maxLine), extra: extra}
}

// Write appends one row; t is written in UTC to the second, extra are the fields of the further
// columns. The error is that of the writer below, or names a series, a value or a field that no
// reader would take.
func (w *Writer) Write(name meter.ID, t time.Time, value float64, extra ...string) error {
	if w.err == nil && (math.IsNaN(value) || math.Abs(value) >= meter.MaxValue) {
		w.err = fmt.Errorf("write row: value %g of %s: must be finite and below 1e12", value, name)
	}
	return w.WriteText(name, t, strconv.FormatFloat(value, 'f', -1, 64), extra...)
}

// WriteText is Write for a value that need be no number; readers reject such rows.
func (w *Writer) WriteText(name meter.ID, t time.Time, value string, extra ...string) error {
	w.header()
	switch {
	case w.err != nil:
	case !name.Valid():
		w.err = fmt.Errorf("write row: series %q: %s", name.String(), remedySeries)
	case len(extra) != len(w.extra):
		w.err = fmt.Errorf(
			"write row: %d further fields of %s: there are %d further columns",
			len(extra), name, len(w.extra),
		)
	default:
		w.line = append(append(append(w.line[:0], name.Site...), '.'), name.Meter...)
		w.line = append(w.line, ',')
		w.line = t.UTC().AppendFormat(w.line, time.RFC3339)
		w.field(value)
		for _, text := range extra {
			w.field(text)
		}
		if w.err == nil {
			_, w.err = w.w.Write(append(w.line, '\n'))
		}
	}
	return w.err
}

// field appends a comma and a text, which must need no quotes.
func (w *Writer) field(text string) {
	if strings.ContainsAny(text, "\",\r\n") {
		w.err = fmt.Errorf("write row: field %q: must hold no comma, quote or line end", text)
	}
	w.line = append(append(w.line, ','), text...)
}

// Flush brings what was written to the writer below.
func (w *Writer) Flush() error {
	w.header()
	if w.err == nil {
		w.err = w.w.Flush()
	}
	return w.err
}

func (w *Writer) header() {
	if !w.started && w.err == nil {
		w.started = true
		_, w.err = w.w.WriteString(
			strings.Join(
				append([]string{columnSeries, columnTimestamp, columnValue}, w.extra...), ",",
			) + "\n",
		)
	}
}

// WriteFile writes a file of the long form, compressed by gzip when its name ends in .gz. rows is
// called once to write the rows; extra names further columns. The file appears under its name when
// it is whole. After an error an older file is still there.
func WriteFile(path string, rows func(*Writer) error, extra ...string) error {
	err := durable.File{Path: path}.Write(func(w io.Writer) error {
		return writeTo(w, strings.HasSuffix(strings.ToLower(path), ".gz"), rows, extra)
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func writeTo(f io.Writer, zipped bool, rows func(*Writer) error, extra []string) error {
	if !zipped {
		w := NewWriter(f, extra...)
		if err := rows(w); err != nil {
			return err
		}
		return w.Flush()
	}
	z := gzip.NewWriter(f)
	w := NewWriter(z, extra...)
	if err := rows(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return z.Close()
}
