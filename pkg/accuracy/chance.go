package accuracy

import "math"

// LeastChance bounds a chance: Above is never below LeastChance and never above 1 less LeastChance.
// A few quantiles say nothing about rarer values.
const LeastChance = 1e-4

// places is ten to the number of decimal places of a chance.
const places = 1e6

// Above is the chance that a value lies above a limit, by the quantiles of its forecast. Levels
// ascend between 0 and 1; quantiles ascend, one for each level.
//
// Between two quantiles the distribution is linear. Beyond the outermost quantiles it is
// exponential, with the rate that leads from the second outermost quantile q1 at level p1 to the
// outermost q2 at level p2: above q2
//
//	chance = (1 - p2) exp(-(limit - q2) / scale), scale = (q2 - q1) / ln((1 - p1) / (1 - p2))
//
// and below the lowest quantile likewise with p in place of 1 - p. Where q1 equals q2, all
// quantiles take the place of the outer two. Where all quantiles are equal, the value is taken for
// certain, within LeastChance. The chance is rounded to six decimal places: at the quantile of
// level 0.9 it is 0.1.
func Above(levels []float64, quantiles []float32, limit float64) float64 {
	n := len(levels) - 1
	q := func(i int) float64 { return float64(quantiles[i]) }
	var chance float64
	switch {
	case limit >= q(n):
		from := max(n-1, 0)
		if q(from) == q(n) {
			from = 0
		}
		rate := math.Log((1 - levels[from]) / (1 - levels[n]))
		chance = (1 - levels[n]) * tail(limit-q(n), q(n)-q(from), rate)
	case limit < q(0):
		to := min(1, n)
		if q(to) == q(0) {
			to = n
		}
		rate := math.Log(levels[to] / levels[0])
		chance = 1 - levels[0]*tail(q(0)-limit, q(to)-q(0), rate)
	default:
		i := 0
		for limit >= q(i+1) {
			i++
		}
		share := (limit - q(i)) / (q(i+1) - q(i))
		chance = 1 - levels[i] - share*(levels[i+1]-levels[i])
	}
	return min(max(math.Round(chance*places)/places, LeastChance), 1-LeastChance)
}

// tail is the share of an exponential tail that lies beyond a distance. The tail falls by the
// factor exp(-rate) over each spacing; without a spacing nothing lies beyond.
func tail(distance, spacing, rate float64) float64 {
	if spacing == 0 {
		return 0
	}
	return math.Exp(-rate * distance / spacing)
}
