package streams

import (
	"bytes"
	"fmt"
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

// Zone returns the zone of the series whose readings are decoded, nil when none is set. It is asked
// for times without an offset only. A nil Zone is none.
type Zone func() *time.Location

// The remedies, for senders.
const (
	remedySeries  = "must be <site>.<meter>"
	remedyPattern = "must be <site>.<meter>, <site>.* or *.*"
	remedyJSON    = `send {"ts":"2026-01-31T13:00:00Z","value":1.234} or an array of such`
	remedyTime    = "write RFC 3339 with Z or an offset, years 1970 to 2200, " +
		"e.g. 2026-01-31T13:00:00Z, or seconds, ms, us or ns since 1970 that lie between 2000 and 2100"
	remedyOffset = "write the offset (Z or +01:00), or set the zone of the series: " +
		"loadtide series set <site>.<meter> --zone Europe/Vienna"
	remedyTwice   = "the clocks of the series' zone show it twice: write the offset (+01:00)"
	remedySkipped = "the clocks of the series' zone skip it: write the offset (Z or +01:00)"
	remedyTimes   = "another time than %s: send one of ts, timestamp and time"
	remedyNumber  = "write a finite number with a decimal point, or leave the reading out"
	remedyComma   = "a comma may be a decimal or a thousands mark: write a decimal point " +
		"and no other mark"
	remedyRange = "values must be below 1e12 in magnitude; use a larger unit"
	remedyUnit  = "at most 16 printable bytes that fit the kind: " +
		"W, kW, MW for power, Wh, kWh, MWh for energy"
	remedyMilli    = "a small m may be milli or mega: write MW, MWh or MJ for mega"
	remedyTelegraf = "that is telegraf's own JSON: set in its output " +
		"json_transformation = '{\"ts\": timestamp, \"value\": fields.value}', without use_batch_format"
	remedyKind     = "use energy, power or register, or leave it out"
	remedyQuality  = "use OK, ESTIMATED, MISSING or BAD, or leave it out"
	remedyInterval = "use 5 minutes to 1 h that divide the hour (15m, PT30M, 1h), or leave it out"
	remedyHistory  = "use true or false, or leave it out"
	remedySize     = "split it into messages of at most 64 KiB and 1000 readings"
	remedyNesting  = "nest at most 8 deep"
	remedyString   = "strings may have 256 bytes"
	remedyEmpty    = "send at least one reading"
)

// fields are the tokens of one reading. Of a repeated key the last token counts. telegraf is the
// part of an object of telegraf that holds its values.
type fields struct {
	ts, timestamp, time, value, unit, kind, quality, interval, history, telegraf token
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
	case "timestamp":
		f.timestamp = t
	case "time":
		f.time = t
	case "fields", "metrics":
		f.telegraf = t
	}
}

// reading returns the reading that the fields make, or an error for the first wrong field. null and ""
// mean that a field is absent. A reading with null or "" in place of its value, and one of a bad
// quality without a value, is MISSING unless it says BAD; its value is 0. long says that a string of
// the reading, also one in an unknown field, is over the limit.
func (f *fields) reading(long bool, zone Zone) (Reading, *InvalidError) {
	var r Reading
	if long {
		return r, &InvalidError{
			Reason: meter.ReasonTooLarge, Field: "string", Value: "over 256 bytes", Remedy: remedyString,
		}
	}
	var err *InvalidError
	if r.Time, err = f.moment(zone); err != nil {
		return r, err
	}
	// Without value and quality, the value may stand under another name.
	valued := f.value.present() || f.value.kind == absent && !f.quality.present()
	if valued {
		if r.Value, err = f.number(); err != nil {
			return r, err
		}
	}
	usual := false
	if f.unit.present() {
		text := f.unit.text()
		if f.unit.kind != stringToken || !printable(text) {
			return r, invalid(meter.ReasonWrongUnit, "unit", f.unit, remedyUnit)
		}
		if r.Unit, usual = usualUnit(text); !usual {
			if meter.AmbiguousUnit(r.Unit) {
				return r, invalid(meter.ReasonWrongUnit, "unit", f.unit, remedyMilli)
			}
			r.Unit, usual = usualUnit([]byte(meter.UnitName(r.Unit)))
		}
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
	switch {
	case valued:
	case r.Quality == meter.Unknown:
		r.Quality = meter.Missing
	case r.Quality.Accepted():
		return r, invalid(meter.ReasonNotANumber, "value", f.value, remedyNumber)
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

// moment returns the time of the reading. A time with an offset under the common name is read here,
// all others by anyMoment.
func (f *fields) moment(zone Zone) (time.Time, *InvalidError) {
	if f.ts.kind == stringToken && f.timestamp.kind == absent && f.time.kind == absent {
		if t, ok := meter.ParseTimestamp(f.ts.text()); ok && !t.Local {
			return time.Unix(t.Seconds, int64(t.Nanos)).UTC(), nil
		}
	}
	return f.anyMoment(zone)
}

// anyMoment reads the time of a reading in any form that senders use, from any of its three names.
// Several of the names must say the same second.
func (f *fields) anyMoment(zone Zone) (time.Time, *InvalidError) {
	var moment time.Time
	var first string
	for _, n := range [...]struct {
		name  string
		token token
	}{{"ts", f.ts}, {"timestamp", f.timestamp}, {"time", f.time}} {
		if !n.token.present() {
			continue
		}
		t, remedy := n.token.asTime(zone)
		if remedy != "" {
			return t, invalid(meter.ReasonBadTimestamp, n.name, n.token, remedy)
		}
		if first != "" && t.Unix() != moment.Unix() {
			remedy = fmt.Sprintf(remedyTimes, first)
			return t, invalid(meter.ReasonBadTimestamp, n.name, n.token, remedy)
		}
		if first == "" {
			moment, first = t, n.name
		}
	}
	switch {
	case first != "":
		return moment, nil
	case f.telegraf.kind == compositeToken:
		return moment, f.notOfTelegraf()
	}
	return moment, invalid(meter.ReasonBadTimestamp, "ts", f.ts, remedyTime)
}

// notOfTelegraf refuses an object of telegraf: its name and tags may say another series than the
// subject.
func (f *fields) notOfTelegraf() *InvalidError {
	field := "fields"
	if f.telegraf.raw[0] == '[' {
		field = "metrics"
	}
	return invalid(meter.ReasonUnparsable, field, f.telegraf, remedyTelegraf)
}

// asTime returns the time that a token holds, or the remedy for one that holds none.
func (t token) asTime(zone Zone) (moment time.Time, remedy string) {
	var stamp meter.Timestamp
	ok := false
	if t.kind == stringToken || t.kind == numberToken {
		stamp, ok = meter.ParseTimestamp(t.text())
	}
	if !ok {
		return moment, remedyTime
	}
	var place *time.Location
	if stamp.Local && zone != nil {
		place = zone()
	}
	if stamp.Local && place == nil {
		return moment, remedyOffset
	}
	moment, clock := stamp.In(place)
	switch clock {
	case meter.ClockTwice:
		return moment, remedyTwice
	case meter.ClockSkipped:
		return moment, remedySkipped
	case meter.ClockOnce:
	}
	if y := moment.Year(); y < minYear || y > maxYear {
		return moment, remedyTime
	}
	return moment, ""
}

func (f *fields) number() (float64, *InvalidError) {
	switch f.value.kind {
	case numberToken:
		v, err := strconv.ParseFloat(string(f.value.raw), 64)
		switch {
		case err != nil: // the scanner has checked the form: the number is too large for a float64
			return 0, invalid(meter.ReasonNotFinite, "value", f.value, remedyNumber)
		case math.Abs(v) >= meter.MaxValue:
			return 0, invalid(meter.ReasonOutOfRange, "value", f.value, remedyRange)
		}
		return v, nil
	case stringToken:
		return f.quotedNumber()
	case infToken:
		return 0, invalid(meter.ReasonNotFinite, "value", f.value, remedyNumber)
	case absent:
		if f.telegraf.kind == compositeToken {
			return 0, f.notOfTelegraf()
		}
	case nullToken, boolToken, compositeToken, nanToken:
	}
	return 0, invalid(meter.ReasonNotANumber, "value", f.value, remedyNumber)
}

// quotedNumber reads a value in quotes.
func (f *fields) quotedNumber() (float64, *InvalidError) {
	text := bytes.TrimSpace(f.value.text())
	v, reason := meter.ParseValue(text)
	switch {
	case reason == "":
		return v, nil
	case reason == meter.ReasonOutOfRange:
		return 0, invalid(reason, "value", f.value, remedyRange)
	case reason == meter.ReasonNotANumber && bytes.IndexByte(text, ',') >= 0:
		return 0, invalid(reason, "value", f.value, remedyComma)
	}
	return 0, invalid(reason, "value", f.value, remedyNumber)
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
