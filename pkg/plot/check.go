package plot

import (
	"fmt"
	"math"
	"time"
)

// maxMagnitude is the largest value that can be drawn: sums and steps of an axis stay finite.
const maxMagnitude = 1e30

// century is as long as a chart may be: more is a mistaken year, and time.Duration ends at three.
const century = 100 * 365 * 24 * time.Hour

// invalid names a field, its value and what to give in its stead.
func invalid(field string, value any, remedy string) error {
	return fmt.Errorf("%s is %v: %s", field, value, remedy)
}

// within names the part of a chart that a fault lies in.
func within(part string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", part, err)
}

// firstError is the first of some checks that failed: one fault at a time is what a caller can
// read.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// checkSteps says whether a number of steps can be drawn.
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

// drawable says which value cannot be drawn. NaN is a gap where gaps are allowed.
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

// sameLength says that a field has another number of values than the one it is drawn against.
func sameLength(field string, have, want int, against string) error {
	if have == want {
		return nil
	}
	return fmt.Errorf("%s has %d values, %s has %d: give one for each", field, have, against, want)
}

// shares says which value is no share.
func shares(field string, values []float64) error {
	for i, v := range values {
		if math.IsNaN(v) || v < 0 || v > 1 {
			return invalid(fmt.Sprintf("%s[%d]", field, i), v, "give a share from 0 to 1")
		}
	}
	return nil
}

// ordered says where the lower of two curves lies above the upper one. A length that differs is
// sameLength's to find.
func ordered(lowerField string, lower []float64, upperField string, upper []float64) error {
	for i := range min(len(lower), len(upper)) {
		if lower[i] > upper[i] {
			return invalid(fmt.Sprintf("%s[%d]", lowerField, i), lower[i],
				fmt.Sprintf("%s[%d] is %v, and curves must not cross", upperField, i, upper[i]))
		}
	}
	return nil
}
