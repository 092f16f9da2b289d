package meter

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Quantity is a number with its unit, such as 40 kW. An empty Unit means the unit of the series to
// which the quantity is compared.
type Quantity struct {
	Value float64
	Unit  string
}

// ParseQuantity reads a quantity as 40kW, 40 kW, 0.5MWh or 40. The number is decimal. The unit
// begins with a letter and holds no space. The error names the text and the remedy.
func ParseQuantity(text string) (Quantity, error) {
	number, value := longestNumber(text)
	unit := strings.Trim(text[len(number):], " ")
	if number == "" || !Finite(value) || !plainUnit(unit) {
		return Quantity{}, fmt.Errorf(
			"%q is no quantity: write a number and a unit, as 40kW or 0.5MWh", text)
	}
	return Quantity{value, unit}, nil
}

// longestNumber is the longest decimal number that a text begins with, and its value.
func longestNumber(text string) (number string, value float64) {
	digits := len(text) - len(strings.TrimLeft(text, "0123456789.+-eE"))
	for end := digits; end > 0; end-- {
		value, err := strconv.ParseFloat(text[:end], 64)
		if err == nil || errors.Is(err, strconv.ErrRange) {
			return text[:end], value
		}
	}
	return "", 0
}

// plainUnit reports whether a text can be a unit behind a number.
func plainUnit(unit string) bool {
	first, _ := utf8.DecodeRuneInString(unit)
	return unit == "" || unicode.IsLetter(first) && !strings.ContainsFunc(unit, unicode.IsSpace) &&
		!strings.ContainsFunc(unit, unicode.IsControl)
}

// String writes the quantity as ParseQuantity reads it.
func (q Quantity) String() string {
	number := strconv.FormatFloat(q.Value, 'g', -1, 64)
	if strings.HasPrefix(q.Unit, "e") || strings.HasPrefix(q.Unit, "E") {
		number += " " // so that the unit does not read as an exponent
	}
	return number + q.Unit
}

// In returns the value of the quantity in the unit of a series with intervals of that length. Units
// of one dimension are converted. When the series is one of energy, power becomes the energy of an
// interval: 40 kW are 10 kWh in a quarter-hour. The error names both units and the remedy.
func (q Quantity) In(unit string, interval time.Duration) (float64, error) {
	if q.Unit == "" {
		return q.Value, nil
	}
	if conversion, err := Convert(q.Unit, unit); err == nil {
		return conversion.Apply(q.Value), nil
	}
	from, to := ParseUnit(q.Unit), ParseUnit(unit)
	switch {
	case from.Dimension == DimensionPower && to.Dimension == DimensionEnergy:
		return q.Value * from.Scale * interval.Hours() / to.Scale, nil
	case unit == "":
		return 0, fmt.Errorf("%s: the unit of the series is not known; leave the unit out, "+
			"or set that of the series", q)
	case to.Dimension == DimensionPower:
		return 0, fmt.Errorf("%s: the series is measured in %q, a unit of power; give the value in "+
			"that unit", q, unit)
	}
	return 0, fmt.Errorf("%s: the series is measured in %q, which %q is not turned into; give the "+
		"value in that unit", q, unit, q.Unit)
}
