package kernel

import "math"

// Sigmoid replaces each x by 1/(1+exp(-x)). In float32 it is within 3e-7 of the
// exact value and computed without the platform's math routines, so that it is
// the same everywhere; in float64 it is exact to rounding. The result is finite
// for any input: infinities saturate, NaN becomes 1.
func Sigmoid[T Float](x []T) {
	switch x := any(x).(type) {
	case []float32:
		for i, v := range x {
			x[i] = 1 / (1 + pow2(clamp(-math.Log2E*v)))
		}
	case []float64:
		for i, v := range x {
			x[i] = 1 / (1 + exp64(-v))
		}
	}
}

// Tanh replaces each x by its hyperbolic tangent, with the same promises as
// Sigmoid: 1 - 2/(1+exp(2x)); NaN becomes -1.
func Tanh[T Float](x []T) {
	switch x := any(x).(type) {
	case []float32:
		for i, v := range x {
			x[i] = 1 - 2/(1+pow2(clamp(2*math.Log2E*v)))
		}
	case []float64:
		for i, v := range x {
			x[i] = 1 - 2/(1+exp64(2*v))
		}
	}
}

// Coefficients of 2^f on [-1/2, 1/2], the Chebyshev interpolant of degree 5:
// 1.0e-7 relative.
const (
	exp0 = 1.0000000754548972
	exp1 = 0.6931471880262287
	exp2 = 0.24022107485308208
	exp3 = 0.05550357114219461
	exp4 = 0.009676031918326564
	exp5 = 0.0013390863364533504

	// roundMagic added to a float32 below 2^22 leaves the nearest integer in the
	// low bits of the sum.
	roundMagic     = 3 << 22
	roundMagicBits = 0x4B400000
)

// clamp keeps t where 2^t and its inverse are normal numbers. The comparison
// sends NaN to the lower limit.
func clamp(t float32) float32 {
	if !(t > -126) {
		return -126
	}
	if t > 126 {
		return 126
	}
	return t
}

// pow2 is 2^t for |t| <= 126: with t = n + f, n an integer and |f| <= 1/2, the
// polynomial gives 2^f and the exponent bits 2^n.
func pow2(t float32) float32 {
	shifted := t + roundMagic
	f := t - (shifted - roundMagic)
	p := exp0 + f*(exp1+f*(exp2+f*(exp3+f*(exp4+f*exp5))))
	return p * math.Float32frombits((math.Float32bits(shifted)-roundMagicBits+127)<<23)
}

func exp64(x float64) float64 {
	if !(x > -700) {
		x = -700
	}
	return math.Exp(min(x, 700))
}
