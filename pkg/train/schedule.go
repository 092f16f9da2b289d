package train

import "math"

const (
	warmUpShare = 0.15    // of the iterations
	warmUpStart = 1. / 25 // of the highest rate
)

// rateAt is the learning rate of an iteration, 1 to iterations. It rises in a straight line from a
// 25th of the peak to the peak, and then falls by half a cosine to almost 0.
func rateAt(iteration, iterations int, peak float64) float64 {
	at, warm := float64(iteration-1), warmUpShare*float64(iterations)
	if at < warm {
		return peak * (warmUpStart + (1-warmUpStart)*at/warm)
	}
	return peak * (1 + math.Cos(math.Pi*(at-warm)/(float64(iterations)-warm))) / 2
}
