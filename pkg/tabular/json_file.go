package tabular

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/loadtide/loadtide/pkg/meter"
)

// envelope is the field of an object that holds readings in an array.
const envelope = "readings"

// json reads a file of JSON: readings, or SenML. The first object tells them apart.
func (l *loader) json(plain *bufio.Reader) error {
	if mark, err := plain.Peek(len(utf8Mark)); err == nil && string(mark) == utf8Mark {
		_, _ = plain.Discard(len(utf8Mark)) // which Peek saw
	}
	return l.records(LayoutReadings, func() error {
		j := newJSONReader(plain, envelope)
		var taker jsonTaker
		err := j.each(func(fields []jsonField) error {
			l.line = j.line
			if taker == nil {
				var err error
				if taker, err = l.jsonTaker(fields, j); err != nil {
					return err
				}
			}
			return taker.take(fields)
		})
		if errors.Is(err, errCut) {
			l.line = j.line
			l.refuse("the last object, which is cut", nil, meter.ReasonUnparsable,
				"fetch the file again to have its last reading")
			err = nil
		}
		switch {
		case err == nil && taker == nil:
			return l.fileError("is JSON without an object", remedyJSON)
		case err == nil:
			return taker.done()
		case isNamed(err):
			return err
		}
		return l.unreadable(err)
	})
}

const remedyJSON = `write {"series":"north.m17","ts":"2026-01-31T13:00:00Z","value":1.2}, ` +
	"one a line"

// jsonTaker takes the objects of a file, and says at its end whether something was missing.
type jsonTaker interface {
	take(fields []jsonField) error
	done() error
}

// jsonTaker returns what takes the objects of a file whose first object has these fields.
func (l *loader) jsonTaker(fields []jsonField, j *jsonReader) (jsonTaker, error) {
	r := &jsonReadings{
		loader: l, zoned: l.opts.Timezone != "", series: []string{columnSeries},
		time: []string{"ts", columnTimestamp, "time"}, value: []string{columnValue},
	}
	for _, c := range []struct {
		flag string
		to   *[]string
	}{
		{l.opts.SeriesColumn, &r.series}, {l.opts.TimeColumn, &r.time}, {l.opts.ValueColumn, &r.value},
	} {
		if c.flag != "" {
			*c.to = []string{c.flag}
		}
	}
	ts, value := fieldOf(fields, r.time...), fieldOf(fields, r.value...)
	if ts.kind != jsonAbsent && value.kind != jsonAbsent {
		var err error
		r.where, err = l.recordConditions()
		return r, err
	}
	if isSenML(fields) {
		if l.at.kind = LayoutSenML; l.unconditional() != nil {
			return nil, l.unconditional()
		}
		pack := &senML{loader: l, reader: j}
		return pack, nil
	}
	if f := fieldOf(fields, "fields", "metrics"); f.kind == jsonNested {
		return nil, l.fileError(fmt.Sprintf("line %d: is telegraf's own JSON", l.line), remedyTelegraf)
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = shown(f.name)
	}
	return nil, l.fileError(
		fmt.Sprintf("line %d: is JSON whose objects have the names %s: they are neither readings "+
			"(series, ts, value) nor SenML (n, t, v)", l.line, firstOf(names)),
		"name the fields with --series-column, --time-column and --value-column, or export it as CSV",
	)
}

// fieldOf returns the field that has one of the names. Of a repeated name the last one counts.
func fieldOf(fields []jsonField, names ...string) (found jsonField) {
	for _, f := range fields {
		for _, name := range names {
			if string(f.name) == name {
				found = f
			}
		}
	}
	return found
}

// jsonReadings takes objects that are readings as streams/README.md has them, with their series.
type jsonReadings struct {
	*loader
	series, time, value []string // the names of the fields
	zoned               bool     // times without an offset are read in a zone that is given
	units               unitNames
	where               []recordCondition
}

func (r *jsonReadings) done() error { return r.unseen(r.where) }

func (r *jsonReadings) take(fields []jsonField) error {
	if len(r.where) > 0 && !recordFulfils(r.where, func(name string) ([]byte, bool) {
		f := fieldOf(fields, name)
		return f.value, f.kind != jsonAbsent
	}) {
		return nil
	}
	f, other := r.parts(fields)
	rec := record{series: f.series.value}
	if f.series.kind != jsonText {
		if r.opts.Series == "" {
			return r.fileError(fmt.Sprintf("line %d: the reading has no field %s", r.line,
				strings.Join(r.series, " or ")), "name the series of all readings with --series NAME")
		}
		rec.series = []byte(r.opts.Series)
	}
	var bad problem
	if rec.unix, rec.naive, bad = r.timeOf(f.time); bad.reason != "" {
		r.refuse(partTime, f.time.value, bad.reason, bad.remedy)
		return nil
	}
	if other.kind != jsonAbsent {
		if unix, naive, bad := r.timeOf(other); bad.reason != "" || unix != rec.unix || naive != rec.naive {
			r.refuse(partTime, other.value, meter.ReasonBadTimestamp, remedyTimes)
			return nil
		}
	}
	if f.value.kind == jsonAbsent && fieldOf(fields, "fields").kind == jsonNested {
		r.refuse("fields", nil, meter.ReasonUnparsable, remedyTelegraf)
		return nil
	}
	if rec.value, bad = valueOf(f.value); bad.reason != "" {
		r.refuse(partValue, f.value.value, bad.reason, bad.remedy)
		return nil
	}
	if !r.accepts(f.quality) {
		return nil
	}
	if rec.terms.Unit = r.units.field(f.unit); meter.AmbiguousUnit(rec.terms.Unit) {
		r.refuse("unit", f.unit.value, meter.ReasonWrongUnit, remedyMilli)
		return nil
	}
	if f.kind.kind == jsonText {
		var err error
		rec.terms.Kind, err = meter.ParseKind(string(f.kind.value))
		if err != nil {
			r.refuse("kind", f.kind.value, meter.ReasonUnknownKind, err.Error())
			return nil
		}
	}
	return r.put(rec)
}

// readingParts are the fields of a reading.
type readingParts struct{ series, time, value, unit, kind, quality jsonField }

// parts returns the fields of a reading. other is a second field with a name of the time that has
// another value than the first.
func (r *jsonReadings) parts(fields []jsonField) (p readingParts, other jsonField) {
	for _, f := range fields {
		switch {
		case named(f, r.series):
			p.series = f
		case named(f, r.time):
			if f.kind == jsonNull || len(f.value) == 0 {
				continue
			}
			if p.time.kind != jsonAbsent && string(p.time.name) != string(f.name) {
				other = f
				continue
			}
			p.time = f
		case named(f, r.value):
			p.value = f
		case string(f.name) == "unit":
			p.unit = f
		case string(f.name) == "kind":
			p.kind = f
		case string(f.name) == "quality":
			p.quality = f
		}
	}
	return p, other
}

// valueOf reads a number, also one in quotes.
func valueOf(f jsonField) (float64, problem) {
	if f.kind != jsonNumber && f.kind != jsonText {
		return 0, problem{meter.ReasonNotANumber, remedyNumber}
	}
	text := bytes.TrimSpace(f.value)
	v, bad := parseValue(text)
	if bad.reason == meter.ReasonNotANumber && bytes.IndexByte(text, ',') >= 0 {
		bad.remedy = remedyCell
	}
	return v, bad
}

func named(f jsonField, names []string) bool {
	for _, name := range names {
		if string(f.name) == name {
			return true
		}
	}
	return false
}

// timeOf reads the time of a reading: a text, or a number since 1970. The forms are those of the
// stream.
func (r *jsonReadings) timeOf(f jsonField) (unix int64, naive bool, bad problem) {
	var t meter.Timestamp
	ok := false
	if f.kind == jsonNumber || f.kind == jsonText {
		t, ok = meter.ParseTimestamp(f.value)
	}
	switch {
	case !ok && f.kind == jsonNumber:
		return 0, false, problem{meter.ReasonBadTimestamp, remedyEpochRange}
	case !ok:
		return 0, false, problem{meter.ReasonBadTimestamp, remedyTime}
	case t.Local && !r.zoned:
		return 0, false, problem{
			meter.ReasonBadTimestamp, "write the offset of the time, or give its zone with --timezone",
		}
	}
	return t.Seconds, t.Local, problem{}
}

// accepts reports whether a reading of this quality counts, and refuses it otherwise.
func (r *jsonReadings) accepts(f jsonField) bool {
	if f.kind != jsonText || len(f.value) == 0 {
		return true
	}
	q, err := meter.ParseQuality(string(f.value))
	switch {
	case err != nil:
		r.refuse("quality", f.value, meter.ReasonUnknownQuality, err.Error())
		return false
	case !q.Accepted():
		r.refuse("quality", f.value, meter.ReasonBadQuality, "leave the reading out")
		return false
	}
	return true
}

// unitNames keeps the names of units, which few files have many of, so that a row allocates none.
type unitNames map[string]string

// mostUnits bounds the names that are kept.
const mostUnits = 1000

func (u *unitNames) of(text []byte) string {
	if name, ok := (*u)[string(text)]; ok {
		return name
	}
	name := meter.UnitName(strings.TrimSpace(shown(text)))
	if *u == nil {
		*u = unitNames{}
	}
	if len(*u) < mostUnits {
		(*u)[string(text)] = name
	}
	return name
}

// field returns the unit that a field names, none when it is no text.
func (u *unitNames) field(f jsonField) string {
	if f.kind != jsonText {
		return ""
	}
	return u.of(f.value)
}
