package streams

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// anyKey replaces meter.Any in a key of the bucket of settings, because a key has no star. No token
// contains anyKey.
const anyKey = "="

// SettingsKey is the key of a pattern in the bucket of settings: the pattern, with = for *.
func SettingsKey(pattern string) string { return strings.ReplaceAll(pattern, meter.Any, anyKey) }

// SettingsPattern is the pattern of a key. ok is false when SettingsKey cannot have made the key.
func SettingsPattern(key string) (pattern string, ok bool) {
	pattern = strings.ReplaceAll(key, anyKey, meter.Any)
	_, ok = meter.ParsePattern(pattern)
	return pattern, ok && SettingsKey(pattern) == key
}

// Settings are what an operator sets for the series of a pattern. An empty field sets nothing. The
// bucket of settings holds them as JSON.
type Settings struct {
	Unit    string `json:"unit,omitempty"`
	Kind    string `json:"kind,omitempty"`    // energy, power or register
	Zone    string `json:"zone,omitempty"`    // IANA
	Country string `json:"country,omitempty"` // ISO 3166, two letters
	// Interval fixes the interval of the series to one of meter.Intervals; with 0 the readings
	// decide.
	Interval Interval `json:"interval,omitempty"`
	Label    string   `json:"label,omitempty"` // start or end: what of their interval readings bear
	// Limit is a meter.Quantity that targets should stay below, such as 40kW.
	Limit string `json:"limit,omitempty"`
	// LimitChance is the chance of passing Limit from which on there is an event.
	LimitChance float64 `json:"limit_chance,omitempty"`
}

// noEffect has the fields that a later release may read, each with the remedy in this release.
var noEffect = map[string]string{
	"static_features": "are not read by any model of this release; leave them out",
}

// AppendJSON appends the message.
func (s *Settings) AppendJSON(dst []byte) []byte { return appendAny(dst, s) }

// DecodeSettings reads a value of the bucket. It refuses a field that has no effect in this
// release, so that nobody relies on the field. The error is an *InvalidError that names the field.
func DecodeSettings(data []byte) (Settings, error) {
	var fields map[string]json.RawMessage
	if len(data) > maxPayload || json.Unmarshal(data, &fields) != nil || fields == nil {
		return Settings{}, fieldError("settings", string(data),
			`write a JSON object such as {"unit":"kWh","kind":"register"}`)
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		switch name {
		case "unit", "kind", "zone", "country", "interval", "label", "limit", "limit_chance":
			continue
		}
		remedy, known := noEffect[name]
		if !known {
			remedy = "is no setting: known are unit, kind, zone, country, interval, " +
				"label, limit and limit_chance"
		}
		return Settings{}, fieldError(name, string(fields[name]), remedy)
	}
	var s Settings
	decoder := json.NewDecoder(bytes.NewReader(data))
	var invalid *InvalidError
	if err := decoder.Decode(&s); errors.As(err, &invalid) {
		return Settings{}, err
	} else if err != nil {
		return Settings{}, fieldError("settings", string(data),
			"each setting is a text, limit_chance is a number")
	}
	if _, set := fields["limit_chance"]; set && s.LimitChance == 0 {
		return Settings{}, fieldError("limit_chance", "0", remedyChance)
	}
	return s, s.check()
}

// check compares each field with its form. Package streams does not know which zones, countries and
// units there are.
func (s *Settings) check() error {
	if _, err := meter.ParseKind(s.Kind); err != nil {
		return fieldError("kind", s.Kind, "use energy, power or register, or leave it out")
	}
	if d := time.Duration(s.Interval); d != 0 && !meter.Native(d) {
		return fieldError("interval", meter.IntervalName(d),
			"use 5m, 10m, 15m, 20m, 30m or 1h, or leave it out")
	}
	if _, err := meter.ParseLabel(s.Label); err != nil {
		return fieldError("label", s.Label, "use start or end, or leave it out")
	}
	if err := s.checkLimit(); err != nil {
		return err
	}
	unprintable := func(c rune) bool { return c <= ' ' || c == 0x7f }
	if len(s.Unit) > maxUnit || strings.ContainsFunc(s.Unit, unprintable) {
		return fieldError("unit", s.Unit, "at most 16 bytes, without spaces")
	}
	if len(s.Zone) > meter.MaxToken || len(s.Country) > meter.MaxToken {
		return fieldError("zone, country", s.Zone+s.Country,
			"a name such as Europe/Amsterdam, a code such as NL")
	}
	return nil
}

const remedyChance = "must be above 0 and below 1, such as 0.2"

// checkLimit compares the limit and its chance with their forms.
func (s *Settings) checkLimit() error {
	if s.Limit != "" {
		q, err := meter.ParseQuantity(s.Limit)
		if err != nil || len(q.Unit) > maxUnit || len(s.Limit) > meter.MaxToken {
			return fieldError("limit", s.Limit,
				"must be a number and a unit of at most 16 bytes, such as 40kW")
		}
		if q.Value == 0 { // the zero Quantity is no limit
			return fieldError("limit", s.Limit, "must be above 0, such as 40kW, or none")
		}
	}
	if s.LimitChance < 0 || s.LimitChance >= 1 {
		return fieldError("limit_chance", strconv.FormatFloat(s.LimitChance, 'g', -1, 64),
			remedyChance)
	}
	return nil
}
