package train

import "math"

const (
	warmUpShare = 0.15    // of the iterations
	warmUpStart = 1. / 25 // of the highest rate
)

// rateAt is the learning rate of iteration 1..iterations, one cycle: from a 25th
// of the peak straight up to it, then half a cosine down to almost nothing.
func rateAt(iteration, iterations int, peak float64) float64 {
	at, warm := float64(iteration-1), warmUpShare*float64(iterations)
	if at < warm {
		return peak * (warmUpStart + (1-warmUpStart)*at/warm)
	}
	return peak * (1 + math.Cos(math.Pi*(at-warm)/(float64(iterations)-warm))) / 2
}
