package tabular

import (
	"bytes"
	"math"

	"github.com/loadtide/loadtide/pkg/meter"
)

// relativeBelow bounds the times of SenML that are relative to now (RFC 8428, section 4.5.3).
const relativeBelow = 1 << 28

// mostSenML is the newest version of SenML that is read.
const mostSenML = 10

// senML takes the records of SenML (RFC 8428): a base name, time, unit or value holds for the
// record that has it and for those behind it in its pack.
type senML struct {
	*loader
	reader *jsonReader
	pack   int // the array that the base is of
	base   senMLBase
	name   []byte
	units  unitNames
}

type senMLBase struct {
	name        []byte
	unit        string
	time, value float64
}

// isSenML reports whether an object is a record of SenML.
func isSenML(fields []jsonField) bool {
	for _, f := range fields {
		switch string(f.name) {
		case "bn", "bt", "bu", "bv", "bs", "bver":
			return true
		}
	}
	name, value := fieldOf(fields, "n"), fieldOf(fields, "v", "vs", "vb", "vd", "s")
	return name.kind == jsonText && value.kind != jsonAbsent
}

func (s *senML) done() error { return nil }

func (s *senML) take(fields []jsonField) error {
	if s.pack != s.reader.arrays {
		s.pack, s.base = s.reader.arrays, senMLBase{name: s.base.name[:0]}
	}
	var name, value, other jsonField
	var at float64
	unit, fault := "", jsonField{}
	for _, f := range fields {
		ok := true
		switch string(f.name) {
		case "bn":
			s.base.name = append(s.base.name[:0], f.value...)
		case "bu":
			s.base.unit = s.units.field(f)
		case "bt":
			s.base.time, ok = number(f)
		case "bv":
			s.base.value, ok = number(f)
		case "bver":
			version, is := number(f)
			ok = is && version <= mostSenML
		case "n":
			name = f
		case "u":
			unit = s.units.field(f)
		case "t":
			at, ok = number(f)
		case "v":
			value = f
		case "vs", "vb", "vd", "s":
			other = f
		default:
			ok = !bytes.HasSuffix(f.name, []byte("_")) // a field that a reader must understand
		}
		if !ok {
			fault = f
		}
	}
	switch {
	case fault.kind != jsonAbsent:
		s.refuse(shown(fault.name), fault.value, meter.ReasonUnparsable,
			"SenML of version 10 (RFC 8428) is read, with numbers in bt, bv, t and v")
		return nil
	case value.kind == jsonAbsent && other.kind == jsonAbsent:
		return nil // it sets the base alone
	case value.kind == jsonAbsent:
		s.refuse(shown(other.name), other.value, meter.ReasonNotANumber,
			"v alone is read: leave the record out")
		return nil
	}
	return s.record(name, value, unit, at)
}

// record puts together a record and its base.
func (s *senML) record(name, value jsonField, unit string, at float64) error {
	v, ok := number(value)
	if !ok {
		s.refuse("v", value.value, meter.ReasonNotANumber, remedyNumber)
		return nil
	}
	seconds := math.Floor(s.base.time + at)
	if seconds < relativeBelow || seconds > maxUnix {
		s.refuse("t", fieldText(at), meter.ReasonBadTimestamp,
			"write seconds since 1970 in t or bt: times relative to now are of no use in a file")
		return nil
	}
	if unit == "" {
		unit = s.base.unit
	}
	s.name = append(append(s.name[:0], s.base.name...), name.value...)
	if len(s.name) == 0 && s.opts.Series != "" {
		s.name = append(s.name, s.opts.Series...)
	}
	return s.put(record{
		series: s.name, unix: int64(seconds), value: s.base.value + v, terms: meter.Terms{Unit: unit},
	})
}

// number reads a field that is a number.
func number(f jsonField) (float64, bool) {
	if f.kind != jsonNumber {
		return 0, false
	}
	v, bad := parseValue(f.value)
	return v, bad.reason == ""
}
