package meter

import (
	"math"
	"strconv"
)

// Finite says whether x is neither NaN nor an infinity.
func Finite[F ~float32 | ~float64](x F) bool { return x-x == 0 }

// FloorDiv is a/b rounded towards minus infinity, for b > 0.
func FloorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// ParseValue reads the value of a reading: a decimal number with or without an exponent, with a
// point and without marks of thousands. The reason is empty when the value can be taken, else
// ReasonNotANumber, ReasonNotFinite or ReasonOutOfRange.
func ParseValue(text []byte) (value float64, reason Reason) {
	for _, c := range text {
		switch c {
		case 'x', 'X', '_', 'p', 'P':
			return 0, ReasonNotANumber // forms of Go's own
		}
	}
	v, err := strconv.ParseFloat(string(text), 64)
	switch {
	case err != nil && !math.IsInf(v, 0), math.IsNaN(v):
		return 0, ReasonNotANumber
	case math.IsInf(v, 0):
		return 0, ReasonNotFinite
	case math.Abs(v) >= MaxValue:
		return 0, ReasonOutOfRange
	}
	return v, ""
}
