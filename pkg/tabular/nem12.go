package tabular

import (
	"bytes"
	"errors"
	"io"

	"github.com/loadtide/loadtide/pkg/meter"
)

// LayoutNEM12 is the layout of meter data files of the Australian market operator: a record a line,
// 200 for a register of a meter and 300 for a day of it.
const LayoutNEM12 = "NEM12"

// nemOffset is the offset of the market's time, which has no summer time.
const nemOffset = 10 * meter.HourSeconds

// isNEM12 reports whether a text begins with a header record of the layout.
func isNEM12(text []byte) bool {
	return hasMagic(text, "100,NEM12") ||
		hasMagic(text, "200,") && bytes.Contains(text, []byte("\n300,"))
}

// nem12Reader reads the records of a file.
type nem12Reader struct {
	l     *loader
	split splitter
	line  []byte
	name  []byte // NMI and suffix of the register
	unit  string
	step  int64 // seconds
}

const (
	remedyNEM12Order = "begin the days of a register with its record 200"
	remedyNEM12Step  = "correct the length of intervals in the record 200, or the values of the day"
	remedyNEM12Day   = "give each record 300 a date and a value for each interval of the day"
)

// nem12 reads a file. Its times are those of the market, whatever the caller's zone is.
func (l *loader) nem12() error {
	lines, done, err := l.open()
	if err != nil {
		return err
	}
	defer done()
	if l.opts.Timezone != "" {
		l.warn("times of NEM12 are those of the market, UTC+10 all year; --timezone changes nothing")
	}
	r := nem12Reader{l: l, split: splitter{delimiter: ','}}
	return l.records(LayoutNEM12, func() error {
		for {
			line, long, err := lines.next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return l.unreadable(lineError(lines.line+1, err))
			}
			l.line, r.line = lines.line, line
			if long {
				l.refuse("record", line, meter.ReasonTooLarge, remedyLine)
				continue
			}
			if err := r.record(); err != nil {
				return err
			}
		}
	})
}

// record reads one line.
func (r *nem12Reader) record() error {
	fields, ok := r.split.fields(r.line)
	if !ok || len(fields) == 0 {
		r.l.refuse("record", r.line, meter.ReasonUnparsable, remedyQuotes)
		return nil
	}
	switch string(fields[0]) {
	case "200":
		r.register(fields)
	case "300":
		return r.day(fields)
	}
	return nil // headers, qualities of single intervals, the end
}

// register begins the days of a register.
func (r *nem12Reader) register(fields [][]byte) {
	r.step = 0
	if len(fields) < 9 {
		r.l.refuse("record", r.line, meter.ReasonUnparsable, "give the record 200 nine fields")
		return
	}
	minutes, _, rest := leadingNumber(fields[8])
	if len(rest) > 0 || minutes < 1 || 1440%minutes != 0 {
		r.l.refuse("interval", fields[8], meter.ReasonIntervalUnsupported, "give 5, 15 or 30 minutes")
		return
	}
	r.name = bytes.Join([][]byte{fields[1], fields[4]}, []byte("_"))
	r.unit, r.step = string(fields[7]), int64(minutes)*60
	if m := measureOf(r.unit); m.unit != "" && m.factor == 1 {
		r.unit = m.unit
	}
}

// day reads the values of a day.
func (r *nem12Reader) day(fields [][]byte) error {
	if r.step == 0 {
		r.l.refuse("record", fields[0], meter.ReasonUnparsable, remedyNEM12Order)
		return nil
	}
	n := int(meter.DaySeconds / r.step)
	if len(fields) < n+2 {
		r.l.refuse("record", r.line, meter.ReasonUnparsable, remedyNEM12Day)
		return nil
	}
	if len(fields) > n+2 && len(fields[n+2]) > 0 && fields[n+2][0]-'0' <= 9 {
		r.l.refuse("values of more intervals than the day has in", r.line, meter.ReasonUnparsable,
			remedyNEM12Step)
		return nil
	}
	at, bad := parseTime(fields[1], compact)
	if bad.reason != "" {
		r.l.refuse(partTime, fields[1], bad.reason, remedyNEM12Day)
		return nil
	}
	for i, text := range fields[2 : n+2] {
		if len(text) == 0 {
			continue
		}
		value, bad := parseValue(text)
		if bad.reason != "" {
			r.l.refuse(partValue, text, bad.reason, bad.remedy)
			continue
		}
		err := r.l.put(record{
			series: r.name, unix: at.local - nemOffset + int64(i)*r.step, value: value,
			terms: meter.Terms{Unit: r.unit},
		})
		if err != nil {
			return err
		}
	}
	return nil
}
