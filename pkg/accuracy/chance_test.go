package accuracy_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/accuracy"
)

// dense is the quantile function that the documentation of Above states, at any level.
func dense(levels []float64, quantiles []float32, p float64) float64 {
	n := len(levels) - 1
	q := func(i int) float64 { return float64(quantiles[i]) }
	switch {
	case q(0) == q(n):
		return q(0)
	case p > levels[n]:
		from := n - 1
		if q(from) == q(n) {
			from = 0
		}
		scale := (q(n) - q(from)) / math.Log((1-levels[from])/(1-levels[n]))
		return q(n) + scale*math.Log((1-levels[n])/(1-p))
	case p < levels[0]:
		to := 1
		if q(to) == q(0) {
			to = n
		}
		scale := (q(to) - q(0)) / math.Log(levels[to]/levels[0])
		return q(0) - scale*math.Log(levels[0]/p)
	}
	i := 0
	for p > levels[i+1] {
		i++
	}
	return q(i) + (p-levels[i])/(levels[i+1]-levels[i])*(q(i+1)-q(i))
}

// The chance is the share of a dense grid of levels whose quantile lies above the limit.
func TestAboveIsTheShareOfADenseQuantileFunction(t *testing.T) {
	t.Parallel()
	const grid = 20000
	rapid.Check(t, func(t *rapid.T) {
		levels := []float64{0.1, 0.25, 0.5, 0.75, 0.9}
		if rapid.Bool().Draw(t, "nine") {
			levels = []float64{0.02, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.98}
		}
		quantiles := make([]float32, len(levels))
		for i := range quantiles { // few values, so that neighbours are often equal
			quantiles[i] = float32(rapid.IntRange(-3, 4).Draw(t, "quantile"))
		}
		slices.Sort(quantiles)
		limit := rapid.Float64Range(-8, 9).Draw(t, "limit")
		if rapid.Bool().Draw(t, "whole") {
			limit = math.Round(limit)
		}
		above := 0
		for i := range grid {
			if dense(levels, quantiles, (float64(i)+0.5)/grid) > limit {
				above++
			}
		}
		got := accuracy.Above(levels, quantiles, limit)
		if want := float64(above) / grid; math.Abs(got-want) > 2*accuracy.LeastChance {
			t.Fatalf("quantiles %v, limit %v: %v, want %v", quantiles, limit, got, want)
		}
	})
}

func TestAbove(t *testing.T) {
	t.Parallel()
	levels := []float64{0.1, 0.25, 0.5, 0.75, 0.9}
	spread, flat := []float32{10, 20, 30, 40, 50}, []float32{7, 7, 7, 7, 7}
	for _, c := range []struct {
		name      string
		quantiles []float32
		limit     float64
		want      float64
	}{
		{"the median", spread, 30, 0.5},
		{"the upper level", spread, 50, 0.1},
		{"between two levels", spread, 45, 0.175},
		{"one spacing beyond", spread, 60, 0.1 * 0.1 / 0.25},
		{"one spacing below", spread, 0, 1 - 0.1*0.1/0.25},
		{"far beyond", spread, 1e9, accuracy.LeastChance},
		{"far below", spread, -1e9, 1 - accuracy.LeastChance},
		{"no spread, at it", flat, 7, accuracy.LeastChance},
		{"no spread, below", flat, 6.9, 1 - accuracy.LeastChance},
		{"no spread at the top", []float32{10, 20, 30, 50, 50}, 50, 0.1},
		{"no spread at the top, beyond", []float32{10, 20, 30, 50, 50}, 90, 0.1 * 0.1 / 0.9},
		{"no spread at the bottom, below", []float32{10, 10, 30, 40, 50}, -30, 1 - 0.1*0.1/0.9},
	} {
		got := accuracy.Above(levels, c.quantiles, c.limit)
		if math.Abs(got-c.want) > 5e-7 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if got := accuracy.Above([]float64{0.5}, []float32{7}, 7); got != accuracy.LeastChance {
		t.Errorf("one level: %v", got)
	}
}

// A higher limit has no greater chance, and no chance is certain.
func TestAboveFalls(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		quantiles := rapid.SliceOfN(rapid.Float32Range(-1e12, 1e12), 5, 5).Draw(t, "quantiles")
		slices.Sort(quantiles)
		limits := rapid.SliceOfN(rapid.Float64Range(-1e13, 1e13), 2, 2).Draw(t, "limits")
		slices.Sort(limits)
		levels := []float64{0.1, 0.25, 0.5, 0.75, 0.9}
		low := accuracy.Above(levels, quantiles, limits[0])
		high := accuracy.Above(levels, quantiles, limits[1])
		if !(high <= low && high >= accuracy.LeastChance && low <= 1-accuracy.LeastChance) {
			t.Fatalf("%v above %v, %v above %v", low, limits[0], high, limits[1])
		}
	})
}
