package tabular

import (
	"strconv"

	"github.com/loadtide/loadtide/pkg/meter"
)

// row reads one line into the table, or rejects what is wrong with it. The error ends the file.
func (l *loader) row(line []byte, long bool) error {
	if long {
		return l.rejectLine(line, problem{meter.ReasonTooLarge, remedyLine})
	}
	var ok bool
	if l.fields, ok = splitFields(l.fields[:0], line); !ok {
		return l.rejectLine(line, problem{meter.ReasonUnparsable, remedyQuotes})
	}
	if len(l.fields) != len(l.at.names) {
		return l.rejectLine(line, problem{meter.ReasonUnparsable, remedyFields})
	}
	if l.at.kind == LayoutWide {
		return l.wideRow()
	}
	return l.longRow()
}

// longRow reads a row that is one reading.
func (l *loader) longRow() error {
	id := l.at.one
	if l.at.kind == LayoutLong {
		text := l.fields[l.at.series]
		var bad problem
		var err error
		if id, bad, err = l.names.lookup(text, l.at.mapped); err != nil {
			return l.fileError("line "+strconv.Itoa(l.line)+": "+err.Error(), "rename one of them")
		}
		if bad.reason != "" {
			l.report.Rows++
			l.rejectField(l.at.series, text, bad)
			return nil
		}
		if l.names.list[id].skip {
			return nil
		}
	}
	l.report.Rows++
	unix, naive, bad := l.timestamp()
	if bad.reason != "" {
		l.rejectField(l.at.time, l.fields[l.at.time], bad)
		return nil
	}
	value, bad := parseValue(l.fields[l.at.value])
	if bad.reason != "" {
		l.rejectField(l.at.value, l.fields[l.at.value], bad)
		return nil
	}
	l.keep(id, unix, naive, value)
	return nil
}

// wideRow reads a line that is one time with a reading in each cell that is not empty.
func (l *loader) wideRow() error {
	unix, naive, bad := l.timestamp()
	if bad.reason != "" {
		l.report.Rows++
		l.rejectField(l.at.time, l.fields[l.at.time], bad)
		return nil
	}
	for column, text := range l.fields {
		if len(text) == 0 || column == l.at.time {
			continue
		}
		id := l.at.ids[column]
		if id >= 0 && l.names.list[id].skip {
			continue
		}
		l.report.Rows++
		if id < 0 {
			l.rejectField(column, text, problem{meter.ReasonBadSubject, remedyUnnamed})
			continue
		}
		value, bad := parseValue(text)
		if bad.reason != "" {
			if bad.remedy == remedyNumber {
				bad.remedy = remedyCell
			}
			l.rejectField(column, text, bad)
			continue
		}
		l.used[column] = true
		l.keep(id, unix, naive, value)
	}
	return nil
}

// timestamp reads the time of the line.
func (l *loader) timestamp() (seconds int64, naive bool, bad problem) {
	text := l.fields[l.at.time]
	seconds, naive, bad = parseTime(text)
	if naive {
		l.report.Naive++
		l.form.length = len(text)
		if len(text) > len("2006-01-02") {
			l.form.separator = text[len("2006-01-02")]
		}
	}
	return seconds, naive, bad
}

// keep adds a reading to the table.
func (l *loader) keep(id int32, unix int64, naive bool, value float64) {
	k := &l.names.list[id]
	if k.index < 0 {
		k.index = int32(len(l.table.Series))
		l.table.Series = append(l.table.Series, k.name)
		l.table.Terms = append(l.table.Terms, meter.Terms{Unit: l.opts.Unit, Kind: l.opts.Kind})
	}
	l.table.rows = append(l.table.rows, Row{Series: k.index, Unix: unix, Value: value})
	if l.late {
		l.notes = append(l.notes, noteOf(l.line, naive))
	}
}

// rejectLine rejects a line as a whole.
func (l *loader) rejectLine(line []byte, bad problem) error {
	l.report.Rows++
	l.reject(RowError{Value: shown(line), Reason: bad.reason, Remedy: bad.remedy})
	return nil
}

// rejectField rejects a row for the text of one of its columns.
func (l *loader) rejectField(column int, text []byte, bad problem) {
	l.reject(RowError{
		Column: column + 1,
		Name:   shown(l.at.names[column]),
		Value:  shown(text),
		Reason: bad.reason,
		Remedy: bad.remedy,
	})
}

func (l *loader) reject(e RowError) {
	e.File, e.Line = l.file, l.line
	l.report.Rejected++
	l.reasons[e.Reason]++
	if len(l.report.First) < maxSamples {
		l.report.First = append(l.report.First, e)
	}
	if l.opts.Rejected != nil {
		l.opts.Rejected(e)
	}
}
