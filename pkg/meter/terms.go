package meter

import (
	"errors"
	"fmt"
	"math"
)

// Terms are the unit and the kind of values. A unit is empty, and a kind is KindUnknown, while
// nobody has said it.
type Terms struct {
	Unit string
	Kind Kind
}

// Begin returns the terms of a series whose first reading says t. The error is a *TermsError.
func (t Terms) Begin() (Terms, error) {
	if !t.Kind.Fits(t.Unit) {
		return t, &TermsError{ReasonWrongUnit, t, t}
	}
	return t.known(), nil
}

// Take holds a reading against the terms of its series. It returns the value in the unit of the
// series, and the terms that the series has with what the reading says. A series keeps its unit and
// its kind: a reading says what is not known yet. The error is a *TermsError, a *UnitError or a
// *RangeError, see ReasonOf; the terms are then those before.
func (t Terms) Take(value float64, said Terms) (float64, Terms, error) {
	with := t
	if with.Unit == "" {
		with.Unit = said.Unit
	}
	if with.Kind == KindUnknown {
		with.Kind = said.Kind
	}
	if said.Unit != "" {
		with = with.known()
		conversion, err := Convert(said.Unit, with.Unit)
		if err != nil {
			return 0, t, err
		}
		if value, err = conversion.within(value, said.Unit, with.Unit); err != nil {
			return 0, t, err
		}
	}
	switch {
	case said.Kind != KindUnknown && said.Kind != with.Kind, with.Kind == Register && t.Kind != Register:
		return 0, t, &TermsError{ReasonWrongKind, t, said}
	case !with.Kind.Fits(with.Unit):
		return 0, t, &TermsError{ReasonWrongUnit, with, said}
	}
	return value, with, nil
}

// known fills in the kind that the unit tells.
func (t Terms) known() Terms {
	if t.Kind == KindUnknown && t.Unit != "" {
		t.Kind = KindOf(t.Unit)
	}
	return t
}

// TermsError says that a reading is of another kind than its series, or that a unit is not one of
// the kind.
type TermsError struct {
	Reason Reason // ReasonWrongKind or ReasonWrongUnit
	Series Terms
	Said   Terms
}

// Error names the field, the value and the remedy.
func (e *TermsError) Error() string {
	if e.Reason == ReasonWrongUnit {
		return fmt.Sprintf("unit %q is not one of kind %s, which one of them is set for the series: "+
			"change it with loadtide series set", e.Series.Unit, e.Series.Kind)
	}
	return fmt.Sprintf("kind %s: the series is of kind %s; send that kind, or use another meter name",
		e.Said.Kind, e.Series.Kind.TakenFor())
}

// RangeError says that a value is too large in the unit of its series.
type RangeError struct {
	Value    float64
	From, To string // units
}

// Error names the value, both units and the remedy.
func (e *RangeError) Error() string {
	return fmt.Sprintf("value %g %s: the series is measured in %q, and the value must be below %g there; "+
		"send the value that was measured", e.Value, e.From, e.To, MaxValue)
}

// within is Apply of a value that stays below MaxValue in magnitude. The error is a *RangeError.
func (c Conversion) within(v float64, from, to string) (float64, error) {
	if converted := c.Apply(v); math.Abs(converted) < MaxValue {
		return converted, nil
	}
	return 0, &RangeError{v, from, to}
}

// ReasonOf is the reason for which a reading is refused that Terms say an error of.
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
