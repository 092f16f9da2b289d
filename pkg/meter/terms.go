package meter

import (
	"errors"
	"fmt"
	"math"
)

// Terms are the unit and the kind of values. Unit is empty while it is not known, and Kind is
// KindUnknown.
type Terms struct {
	Unit string
	Kind Kind
}

// Begin returns the terms of a series whose first reading says t. The error is a *TermsError.
func (t Terms) Begin() (Terms, error) {
	if !t.Kind.Fits(t.Unit) {
		return t, &TermsError{ReasonWrongUnit, t, t}
	}
	return t.withKind(), nil
}

// Take compares a reading with the terms of its series. reading holds the unit and the kind that
// the reading names. Take returns the value in the unit of the series, and the terms of the series
// after the reading: a series keeps its unit and its kind, and the reading adds those that are not
// known yet. The error is a *TermsError, a *UnitError or a *RangeError, see ReasonOf; Take then
// returns t.
func (t Terms) Take(value float64, reading Terms) (float64, Terms, error) {
	with := t
	if with.Unit == "" {
		with.Unit = reading.Unit
	}
	if with.Kind == KindUnknown {
		with.Kind = reading.Kind
	}
	if reading.Unit != "" {
		with = with.withKind()
		conversion, err := Convert(reading.Unit, with.Unit)
		if err != nil {
			return 0, t, err
		}
		if value, err = conversion.within(value, reading.Unit, with.Unit); err != nil {
			return 0, t, err
		}
	}
	switch {
	case reading.Kind != KindUnknown && reading.Kind != with.Kind,
		with.Kind == Register && t.Kind != Register:
		return 0, t, &TermsError{ReasonWrongKind, t, reading}
	case !with.Kind.Fits(with.Unit):
		return 0, t, &TermsError{ReasonWrongUnit, with, reading}
	}
	return value, with, nil
}

// withKind returns t with the kind that its unit tells, when t has none.
func (t Terms) withKind() Terms {
	if t.Kind == KindUnknown && t.Unit != "" {
		t.Kind = KindOf(t.Unit)
	}
	return t
}

// TermsError says that a reading is of another kind than its series, or that a unit is not one of
// the kind.
type TermsError struct {
	Reason  Reason // ReasonWrongKind or ReasonWrongUnit
	Series  Terms
	Reading Terms
}

// Error names the field, the value and the remedy.
func (e *TermsError) Error() string {
	if e.Reason == ReasonWrongUnit {
		return fmt.Sprintf("unit %q is not one of kind %s, which one of them is set for the series: "+
			"change it with loadtide series set", e.Series.Unit, e.Series.Kind)
	}
	return fmt.Sprintf("kind %s: the series is of kind %s; send that kind, or use another meter name",
		e.Reading.Kind, e.Series.Kind.TakenFor())
}

// RangeError says that a value is too large in the unit of its series.
type RangeError struct {
	Value    float64
	From, To string // units
}

// Error names the value, both units and the remedy.
func (e *RangeError) Error() string {
	return fmt.Sprintf("value %g %s: the series is measured in %q, and the value must be below %g "+
		"there; send the value that was measured", e.Value, e.From, e.To, MaxValue)
}

// within converts a value as Apply does. The error is a *RangeError when the converted value is
// MaxValue or more in magnitude.
func (c Conversion) within(v float64, from, to string) (float64, error) {
	if converted := c.Apply(v); math.Abs(converted) < MaxValue {
		return converted, nil
	}
	return 0, &RangeError{v, from, to}
}

// ReasonOf returns the reason for which a reading is refused, given an error of Begin or Take.
func ReasonOf(err error) Reason {
	var terms *TermsError
	var beyond *RangeError
	switch {
	case errors.As(err, &terms):
		return terms.Reason
	case errors.As(err, &beyond):
		return ReasonOutOfRange
	}
	return ReasonWrongUnit
}
