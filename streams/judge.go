package streams

import (
	"bytes"
	"math"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/loadtide/loadtide/pkg/meter"
)

const (
	maxUnit = 16   // bytes of a unit
	minYear = 1970 // first year of a timestamp
	maxYear = 2200 // last year of a timestamp
)

// The remedies, for senders.
const (
	remedySeries  = "must be <site>.<meter>"
	remedyPattern = "must be <site>.<meter>, <site>.* or *.*"
	remedyJSON    = `send {"ts":"2026-01-31T13:00:00Z","value":1.234} or an array of such`
	remedyTime    = "write RFC 3339 with Z or an offset, years 1970 to 2200, " +
		"e.g. 2026-01-31T13:00:00Z"
	remedyNumber = "write a finite number with a decimal point, or leave the reading out"
	remedyRange  = "values must be below 1e12 in magnitude; use a larger unit"
	remedyUnit   = "at most 16 printable bytes that fit the kind: " +
		"W, kW, MW for power, Wh, kWh, MWh for energy"
	remedyKind     = "use energy, power or register, or leave it out"
	remedyQuality  = "use OK, ESTIMATED, MISSING or BAD, or leave it out"
	remedyInterval = "use 5 minutes to 1 h that divide the hour (15m, PT30M, 1h), or leave it out"
	remedyHistory  = "use true or false, or leave it out"
	remedySize     = "split it into messages of at most 64 KiB and 1000 readings"
	remedyNesting  = "nest at most 8 deep"
	remedyString   = "strings may have 256 bytes"
	remedyEmpty    = "send at least one reading"
)

// fields are the tokens of one reading. Of a repeated key the last token counts.
type fields struct {
	ts, value, unit, kind, quality, interval, history token
}

func (f *fields) set(key, t token) {
	switch string(key.text()) {
	case "ts":
		f.ts = t
	case "value":
		f.value = t
	case "unit":
		f.unit = t
	case "kind":
		f.kind = t
	case "quality":
		f.quality = t
	case "interval":
		f.interval = t
	case "history":
		f.history = t
	}
}

// reading returns the reading that the fields make, or an error for the first wrong field. In an
// optional field null and "" mean absent. long says that a string of the reading, also one in an
// unknown field, is over the limit.
func (f *fields) reading(long bool) (Reading, *InvalidError) {
	var r Reading
	if long {
		return r, &InvalidError{
			Reason: meter.ReasonTooLarge, Field: "string", Value: "over 256 bytes", Remedy: remedyString,
		}
	}
	var err *InvalidError
	if r.Time, err = f.time(); err != nil {
		return r, err
	}
	if r.Value, err = f.number(); err != nil {
		return r, err
	}
	usual := false
	if f.unit.present() {
		text := f.unit.text()
		if f.unit.kind != stringToken || !printable(text) {
			return r, invalid(meter.ReasonWrongUnit, "unit", f.unit, remedyUnit)
		}
		r.Unit, usual = usualUnit(text)
	}
	if f.kind.present() {
		if r.Kind = f.kind.asKind(); r.Kind == meter.KindUnknown {
			return r, invalid(meter.ReasonUnknownKind, "kind", f.kind, remedyKind)
		}
		if usual && !r.Kind.Fits(r.Unit) {
			return r, invalid(meter.ReasonWrongUnit, "unit", f.unit, remedyUnit)
		}
	}
	if f.quality.present() {
		if r.Quality = f.quality.asQuality(); r.Quality == meter.Unknown {
			return r, invalid(meter.ReasonUnknownQuality, "quality", f.quality, remedyQuality)
		}
	}
	if f.interval.present() {
		if r.Interval = intervalWord(f.interval); !validInterval(r.Interval) {
			return r, invalid(meter.ReasonIntervalUnsupported, "interval", f.interval, remedyInterval)
		}
	}
	switch f.history.kind {
	case absent, nullToken:
	case boolToken:
		r.History = f.history.raw[0] == 't'
	default:
		return r, invalid(meter.ReasonUnparsable, "history", f.history, remedyHistory)
	}
	return r, nil
}

func invalid(reason meter.Reason, field string, t token, remedy string) *InvalidError {
	return &InvalidError{Reason: reason, Field: field, Value: shown(t.text()), Remedy: remedy}
}

// present reports whether an optional field has a value.
func (t token) present() bool {
	return t.kind != absent && t.kind != nullToken && !(t.kind == stringToken && len(t.raw) == 0)
}

func (f *fields) time() (time.Time, *InvalidError) {
	var t time.Time
	text := f.ts.text()
	if f.ts.kind == stringToken && strictTime(text) && t.UnmarshalText(text) == nil {
		t = t.UTC()
		if y := t.Year(); y >= minYear && y <= maxYear {
			return t, nil
		}
	}
	return time.Time{}, invalid(meter.ReasonBadTimestamp, "ts", f.ts, remedyTime)
}

// strictTime reports whether a text has the form of RFC 3339. Package time also accepts hours of
// one digit and decimal commas, which strictTime refuses.
func strictTime(text []byte) bool {
	return len(text) >= len("2006-01-02T15:04:05Z") &&
		text[13] == ':' && text[16] == ':' && text[19] != ','
}

func (f *fields) number() (float64, *InvalidError) {
	kind := f.value.kind
	if kind == stringToken {
		kind = floatWord(bytes.TrimSpace(f.value.text()))
	}
	switch kind {
	case numberToken:
		v, err := strconv.ParseFloat(string(f.value.raw), 64)
		switch {
		case err != nil: // the scanner has checked the form: the number is too large for a float64
			return 0, invalid(meter.ReasonNotFinite, "value", f.value, remedyNumber)
		case math.Abs(v) >= meter.MaxValue:
			return 0, invalid(meter.ReasonOutOfRange, "value", f.value, remedyRange)
		}
		return v, nil
	case infToken:
		return 0, invalid(meter.ReasonNotFinite, "value", f.value, remedyNumber)
	default:
		return 0, invalid(meter.ReasonNotANumber, "value", f.value, remedyNumber)
	}
}

// asKind returns the kind that a token names, KindUnknown when it names none.
func (t token) asKind() meter.Kind {
	if t.kind != stringToken {
		return meter.KindUnknown
	}
	kind, _ := meter.ParseKind(string(t.text()))
	return kind
}

// asQuality returns the quality that a token names, Unknown when it names none.
func (t token) asQuality() meter.Quality {
	if t.kind != stringToken {
		return meter.Unknown
	}
	quality, _ := meter.ParseQuality(string(t.text()))
	return quality
}

// usualUnit returns the unit as a string, without an allocation for the usual units. Only a usual
// unit that contradicts the kind of its message is refused here. The engine judges other spellings,
// because it knows the unit and the kind of the series.
func usualUnit(name []byte) (unit string, usual bool) {
	switch string(name) {
	case "kWh":
		return "kWh", true
	case "Wh":
		return "Wh", true
	case "MWh":
		return "MWh", true
	case "GWh":
		return "GWh", true
	case "kW":
		return "kW", true
	case "W":
		return "W", true
	case "MW":
		return "MW", true
	case "GW":
		return "GW", true
	}
	return string(name), false
}

// validInterval reports whether readings may have an interval.
func validInterval(d time.Duration) bool {
	return d >= meter.LeastInterval && d <= meter.MostInterval && time.Hour%d == 0
}

// intervalWord returns the interval that a token names, without an allocation for the common words.
// It returns 0 for a token that names none.
func intervalWord(t token) time.Duration {
	if t.kind != stringToken {
		return 0
	}
	switch text := t.text(); string(text) {
	case "1h", "PT1H":
		return time.Hour
	default:
		d, _ := parseInterval(string(text))
		return d
	}
}

// printable reports whether a text can be a unit.
func printable(unit []byte) bool {
	if len(unit) > maxUnit {
		return false
	}
	for len(unit) > 0 {
		r, size := utf8.DecodeRune(unit)
		if r == utf8.RuneError && size == 1 || !unicode.IsPrint(r) {
			return false
		}
		unit = unit[size:]
	}
	return true
}
