package tabular

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

const maxSamples = 20 // rejected rows that a Report holds

// Report says what was read.
type Report struct {
	File     string        // the files as they were named, joined by ", "
	Files    []FileReport  // one by one, those read to the end
	Layouts  []FileLayout  // what Files are taken for, those of delimited text
	Rows     int           // readings, also rejected ones; of a wide file the cells that are not empty
	Rejected int           // rows that could not be used; a line of a wide file may count as one row
	LeftOut  int           // rows that were left out and are no fault, see Warnings
	Reasons  []ReasonCount // of the rejected rows, the most frequent first; nil without such rows
	First    []RowError    // the first 20 rejected rows
	Series   int           // distinct series with a row
	Interval time.Duration // most frequent step between neighbouring times of a series, or 0
	From     time.Time     // oldest timestamp kept, UTC; zero without rows
	Until    time.Time     // newest timestamp kept, UTC; zero without rows
	Naive    int           // times without an offset, read in Options.Timezone; a wide line has one
	Warnings []string      // lines for a person about what is no fault
}

// FileReport says what was read of one file; the fields are those of Report.
type FileReport struct {
	File        string
	Layout      string // LayoutLong, LayoutWide or LayoutOne
	Rows        int
	Rejected    int
	Series      int
	Interval    time.Duration
	From, Until time.Time
	Naive       int
	Unit        string // of all series, when the file says it; empty when they differ
	Units       int    // series whose unit the file says
}

// ReasonCount is how many rows were rejected for one reason.
type ReasonCount struct {
	Reason meter.Reason
	Rows   int
}

// fileReport describes the rows from first on, which are the rows of one file. before is the report
// without the file.
func (l *loader) fileReport(first int, interval int64, before Report) {
	f := FileReport{
		File: l.file, Layout: l.at.kind, Interval: time.Duration(interval) * time.Second,
		Rows: l.report.Rows - before.Rows, Rejected: l.report.Rejected - before.Rejected,
		Naive: l.report.Naive - before.Naive, Unit: l.unitOf(first),
	}
	if rows := l.table.rows[first:]; len(rows) > 0 {
		has := make([]bool, len(l.table.Series))
		from, until := rows[0].Unix, rows[0].Unix
		for _, r := range rows {
			from, until = min(from, r.Unix), max(until, r.Unix)
			if has[r.Series] {
				continue
			}
			has[r.Series] = true
			f.Series++
			if l.opts.Unit == "" && l.table.Terms[r.Series].Unit != "" {
				f.Units++
			}
		}
		f.From, f.Until = time.Unix(from, 0).UTC(), time.Unix(until, 0).UTC()
		l.intervals[f.Interval] += len(rows)
	}
	l.report.Files = append(l.report.Files, f)
	if l.totals > 0 {
		l.warn("%d lines of totals were passed over", l.totals)
	}
	if l.otherRecords > 0 {
		l.warn("%d lines of other records than %c were passed over", l.otherRecords, l.at.record)
	}
	l.warnLater()
	l.warnOverruled()
	l.warnUnused()
	l.warnUnitOfOthers(f.Units)
	l.warnRising(l.table.rows[first:])
}

// unitOf is the unit that the series of the rows from first on have, when the files say it.
func (l *loader) unitOf(first int) (unit string) {
	if l.opts.Unit != "" {
		return ""
	}
	for i, r := range l.table.rows[first:] {
		u := l.table.Terms[r.Series].Unit
		if i > 0 && u != unit {
			return ""
		}
		unit = u
	}
	return unit
}

// warnUnitOfOthers points out a file that says no unit, while files before it say that of the same
// series: its values are taken in that unit.
func (l *loader) warnUnitOfOthers(series int) {
	if series == 0 || l.at.delimiter == 0 || l.at.measureOf != "" || l.opts.Unit != "" ||
		l.at.unitInNames && l.unitNamed() {
		return
	}
	l.warn("no unit is said; values are taken in the unit of the same series in files before; --unit " +
		"says another one")
}

// unitNamed reports whether the name of a series says its unit.
func (l *loader) unitNamed() bool {
	return slices.ContainsFunc(l.names.list, func(n known) bool { return n.measure.unit != "" })
}

// warnUnused names the columns of a wide file that gave no reading.
func (l *loader) warnUnused() {
	var unused []string
	for column, id := range l.at.ids {
		if id >= 0 && !l.names.list[id].skip && !l.used[column] {
			unused = append(unused, l.at.names[column])
		}
	}
	if len(unused) > 0 {
		warning := l.file + ": columns without a reading: " + listed(unused)
		l.report.Warnings = append(l.report.Warnings, warning)
	}
}

// finish completes the report.
func (l *loader) finish(paths []string) Report {
	r := &l.report
	r.File = strings.Join(paths, ", ")
	counts := l.table.Counts()
	for _, n := range counts {
		if n > 0 {
			r.Series++
		}
	}
	for _, f := range r.Files {
		if f.From.IsZero() {
			continue
		}
		if r.From.IsZero() || f.From.Before(r.From) {
			r.From = f.From
		}
		if f.Until.After(r.Until) {
			r.Until = f.Until
		}
	}
	most := 0
	for interval, rows := range l.intervals {
		if interval > 0 && (rows > most || rows == most && interval < r.Interval) {
			most, r.Interval = rows, interval
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(l.reasons)) {
		r.Reasons = append(r.Reasons, ReasonCount{reason, l.reasons[reason]})
	}
	slices.SortStableFunc(r.Reasons, func(a, b ReasonCount) int { return cmp.Compare(b.Rows, a.Rows) })
	if changed := l.names.changed(); changed != "" {
		r.Warnings = append(r.Warnings, changed)
	}
	return *r
}
