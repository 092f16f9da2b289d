package meter

import (
	"fmt"
	"slices"
	"strings"
)

// Dimension is what a unit measures.
type Dimension uint8

// The dimensions. Units are converted within one of them.
const (
	DimensionNone Dimension = iota // not known here
	DimensionEnergy
	DimensionPower
)

// String names the dimension for errors.
func (d Dimension) String() string {
	switch d {
	case DimensionEnergy:
		return "energy"
	case DimensionPower:
		return "power"
	case DimensionNone:
	}
	return "unknown"
}

// Unit is a unit of energy or power. Scale is how many watt-hours or watts it is. The zero Unit is
// a unit that is not known here.
type Unit struct {
	Dimension Dimension
	Scale     float64
}

// ParseUnit reads the name of a unit: Wh, W or J, with a prefix k, M, G or T or without one, or its
// English or German word (kilowatt-hours, Watt). The case of letters is free where it cannot
// mislead: kwh and KWH are kWh. An m may be milli or mega, so mW and mwh are not known, see
// AmbiguousUnit. An unknown unit is no error: it equals only itself.
func ParseUnit(name string) Unit {
	symbol, ok := unitSymbol(name)
	if !ok {
		if symbol, ok = unitWord(name); !ok {
			return Unit{}
		}
	}
	u := Unit{DimensionEnergy, symbol.scale()}
	switch symbol.base {
	case "W":
		u.Dimension = DimensionPower
	case "J":
		u.Scale /= HourSeconds
	}
	return u
}

// UnitName returns the usual name of a unit of energy or power, such as kWh for KWH, kilowatt-hours
// and " kwh". It returns other names as they are.
func UnitName(name string) string {
	trimmed := strings.TrimSpace(name)
	symbol, ok := unitSymbol(trimmed)
	if !ok {
		if symbol, ok = unitWord(trimmed); !ok {
			return name
		}
	}
	if symbol.prefix == 0 {
		return symbol.base
	}
	return string(symbol.prefix) + symbol.base
}

// AmbiguousUnit reports whether a unit of energy or power begins with a small m, which is milli for
// some senders and mega for others: mW, mwh.
func AmbiguousUnit(name string) bool {
	name = strings.TrimSpace(name)
	if len(name) < 2 || name[0] != 'm' {
		return false
	}
	symbol, ok := unitSymbol(name[1:])
	return ok && symbol.prefix == 0
}

// symbol is the symbol of a unit in its parts. The zero prefix is none.
type symbol struct {
	prefix byte   // k, M, G or T
	base   string // Wh, W or J
}

func (s symbol) scale() float64 {
	switch s.prefix {
	case 'k':
		return 1e3
	case 'M':
		return 1e6
	case 'G':
		return 1e9
	case 'T':
		return 1e12
	}
	return 1
}

// unitSymbol reads the symbol of a unit of energy or power in any case, but for a small m before it.
func unitSymbol(name string) (s symbol, ok bool) {
	rest := name
	if len(name) > 1 {
		switch name[0] {
		case 'k', 'K':
			s.prefix = 'k'
		case 'M':
			s.prefix = 'M'
		case 'g', 'G':
			s.prefix = 'G'
		case 't', 'T':
			s.prefix = 'T'
		}
		if s.prefix != 0 {
			rest = name[1:]
		}
	}
	switch rest {
	case "Wh", "wh", "WH", "wH":
		s.base = "Wh"
	case "W", "w":
		s.base = "W"
	case "J", "j":
		s.base = "J"
	default:
		return symbol{}, false
	}
	return s, true
}

// longestUnit is the length of the longest word that is read as a unit.
const longestUnit = len("megawattstunden") + len("  ")

// unitWord reads the word of a unit in any case, in one word or with spaces or hyphens between.
func unitWord(name string) (s symbol, ok bool) {
	if len(name) < len("watt") || len(name) > longestUnit {
		return s, false
	}
	var room [longestUnit]byte
	word := room[:0]
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			word = append(word, c|0x20)
		case c != ' ' && c != '-' && c != '_':
			return s, false
		}
	}
	rest := string(word)
	for _, p := range [...]struct {
		word   string
		prefix byte
	}{{"kilo", 'k'}, {"mega", 'M'}, {"giga", 'G'}, {"tera", 'T'}} {
		if after, cut := strings.CutPrefix(rest, p.word); cut {
			s.prefix, rest = p.prefix, after
			break
		}
	}
	switch rest {
	case "watt", "watts":
		s.base = "W"
	case "watthour", "watthours", "wattstunde", "wattstunden":
		s.base = "Wh"
	case "joule", "joules":
		s.base = "J"
	default:
		return symbol{}, false
	}
	return s, true
}

// otherUnits are units of other quantities than energy and power. They are not converted.
var otherUnits = []string{
	"m3", "m³", "ft3", "l", "gal", "therm", "Btu", "V", "A", "Ah", "VA", "kVA", "VAh", "kVAh", "VAr",
	"kVAr", "VArh", "kVArh", "Hz", "°C", "K", "%",
}

// KnownUnit reports whether a person may set a unit: one of energy or power, one of another quantity
// that meters have, or none.
func KnownUnit(name string) bool {
	return name == "" || ParseUnit(name).Dimension != DimensionNone || slices.Contains(otherUnits, name)
}

// UnitNames says in words which units are known.
func UnitNames() string {
	return "Wh, W and J with k, M, G or T before them (kWh, MW), " + strings.Join(otherUnits, ", ")
}

// UnitError says that values cannot be turned from one unit into another.
type UnitError struct {
	From, To string
}

// Error names both units and the remedy.
func (e *UnitError) Error() string {
	from, to := ParseUnit(e.From).Dimension, ParseUnit(e.To).Dimension
	if from == DimensionNone || to == DimensionNone {
		return fmt.Sprintf("unit %q: the series is measured in %q and the two are not known "+
			"to be of one kind; send that unit, or use another meter name", e.From, e.To)
	}
	return fmt.Sprintf("unit %q is one of %s: the series is measured in %q, one of %s, "+
		"and neither is turned into the other; send that unit, or use another meter name",
		e.From, from, e.To, to)
}

// Conversion turns values of one unit into another. The zero Conversion keeps them.
type Conversion struct {
	from, to float64
}

// Convert is the conversion between two units of one dimension, or of any unit to itself. For other
// units the error is a *UnitError.
func Convert(from, to string) (Conversion, error) {
	if from == to {
		return Conversion{}, nil
	}
	f, t := ParseUnit(from), ParseUnit(to)
	if f.Dimension == DimensionNone || f.Dimension != t.Dimension {
		return Conversion{}, &UnitError{From: from, To: to}
	}
	return Conversion{f.Scale, t.Scale}, nil
}

// Apply converts one value.
func (c Conversion) Apply(v float64) float64 {
	if c.from == c.to {
		return v
	}
	return v * c.from / c.to
}
