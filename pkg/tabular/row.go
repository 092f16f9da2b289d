package tabular

import (
	"bytes"
	"fmt"

	"github.com/loadtide/loadtide/pkg/meter"
)

// row reads one line into the table, or rejects what is wrong with it. The error ends the file.
func (l *loader) row(line []byte, long bool) error {
	if long {
		return l.rejectLine(line, "", problem{meter.ReasonTooLarge, remedyLine})
	}
	var ok bool
	l.fields, ok = l.split.fields(line)
	l.fields = l.at.fitted(l.fields)
	switch {
	case !ok:
		bad := problem{meter.ReasonUnparsable, remedyQuotes}
		return l.rejectLine(line, "quotes that do not fit in", bad)
	case l.at.otherRecord(l.fields):
		l.otherRecords++
		return nil
	case len(l.fields) != len(l.at.names):
		if l.total() || blank(l.fields) {
			return nil
		}
		return l.rejectLine(line, l.misfit(), problem{meter.ReasonUnparsable, remedyFields})
	case blank(l.fields):
		return nil
	}
	if !fulfils(l.fields, l.at.where) {
		return nil
	}
	l.follow()
	if l.at.kind == LayoutWide || l.at.kind == LayoutDays {
		return l.wideRow()
	}
	return l.longRow()
}

// misfit says how the fields of the line do not fit the columns.
func (l *loader) misfit() string {
	if n := len(l.fields); n < len(l.at.names) {
		return fmt.Sprintf("no column %d (%s) in", n+1, shown(l.at.names[n]))
	}
	return fmt.Sprintf("%d fields for %d columns in", len(l.fields), len(l.at.names))
}

// fitted gives a row as many fields as there are names, where that loses no text.
func (at *layout) fitted(fields [][]byte) [][]byte {
	return fitted(fields, len(at.names), at.least)
}

// otherRecord reports whether a row begins with the letter of another kind of record than the rows
// of data, as in files whose lines begin with C, H, D and T.
func (at *layout) otherRecord(fields [][]byte) bool {
	return at.record != 0 && len(fields) > 0 && len(fields[0]) == 1 && fields[0][0] != at.record &&
		fields[0][0] >= 'A' && fields[0][0] <= 'Z'
}

// total passes over a line that holds sums or ends the file, and counts it: one of its first fields
// is a word for that, and it has no time. It reports whether the line is one.
func (l *loader) total() bool {
	word := false
	for _, field := range l.fields[:min(len(l.fields), 3)] {
		word = word || len(field) > 0 && field[0]-'0' > 9 && wordsOf(shown(field)).in(sumWords)
	}
	if !word {
		return false
	}
	if l.at.timing.date < len(l.fields) {
		_, bad := parseTime(l.fields[l.at.timing.date], l.at.timing.calendar)
		word = bad.reason != ""
	}
	if word {
		l.totals++
	}
	return word
}

// seriesOf finds the series of a row that is of one series; skip says that it is not wanted. bad
// says what is wrong with its name, the error ends the file.
func (l *loader) seriesOf() (id int32, skip bool, bad problem, err error) {
	if len(l.at.series) == 0 {
		return l.at.one, false, bad, nil
	}
	text := l.fields[l.at.series[0]]
	if len(l.at.series) > 1 {
		text = bytes.Join([][]byte{text, l.fields[l.at.series[1]]}, []byte(" "))
	}
	if id, bad, err = l.names.lookup(text, l.at.mapped); err != nil {
		return 0, false, bad, l.fileError(lineText(l.line)+": "+err.Error(), "rename one of them")
	}
	if bad.reason != "" {
		l.report.Rows++
		l.rejectField(l.at.series[0], text, bad)
		return 0, false, bad, nil
	}
	return id, l.names.list[id].skip, bad, nil
}

// longRow reads a row that is one reading.
func (l *loader) longRow() error {
	id, skip, bad, err := l.seriesOf()
	if err != nil || skip || bad.reason != "" {
		return err
	}
	at, bad := l.timestamp()
	if bad.reason != "" && (l.total() || l.laterHeader()) {
		return nil
	}
	l.report.Rows++
	if bad.reason != "" {
		l.rejectField(l.at.time, l.fields[l.at.time], bad)
		return nil
	}
	l.cell(l.at.value, id, at)
	return nil
}

// cell reads the value of one column.
func (l *loader) cell(column int, id int32, at instant) {
	text := l.fields[column]
	value, bad := l.at.numbers.parse(l.at.numberOf(text))
	if bad.reason == "" {
		value, bad = l.inUnit(id, column, value)
	}
	if bad.reason != "" {
		if bad.remedy == remedyNumber && l.at.kind == LayoutWide {
			bad.remedy = remedyCell
		}
		l.rejectField(column, text, bad)
		return
	}
	l.used[column] = true
	l.keep(id, at, value)
}

// wideRow reads a line that has a reading in each cell that is not empty: of one time and many
// series, or of one series and the times of a day.
func (l *loader) wideRow() error {
	var id int32
	days := l.at.kind == LayoutDays
	if days {
		of, skip, bad, err := l.seriesOf()
		if err != nil || skip || bad.reason != "" {
			return err
		}
		id = of
	}
	at, bad := l.timestamp()
	if bad.reason != "" && (l.total() || l.laterHeader()) {
		return nil
	}
	if bad.reason != "" {
		l.report.Rows++
		l.rejectField(l.at.time, l.fields[l.at.time], bad)
		return nil
	}
	for column, text := range l.fields {
		if len(text) == 0 {
			continue
		}
		then := at
		if days {
			if l.at.slots[column] < 0 {
				continue
			}
			then = l.period(at, l.at.slots[column])
		} else if id = l.at.ids[column]; id == notRead || id >= 0 && l.names.list[id].skip {
			continue
		}
		l.report.Rows++
		if id < 0 {
			l.rejectField(column, text, problem{meter.ReasonBadSubject, remedyUnnamed})
			continue
		}
		l.cell(column, id, then)
	}
	return nil
}

// keep adds a reading to the table.
func (l *loader) keep(id int32, at instant, value float64) {
	if at.dateOnly && l.at.timing.day == dayInDate {
		l.bare = append(l.bare, int32(len(l.table.rows)-l.first))
	}
	l.table.rows = append(l.table.rows, Row{Series: l.index(id), Unix: at.local, Value: value})
	if l.late {
		l.notes = append(l.notes, noteOf(l.line, !at.zoned))
		if l.at.timing.elapsed {
			l.periods = append(l.periods, uint16(at.period))
		}
	}
}

// index is the index of a series in the table. A series without a row gets one.
func (l *loader) index(id int32) int32 {
	k := &l.names.list[id]
	if k.index < 0 {
		k.index = int32(len(l.table.Series))
		l.table.Series = append(l.table.Series, k.name)
		l.table.Terms = append(l.table.Terms, meter.Terms{Unit: l.opts.Unit, Kind: l.opts.Kind})
	}
	return k.index
}

// rejectLine rejects a line as a whole. what says what is wrong in it, for a person.
func (l *loader) rejectLine(line []byte, what string, bad problem) error {
	l.report.Rows++
	l.reject(RowError{Name: what, Value: shown(line), Reason: bad.reason, Remedy: bad.remedy})
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
