package train

import "github.com/loadtide/loadtide/pkg/nn/kernel"

// pinball is the quantile loss of one quantile at level q, d = target - quantile:
//
//	max(q*d, (q-1)*d)
//
// pinballSum adds up the losses over out [rows][Horizon][levels] with weight [rows][Horizon], and
// the weights of all terms. It does not read a target whose weight is 0. Sums are in float64, in
// the order of the elements.
func pinballSum[T kernel.Float](levels []float64, out, target, weight []T) (sum, count float64) {
	for i, w := range weight {
		if w == 0 {
			continue
		}
		cell := 0.0
		for j, q := range levels {
			d := float64(target[i]) - float64(out[i*len(levels)+j])
			if d < 0 {
				q--
			}
			cell += q * d
		}
		sum += float64(w) * cell
		count += float64(w)
	}
	return sum, count * float64(len(levels))
}

// pinballGradient sets dOut to the gradient of the weighted mean over count terms, times scale:
// w*(1-q) when the quantile is above the target, -w*q otherwise.
func pinballGradient[T kernel.Float](
	levels []float64, dOut, out, target, weight []T, count, scale float64,
) {
	if count > 0 {
		scale /= count
	}
	for i, w := range weight {
		row := dOut[i*len(levels) : (i+1)*len(levels)]
		if w == 0 {
			clear(row)
			continue
		}
		for j, q := range levels {
			if target[i] < out[i*len(levels)+j] {
				q--
			}
			row[j] = T(-scale * float64(w) * q)
		}
	}
}

// mean is sum/count, or 0 when count is 0.
func mean(sum, count float64) float64 {
	if count == 0 {
		return 0
	}
	return sum / count
}
