package tabular

import (
	"cmp"
	"fmt"
	"math"
	"strconv"

	"github.com/loadtide/loadtide/pkg/meter"
)

// The layouts of files that are records instead of lines of fields.
const (
	LayoutReadings     = "JSON readings"
	LayoutSenML        = "SenML"
	LayoutLineProtocol = "InfluxDB line protocol"
	LayoutGreenButton  = "Green Button"
)

// record is one reading as a file of records has it.
type record struct {
	series []byte // valid until the next record
	unix   int64
	naive  bool // the time has no offset
	value  float64
	terms  meter.Terms // as the file says
}

// layoutOf is the layout of a file of records, as far as settle asks for it.
func layoutOf(kind string) layout {
	return layout{kind: kind, names: []string{partTime}, timing: timing{clock: -1, until: -1, offset: -1}}
}

// records reads one file whose rows are records: each has a line, names its series, and says its
// unit. each calls put for one record after the other.
func (l *loader) records(layout string, each func() error) error {
	l.at = layoutOf(layout)
	if layout == LayoutGreenButton {
		l.at.timing.ranged = true // a reading says its start, whatever --interval-label says
	}
	clear(l.names.byText)
	l.zone, l.zoneBy = l.callerZone, ""
	l.begin()
	l.line = 1
	first, before := len(l.table.rows), l.report
	if err := each(); err != nil {
		return err
	}
	return l.end(first, before)
}

// The parts of a record, as errors name them.
const (
	partSeries = "series"
	partTime   = "time"
	partValue  = "value"
)

// put keeps a record, or rejects it. The error ends the file.
func (l *loader) put(r record) error {
	id, bad, err := l.names.lookup(r.series, true)
	if err != nil {
		return l.fileError("line "+strconv.Itoa(l.line)+": "+err.Error(), "rename one of them")
	}
	if bad.reason == "" && l.names.list[id].skip {
		return nil
	}
	if bad.reason != "" {
		l.refuse(partSeries, r.series, bad.reason, bad.remedy)
		return nil
	}
	if bad := rangeOf(r.value); bad.reason != "" {
		l.refuseValue(r.value, bad.reason, bad.remedy)
		return nil
	}
	value, terms, err := l.measured(id, &r)
	if err != nil {
		l.refuseValue(r.value, meter.ReasonOf(err), err.Error())
		return nil
	}
	l.report.Rows++
	if r.naive {
		l.report.Naive++
	}
	l.keep(id, instant{local: r.unix, zoned: !r.naive}, value)
	l.table.Terms[l.names.list[id].index] = terms
	if len(l.table.rows) > l.opts.MaxRows {
		return l.fileError(
			fmt.Sprintf("more than %d rows in all", l.opts.MaxRows),
			"split it and load the parts one by one",
		)
	}
	return nil
}

// measured brings a value to the terms of its series: those of the options, else those of its first
// record.
func (l *loader) measured(id int32, r *record) (float64, meter.Terms, error) {
	if l.opts.Kind != meter.KindUnknown {
		r.terms.Kind = meter.KindUnknown // the flag overrules
	}
	index := l.names.list[id].index
	if index < 0 {
		begin := meter.Terms{
			Unit: cmp.Or(l.opts.Unit, r.terms.Unit), Kind: cmp.Or(l.opts.Kind, r.terms.Kind),
		}
		return begin.Take(r.value, r.terms)
	}
	terms := l.table.Terms[index]
	same := r.terms.Kind == meter.KindUnknown || r.terms.Kind == terms.Kind
	if same && terms.Unit == r.terms.Unit {
		return r.value, terms, nil
	}
	return terms.Take(r.value, r.terms)
}

// rangeOf says what is wrong with a number.
func rangeOf(v float64) problem {
	switch {
	case math.IsNaN(v):
		return problem{meter.ReasonNotANumber, remedyNumber}
	case math.IsInf(v, 0):
		return problem{meter.ReasonNotFinite, remedyNumber}
	case math.Abs(v) >= meter.MaxValue:
		return problem{meter.ReasonOutOfRange, remedyRange}
	}
	return problem{}
}

// refuse rejects a record for the text of one of its parts.
func (l *loader) refuse(part string, text []byte, reason meter.Reason, remedy string) {
	l.report.Rows++
	l.reject(RowError{Name: part, Value: shown(text), Reason: reason, Remedy: remedy})
}

func (l *loader) refuseValue(v float64, reason meter.Reason, remedy string) {
	l.refuse(partValue, strconv.AppendFloat(nil, v, 'g', -1, 64), reason, remedy)
}
