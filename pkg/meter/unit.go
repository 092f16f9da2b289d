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

// ParseUnit reads the name of a unit: Wh, W or J, with a prefix k, M, G or T or without one. The
// case of letters is free where it cannot mislead: kwh and KWH are kWh. An m is milli and never
// mega, so mW and mwh are not known. An unknown unit is no error: it equals only itself.
func ParseUnit(name string) Unit {
	scale, rest := 1.0, name
	if len(name) > 1 {
		switch name[0] {
		case 'k', 'K':
			scale, rest = 1e3, name[1:]
		case 'M':
			scale, rest = 1e6, name[1:]
		case 'G':
			scale, rest = 1e9, name[1:]
		case 'T':
			scale, rest = 1e12, name[1:]
		}
	}
	switch rest {
	case "Wh", "wh", "WH":
		return Unit{DimensionEnergy, scale}
	case "J":
		return Unit{DimensionEnergy, scale / HourSeconds}
	case "W", "w":
		return Unit{DimensionPower, scale}
	}
	return Unit{}
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
