package tabular

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/loadtide/loadtide/pkg/meter"
)

// delimited reads one file of delimited text, which begins with head: first its sample, from which
// the layout is found, then all rows for what the sample does not tell, then the rows.
func (l *loader) delimited(head []byte) error {
	l.charset = charsetOf(head)
	l.at = layout{}
	clear(l.names.byText)
	defer func() { l.wrapped = false }()
	s, err := l.takeSample()
	if err == nil && s.wrapped() {
		l.wrapped = true
		s, err = l.takeSample()
	}
	if err != nil {
		return err
	}
	if l.split.delimiter = l.flags.delimiter; l.split.delimiter == 0 {
		l.split.delimiter = s.delimiter(&l.split)
	}
	at, err := l.findLayout(s, &l.split)
	if err != nil {
		return err
	}
	if err := l.gather(&at, s); err != nil {
		return err
	}
	l.at = at
	l.report.Layouts = append(l.report.Layouts, l.fileLayout(s))
	l.warnOthers(s)
	return l.rows()
}

// warnOthers points out the rows of the sample that belong to other tables than the one that is
// read.
func (l *loader) warnOthers(s *sample) {
	for _, t := range s.others {
		l.warn("%d rows with %d columns in lines %d to %d belong to another table and are not "+
			"read; --value-column with the name of a column of that table reads it instead",
			t.rows, t.fields, t.from, t.to)
	}
}

// rows reads the rows of the file.
func (l *loader) rows() error {
	l.begin()
	first, before := len(l.table.rows), l.report
	lines, done, err := l.open()
	if err != nil {
		return err
	}
	defer done()
	for {
		line, long, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return l.unreadable(lineError(lines.line+1, err))
		}
		l.line = lines.line
		if l.line <= l.at.data || len(line) == 0 || comment(line) {
			continue
		}
		if l.later.begun > 0 && !l.headerAgain(line) {
			l.later.rows++
			continue
		}
		if err := l.row(line, long); err != nil {
			return err
		}
		if len(l.table.rows) > l.opts.MaxRows {
			return l.fileError(
				fmt.Sprintf("more than %d rows in all", l.opts.MaxRows),
				"split it and load the parts one by one",
			)
		}
	}
	return l.end(first, before)
}

// begin prepares for the rows of a file whose layout is known.
func (l *loader) begin() {
	l.notes, l.periods, l.totals, l.otherRecords = l.notes[:0], l.periods[:0], 0, 0
	l.later, l.mixed, l.bare = laterTable{}, mixedUnits{}, l.bare[:0]
	l.first, l.overruled = len(l.table.rows), ""
	l.used = make([]bool, len(l.at.names))
	l.followBlocks()
	l.late = l.ends() || l.zone.name != "UTC"
}

// end settles the rows of a file, from first on, and looks at them as a whole. before is the report
// without the file.
func (l *loader) end(first int, before Report) error {
	if l.late && l.at.timing.elapsed && l.at.timing.counted() {
		l.count(l.table.rows[first:])
	}
	l.leaveOutDates(first)
	if err := l.moveMidnights(first); err != nil {
		return err
	}
	shifts, interval, repeats := steps(l.table.rows[first:], len(l.table.Series))
	l.warnEnds(l.table.rows[first:], interval)
	if l.late {
		if err := l.settle(first, shifts, interval); err != nil {
			return err
		}
	}
	if err := l.checkUnits(first); err != nil {
		return err
	}
	l.leaveOutSentinels(first)
	if err := l.checkQuantities(first, repeats); err != nil {
		return err
	}
	l.leaveOutZeros(first, interval)
	l.warnBlocks(first)
	l.fileReport(first, interval, before)
	return nil
}

// warnEnds points out times that may name the ends of intervals: the first of a file is one
// interval after a midnight, the last one is a midnight.
func (l *loader) warnEnds(rows []Row, interval int64) {
	if l.at.delimiter == 0 || l.opts.IntervalLabel != "" || l.ends() || l.at.timing.spans() ||
		l.at.timing.counted() || interval == 0 || interval >= meter.DaySeconds || len(rows) < 2 ||
		l.opts.Kind == meter.Register {
		return
	}
	least, most := rows[0].Unix, rows[0].Unix
	for _, r := range rows {
		least, most = min(least, r.Unix), max(most, r.Unix)
	}
	if least%meter.DaySeconds == interval && most%meter.DaySeconds == 0 {
		l.warn("the first time is one interval after midnight and the last one is midnight, as where times " +
			"name the ends of intervals: say --interval-label end if they do, else --interval-label start")
	}
}

// timestamp reads the time of the line, and the period of the day when periods are counted.
func (l *loader) timestamp() (at instant, bad problem) {
	t := &l.at.timing
	text := l.fields[t.date]
	if t.ranged && t.clock < 0 {
		text, _, _ = cutRange(text)
	}
	if at, bad = parseTime(text, t.calendar); bad.reason != "" {
		return at, bad
	}
	if t.clock >= 0 {
		if at, bad = l.clock(at); bad.reason != "" {
			return at, bad
		}
	}
	if t.offset >= 0 && !at.zoned && !t.counted() {
		seconds, ok := l.offsetOf(l.fields[t.offset])
		if !ok {
			return at, problem{meter.ReasonBadTimestamp, "write the zone of the row as the other rows do"}
		}
		at.local, at.zoned = at.local-seconds, true
	}
	if !at.zoned {
		l.report.Naive++
		l.form.length = len(text)
		if t.clock >= 0 || t.counted() {
			l.form.length = len("2006-01-02 15:04")
		}
		if len(text) > len("2006-01-02") {
			l.form.separator = text[len("2006-01-02")]
		}
	}
	return at, problem{}
}

// offsetOf is parseOffset of a text that is often that of the row before.
func (l *loader) offsetOf(text []byte) (seconds int64, ok bool) {
	if string(text) != l.offsetText || l.offsetText == "" {
		l.offsetText = string(text)
		l.offsetRead, l.offsetKnown = parseOffset(text)
	}
	return l.offsetRead, l.offsetKnown
}

// counted reports whether rows have numbers of periods of a day.
func (t *timing) counted() bool { return t.day == dayPeriod || t.day == dayColumns }

// clock adds the time of day of the line to its date.
func (l *loader) clock(at instant) (instant, problem) {
	t := &l.at.timing
	text := l.fields[t.clock]
	wrong := problem{meter.ReasonBadTimestamp, "write the time of day as the other rows do"}
	switch t.day {
	case dayHour:
		n, ok := ordinal(text)
		if !ok || n > 24 {
			return at, wrong
		}
		at.local += int64(n) * meter.HourSeconds
	case dayPeriod:
		n, ok := ordinal(text)
		if !ok || n < t.first || int64(n-t.first)*t.length >= 26*meter.HourSeconds {
			return at, wrong
		}
		at = l.period(at, n-t.first)
	case dayClock:
		if hour, ok := hourRange(text); ok {
			at.local += hour * meter.HourSeconds
			break
		}
		if t.ranged {
			text, _, _ = cutRange(text)
		}
		c, ok := t.clockOf(text)
		if !ok {
			return at, wrong
		}
		at.local += c.seconds - c.offset
		at.zoned = at.zoned || c.zoned
	case dayInDate, dayColumns:
	}
	at.dateOnly = false
	return at, problem{}
}

// clockOf reads a time of day of a column of these.
func (t *timing) clockOf(text []byte) (clockTime, bool) {
	if !t.digits {
		return parseClock(text)
	}
	n, ok := clockNumber(text)
	return clockTime{seconds: int64(n/100*3600 + n%100*60)}, ok
}

// period adds the periods since midnight to a date. Where they are counted over a change of the
// clocks, they are added when all rows are read.
func (l *loader) period(at instant, n int) instant {
	if l.late && l.at.timing.elapsed && !at.zoned {
		at.period = n
		return at
	}
	at.local += int64(n) * l.at.timing.length
	return at
}

// lineText is the number of a line for an error.
func lineText(line int) string { return "line " + strconv.Itoa(line) }
