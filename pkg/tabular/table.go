package tabular

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Row is one reading, in 24 bytes: a table may hold 20 million.
type Row struct {
	Series int32   // index into Table.Series
	Unix   int64   // start of the interval, seconds since 1970, UTC
	Value  float64 // as written, finite, below meter.MaxValue in magnitude
}

// Time returns the start of the row's interval in UTC.
func (r Row) Time() time.Time { return time.Unix(r.Unix, 0).UTC() }

// Table holds readings of many series. Rows stand in the order of the files until SortByTime.
type Table struct {
	Series []meter.ID    // in the order of their first row
	Terms  []meter.Terms // of each of Series: as Options say, else as the files do
	Unit   string        // of all values, as Options say; may be empty
	Kind   meter.Kind    // of all values, as Options say; may be empty
	rows   []Row
}

// Len returns the number of rows.
func (t *Table) Len() int { return len(t.rows) }

// Row returns row i, 0 <= i < Len.
func (t *Table) Row(i int) Row { return t.rows[i] }

// All yields the rows in their order.
func (t *Table) All() iter.Seq[Row] { return slices.Values(t.rows) }

// Name returns the series of a row.
func (t *Table) Name(r Row) meter.ID { return t.Series[r.Series] }

// Counts returns how many rows each series has, by index of Series.
func (t *Table) Counts() []int {
	counts := make([]int, len(t.Series))
	for _, r := range t.rows {
		counts[r.Series]++
	}
	return counts
}

// SortByTime orders the rows by time across series. Rows of the same time keep their order, so that
// the last one of repeated rows stays last.
func (t *Table) SortByTime() {
	slices.SortStableFunc(t.rows, func(a, b Row) int { return cmp.Compare(a.Unix, b.Unix) })
}
