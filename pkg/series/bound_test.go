package series

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

// unitScale leaves values as they are.
var unitScale = Scaler{Scale: 1}

// ringFrom is a ring of hours, from cell first on, that holds values.
func ringFrom(first int64, values []float32) Ring {
	r := Ring{Values: make([]float32, len(values)), Quality: meter.NewQualities(len(values))}
	for i, v := range values {
		r.Put(first+int64(i), v, meter.OK)
	}
	return r
}

// zOf is the z of the n cells that end with cell end.
func zOf(r *Ring, n int, end int64) []float32 {
	w := WindowOf(make([]float32, n), r, unitScale, end, 0, hour)
	return w.Z[n-w.Known:]
}

// One cell, or five, far from all others are bounded; a new level is seen as it is after six hours.
func TestFarCellsAreBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cells int
		value float32
		want  []float32 // of the cells
	}{
		"one":            {1, 12345.6, []float32{12}},
		"below":          {1, -12345.6, []float32{-12}},
		"within":         {1, 7.9, []float32{7.9}},
		"five":           {5, 1000, slices.Repeat([]float32{12}, 5)},
		"a new level":    {8, 1000, []float32{12, 12, 12, 12, 12, 1000, 1000, 1000}},
		"no number":      {1, meter.MaxValue, []float32{12}},
		"a lower number": {1, -meter.MaxValue, []float32{-12}},
	} {
		values := slices.Repeat([]float32{0.4, -0.3, 1}, 100)
		for i := range c.cells {
			values[200+i] = c.value
		}
		r := ringFrom(5000, values)
		got := zOf(&r, len(values), 5000+299)
		if !slices.Equal(got[200:200+c.cells], c.want) {
			t.Errorf("%s: %v, want %v", name, got[200:200+c.cells], c.want)
		}
		copy(values[200:], got[200:200+c.cells])
		if !slices.Equal(got, values) {
			t.Errorf("%s: other cells have changed", name)
		}
	}
}

// The z of a cell is that of every window that holds it: it depends on no later cell, nor on how far
// back the window reaches. It lies within the bounds, and a value that lies within them is as it was.
func TestBoundsAreThoseOfEveryWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		random := rand.New(rand.NewPCG(seed, 3))
		values := make([]float32, 385)
		size := 1.0
		for i := range values {
			if random.Float64() < 0.05 {
				size = math.Pow(10, 6*random.Float64()-2)
			}
			values[i] = float32(random.NormFloat64() * size)
		}
		first := rapid.Int64Range(0, 1e6).Draw(t, "first")
		r := ringFrom(first, values)
		all := zOf(&r, len(values), r.Newest)
		for i, z := range all {
			day := slices.Clone(values[max(i-23, 0) : i+1])
			for k := range day {
				day[k] = magnitude(day[k])
			}
			slices.Sort(day)
			most := float32(12)
			if len(day) >= 6 {
				most = max(most, 4*day[len(day)-6])
			}
			if want := min(max(values[i], -most), most); z != want {
				t.Fatalf("cell %d of %v is %v, want %v", i, values[i], z, want)
			}
		}
		end := rapid.IntRange(24, len(values)-1).Draw(t, "end")
		n := rapid.IntRange(1, end-22).Draw(t, "cells")
		until := r.Until(first + int64(end))
		if got := zOf(&until, n, first+int64(end)); !slices.Equal(got, all[end+1-n:end+1]) {
			t.Fatalf("%d cells up to %d: %v, in the window of all %v", n, end, got, all[end+1-n:end+1])
		}
	})
}
