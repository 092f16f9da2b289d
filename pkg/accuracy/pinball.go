package accuracy

import (
	"math"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Pinball is the quantile loss of a forecast of the quantile at level (0..1):
//
//	level * (actual - forecast)        when the actual is above
//	(1 - level) * (forecast - actual)  when it is below
func Pinball(level, actual, forecast float64) float64 {
	d := actual - forecast
	return max(level*d, (level-1)*d)
}

// winkler is the interval score of [low, high] at probability 1-alpha: its width,
// and 2/alpha for each unit by which the actual lies outside.
func winkler(alpha, actual, low, high float64) float64 {
	return high - low + 2/alpha*(max(low-actual, 0)+max(actual-high, 0))
}

// SeasonalNaiveMAE is the mean absolute difference of y, oldest first, to the
// value one season (in steps) before: the denominator of MASE. Pairs with a
// value that is not finite do not count; without any pair it is NaN.
func SeasonalNaiveMAE(y []float32, season int) float64 {
	if season < 1 {
		return math.NaN()
	}
	var sum float64
	var n int
	for t := season; t < len(y); t++ {
		d := float64(y[t]) - float64(y[t-season])
		if meter.Finite(d) {
			sum += math.Abs(d)
			n++
		}
	}
	return ratio(sum, float64(n))
}

// ratio is a/b, NaN where b is zero: there is no measure then.
func ratio(a, b float64) float64 {
	if b == 0 {
		return math.NaN()
	}
	return a / b
}
