package simulator

import (
	"math"

	"github.com/loadtide/loadtide/pkg/meter"
)

// mix is the finalizer of splitmix64: every bit of x changes about half of the bits of the result.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// key names a source of noise. Each number is a function of key and index, in whatever order the
// numbers are drawn.
type key uint64

// sub derives the key of a part by its name.
func (k key) sub(name string) key {
	h := uint64(k)
	for i := 0; i < len(name); i++ {
		h = mix(h ^ uint64(name[i]))
	}
	return key(mix(h))
}

func (k key) bits(i int64) uint64 { return mix(uint64(k) ^ mix(uint64(i))) }

// uniform draws from [0, 1).
func (k key) uniform(i int64) float64 { return float64(k.bits(i)>>11) / (1 << 53) }

// between draws from [low, high) once for the key.
func (k key) between(low, high float64) float64 { return low + (high-low)*k.uniform(0) }

// normal draws with mean 0 and variance 1, nearly Gaussian: the sum of four 16-bit uniforms.
func (k key) normal(i int64) float64 {
	b := k.bits(i)
	sum := float64(b&0xffff) + float64(b>>16&0xffff) + float64(b>>32&0xffff) + float64(b>>48)
	return (sum/65535 - 2) * math.Sqrt(3)
}

// memory is how many steps back a persistent value looks. At rho 0.9 an older shock has a weight
// below a hundredth.
const memory = 48

// persistent is an autoregressive value of order 1 at step i, mean 0 and variance about 1: the sum
// of the newest shocks, each weaker by rho a step. So any step can be computed without those before
// it.
func (k key) persistent(i int64, rho float64) float64 {
	sum, weight := 0.0, math.Sqrt(1-rho*rho)
	for back := range int64(memory) {
		sum += weight * k.normal(i-back)
		weight *= rho
	}
	return sum
}

// drift returns a value that changes slowly: it is drawn once in each period of steps, and half
// cosines join the draws.
func (k key) drift(i, period int64) float64 {
	at := meter.FloorDiv(i, period)
	share := float64(i-at*period) / float64(period)
	w := (1 - math.Cos(math.Pi*share)) / 2
	return (1-w)*k.normal(at) + w*k.normal(at+1)
}
