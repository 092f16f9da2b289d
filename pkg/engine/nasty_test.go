package engine

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

// nasty are values that a meter may send: the codec takes anything finite below
// 1e12.
func nasty() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.SampledFrom([]float64{0, 0, 1, -1, 1e11, -1e11, 9.9e11, -9.9e11, 1e-30, -1e-38, 5e-324, math.Copysign(0, -1), 0.1}),
		rapid.Float64Range(-1e12, 1e12), rapid.Float64Range(-1, 1),
	)
}

// Whatever comes, quantiles are finite and never cross, and so is every state.
func TestForecastsOfNastySeriesAreSound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := newEngine(t, randomModel(rapid.Uint64Range(0, 200).Draw(t, "model"), 5))
		cell := int64(0)
		for part := range rapid.IntRange(1, 4).Draw(t, "parts") {
			values := rapid.SliceOfN(nasty(), 1, 3).Draw(t, "values") // constants, and what alternates
			quality := meter.OK
			if part > 0 {
				quality = rapid.SampledFrom([]meter.Quality{meter.OK, meter.OK, meter.Bad}).Draw(t, "quality")
			}
			length := rapid.SampledFrom([]int{1, 5, 30, 170, 250}).Draw(t, "length")
			for i := range length {
				r := at(cell)
				r.Value, r.Quality = values[i%len(values)], quality
				for _, f := range e.Step([]Reading{r}).Forecasts {
					if wrong := sound(&f); wrong != "" {
						t.Fatalf("cell %d: %s: %s %v", cell, wrong, f.Source, f.Quantiles)
					}
				}
				cell++
			}
			cell += rapid.SampledFrom([]int64{0, 0, 3, 6, 30, 500}).Draw(t, "gap")
		}
		for _, values := range slices.Concat(e.hours().slabs.live.blocks, e.hours().slabs.settled.blocks, e.hours().slabs.values.blocks) {
			for i, v := range values {
				if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
					t.Fatalf("number %d of the state is %v", i, v)
				}
			}
		}
	})
}

// A meter that calls its values bad for a year, behind a network whose medians
// run away: fills that are made from fills must not leave the numbers there are.
func TestEndlessFillsStayFinite(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		e := newEngine(t, loud(seed))
		feed(e, 0, 200)
		for i := int64(200); i < 700; i++ {
			f := last(t, e, bad(at(i)))
			if wrong := sound(&f); wrong != "" {
				t.Fatalf("model %d, %d bad readings: %s: %v", seed, i-199, wrong, f.Quantiles)
			}
		}
		f := last(t, e, at(700))
		if wrong := sound(&f); wrong != "" {
			t.Fatalf("model %d, the first good reading: %s: %v", seed, wrong, f.Quantiles)
		}
		for i, v := range e.hours().slabs.values.row(0) {
			if math.Abs(float64(v)) > 1e6 {
				t.Fatalf("model %d: cell %d of a load of 2 is %v", seed, i, v)
			}
		}
	}
}
