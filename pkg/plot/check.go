package plot

import (
	"fmt"
	"math"
	"time"
)

// maxMagnitude is the largest value that can be drawn: sums and steps of an axis stay finite.
const maxMagnitude = 1e30

// century is the longest time of a chart. A longer time is a mistake in a year, and time.Duration
// ends at 292 years.
const century = 100 * 365 * 24 * time.Hour

// invalid returns an error with a field, its value and the remedy.
func invalid(field string, value any, remedy string) error {
	return fmt.Errorf("%s is %v: %s", field, value, remedy)
}

// within adds the part of a chart to an error.
func within(part string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", part, err)
}

// firstError returns the first error of some checks, nil when none failed.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// checkSteps returns an error when n steps of an interval cannot be drawn.
func checkSteps(field string, n int, interval time.Duration) error {
	switch {
	case interval <= 0:
		return invalid("Interval", interval, "give the positive length of a step")
	case n == 0:
		return invalid(field, "empty", "give one value for each lead")
	case interval > century/time.Duration(n):
		return invalid(
			"Interval", interval, fmt.Sprintf("%s has %d values, which is over a century", field, n),
		)
	}
	return nil
}

// drawable returns an error for the first value that cannot be drawn. With gaps NaN is a gap.
func drawable(field string, values []float64, gaps bool) error {
	remedy := fmt.Sprintf("give a finite number up to %g", maxMagnitude)
	if gaps {
		remedy += ", or NaN for a gap"
	}
	for i, v := range values {
		if math.IsNaN(v) && gaps {
			continue
		}
		if math.IsNaN(v) || math.Abs(v) > maxMagnitude {
			return invalid(fmt.Sprintf("%s[%d]", field, i), v, remedy)
		}
	}
	return nil
}

// sameLength returns an error when a field has another number of values than the field against.
func sameLength(field string, have, want int, against string) error {
	if have == want {
		return nil
	}
	return fmt.Errorf("%s has %d values, %s has %d: give one for each", field, have, against, want)
}

// shares returns an error for the first value that is no share.
func shares(field string, values []float64) error {
	for i, v := range values {
		if math.IsNaN(v) || v < 0 || v > 1 {
			return invalid(fmt.Sprintf("%s[%d]", field, i), v, "give a share from 0 to 1")
		}
	}
	return nil
}

// ordered returns an error for the first value of the lower curve that lies above the upper curve.
// It does not compare the lengths of the two.
func ordered(lowerField string, lower []float64, upperField string, upper []float64) error {
	for i := range min(len(lower), len(upper)) {
		if lower[i] > upper[i] {
			return invalid(fmt.Sprintf("%s[%d]", lowerField, i), lower[i],
				fmt.Sprintf("%s[%d] is %v, and curves must not cross", upperField, i, upper[i]))
		}
	}
	return nil
}
