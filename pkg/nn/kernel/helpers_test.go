package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func random(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, n)
	for i := range x {
		x[i] = r.Float32()*2 - 1
	}
	return x
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// vectors are the families with assembly on this machine.
func vectors(t testing.TB) []Family {
	t.Helper()
	there := available()[1:]
	if len(there) == 0 {
		t.Skip("no vector kernels on this machine and in this build: only the Go twins are here, and there is nothing to hold beside them")
	}
	return there
}

const guard = 17 // elements on either side, of which the first leaves the slice unaligned

// guarded is a copy of x between guard values, and a check that these are as they were.
func guarded(x []float32) (inside []float32, whole func() bool) {
	all := slices.Concat(random(guard, 77), x, random(guard, 78))
	kept := slices.Clone(all)
	inside = all[guard : guard+len(x) : guard+len(x)]
	return inside, func() bool {
		return sameBits(all[:guard], kept[:guard]) && sameBits(all[guard+len(x):], kept[guard+len(x):])
	}
}

// near compares with a tolerance relative to scale, which is the size of the terms.
func near(a, b []float32, scale float64) (int, bool) {
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		if math.IsNaN(x) && math.IsNaN(y) || x == y {
			continue
		}
		if !(math.Abs(x-y) <= 2e-6*scale) {
			return i, false
		}
	}
	return 0, true
}
