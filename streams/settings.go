package streams

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/loadtide/loadtide/pkg/meter"
)

// anyKey stands for meter.Any in a key of the bucket of settings, which may not hold a star; no token holds it.
const anyKey = "="

// SettingsKey is the key of a pattern in the bucket of settings: the pattern, with = for *.
func SettingsKey(pattern string) string { return strings.ReplaceAll(pattern, meter.Any, anyKey) }

// SettingsPattern is the pattern of a key; ok is false when SettingsKey cannot have made it.
func SettingsPattern(key string) (pattern string, ok bool) {
	pattern = strings.ReplaceAll(key, anyKey, meter.Any)
	_, ok = meter.ParsePattern(pattern)
	return pattern, ok && SettingsKey(pattern) == key
}

// Settings are what an operator says about the series of a pattern; an empty field says nothing. It is the value in the
// bucket of settings.
type Settings struct {
	Unit    string `json:"unit,omitempty"`
	Kind    string `json:"kind,omitempty"`    // energy, power or register
	Zone    string `json:"zone,omitempty"`    // IANA
	Country string `json:"country,omitempty"` // ISO 3166, two letters
}

// noEffect are fields that a later release may read, each with what to do in this one.
var noEffect = map[string]string{
	"interval":        `is learnt from the readings; send "interval" with them to say it`,
	"static_features": "are not read by any model of this release; leave them out",
}

// AppendJSON appends the message.
func (s *Settings) AppendJSON(dst []byte) []byte { return appendAny(dst, s) }

// DecodeSettings reads a value of the bucket. The error is an *InvalidError: a field that has no effect in this release
// is refused by name, so that nobody relies on it.
func DecodeSettings(data []byte) (Settings, error) {
	var fields map[string]json.RawMessage
	if len(data) > maxPayload || json.Unmarshal(data, &fields) != nil || fields == nil {
		return Settings{}, fieldError("settings", string(data), `write a JSON object such as {"unit":"kWh","kind":"register"}`)
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		switch name {
		case "unit", "kind", "zone", "country":
			continue
		}
		remedy, known := noEffect[name]
		if !known {
			remedy = "is no setting: known are unit, kind, zone and country"
		}
		return Settings{}, fieldError(name, string(fields[name]), remedy)
	}
	var s Settings
	decoder := json.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&s); err != nil {
		return Settings{}, fieldError("settings", string(data), "each setting is a text")
	}
	return s, s.check()
}

// check holds each field against its form; what zones, countries and units there are is not known here.
func (s *Settings) check() error {
	if _, err := meter.ParseKind(s.Kind); err != nil {
		return fieldError("kind", s.Kind, "use energy, power or register, or leave it out")
	}
	if len(s.Unit) > maxUnit || strings.ContainsFunc(s.Unit, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
		return fieldError("unit", s.Unit, "at most 16 bytes, without spaces")
	}
	if len(s.Zone) > meter.MaxToken || len(s.Country) > meter.MaxToken {
		return fieldError("zone, country", s.Zone+s.Country, "a name such as Europe/Amsterdam, a code such as NL")
	}
	return nil
}
