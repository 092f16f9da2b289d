package kernel

import "math"

// sigmoidOf is 1/(1+2^t), which is the sigmoid of x for t = -x log2 e.
func sigmoidOf[T Float](t T) T { return 1 / (1 + pow2(t)) }

// tanhOf is (1-2^t)/(1+2^t), which is the hyperbolic tangent of x for t = -2x log2 e.
func tanhOf[T Float](t T) T {
	e := pow2(t)
	return (1 - e) / (1 + e)
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

	// exponentLimit bounds exponents: beyond it sigmoid and tanh are their limits to
	// 1e-12, and products of three powers stay finite.
	exponentLimit = 40
)

// pow2 is 2^t, t clamped to the limit: with t = n + f, n an integer and |f| <= 1/2,
// the polynomial gives 2^f and the exponent bits 2^n. In float64 it is exact to
// rounding, and the limit is 1000. NaN counts as the lower limit.
func pow2[T Float](t T) T {
	switch t := any(t).(type) {
	case float64:
		if !(t > -1000) {
			t = -1000
		}
		return T(math.Exp2(min(t, 1000)))
	case float32:
		if !(t > -exponentLimit) {
			t = -exponentLimit
		}
		t = min(t, exponentLimit)
		shifted := t + roundMagic
		f := t - (shifted - roundMagic)
		p := exp0 + f*(exp1+f*(exp2+f*(exp3+f*(exp4+f*exp5))))
		return T(p * math.Float32frombits((math.Float32bits(shifted)-roundMagicBits+127)<<23))
	}
	panic("kernel: neither float32 nor float64")
}
