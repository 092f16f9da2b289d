package main

import (
	"fmt"
	"math"
)

// significant returns a number with n significant digits. Numbers up to 1e12 have all digits before
// the point and no exponent, because people compare them with their readings.
func significant(v float64, n int) string {
	if math.Abs(v) >= math.Pow10(n)-0.5 && math.Abs(v) <= 1e12 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.*g", n, v)
}
