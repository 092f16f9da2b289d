package engine

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
)

// valued is the reading of cell i with a value.
func valued(i int64, value float64) Reading {
	r := at(i)
	r.Value = value
	return r
}

// lowest is the least quantile of a forecast.
func lowest(f *Forecast) float32 { return slices.Min(f.Quantiles) }

// A series without a negative reading in what is known of its last two weeks gets no quantile below
// zero, neither by the network nor by a simple rule.
func TestNoNegativeQuantile(t *testing.T) {
	t.Parallel()
	const cells = 24 * 20
	idle := func(i int64) Reading { return valued(i, float64(i/24%2)*load(i)/3) } // zero every other day
	for name, c := range map[string]struct {
		change func(r *Reading, back int64)
		floor  bool // no quantile is below zero
	}{
		"never negative": {func(*Reading, int64) {}, true},
		"negative yesterday": {func(r *Reading, back int64) {
			if back == 24 {
				r.Value = -1
			}
		}, false},
		"negative 13 days ago": {func(r *Reading, back int64) {
			if back == 24*13 {
				r.Value = -1
			}
		}, false},
		"negative 15 days ago": {func(r *Reading, back int64) {
			if back == 24*15 {
				r.Value = -1
			}
		}, true},
		"negative, and called bad": {func(r *Reading, back int64) {
			if back == 24 {
				r.Value, r.Quality = -1, meter.Bad
			}
		}, true},
	} {
		for rule, m := range map[string]*model.Model{"network": loud(3), "rule": nil} {
			t.Run(name+" by "+rule, func(t *testing.T) {
				t.Parallel()
				e := newEngine(t, m)
				var f Forecast
				for i := range int64(cells) {
					r := idle(i)
					c.change(&r, cells-1-i)
					f = last(t, e, r)
					if e := lowest(&f); i > 200 && i < cells-24*15-1 && e < 0 {
						t.Fatalf("quantile %v of a series that was never negative", e)
					}
				}
				if negative := lowest(&f) < 0; negative == c.floor {
					t.Errorf("negative quantiles: %v, want %v: %v", negative, !c.floor, f.Quantiles)
				}
			})
		}
	}
}

// A band is at least 1 % of the level wide, and a series of zeros has none.
func TestBandHasWidth(t *testing.T) {
	t.Parallel()
	sun := func(i int64) float64 { return max(0, 12-float64((i%24-12)*(i%24-12))) }
	for name, c := range map[string]struct {
		value       func(i int64) float64
		least, most float32 // width of the narrowest band of the last forecast
	}{
		"constant":      {func(int64) float64 { return 5 }, 0.05, 0.052},
		"negative":      {func(int64) float64 { return -5 }, 0.05, 0.052},
		"zeros":         {func(int64) float64 { return 0 }, 0, 0},
		"dark at night": {sun, 0.0233, 0.024}, // 1 % of the mean of 2.33
		"great":         {func(int64) float64 { return 9e11 }, 9e9, 9.2e9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, nil) // a rule that knows a series by heart has no spread
			var f Forecast
			for i := range int64(24 * 9) {
				f = last(t, e, valued(i, c.value(i)))
			}
			narrowest := float32(meter.MaxValue)
			for k := range f.Horizon {
				lead := f.lead(k)
				narrowest = min(narrowest, lead[4]-lead[0])
			}
			if wrong := sound(&f); wrong != "" || narrowest < c.least || narrowest > c.most {
				t.Errorf("%s: band of %v, want %v to %v: %v", wrong, narrowest, c.least, c.most, f.lead(0))
			}
		})
	}
}

// Whatever a forecast says: once bounded it is sound, its medians are those that it had or zero, no
// quantile has moved towards the median except to zero, and bounding it again changes nothing.
func TestBoundsOfAnyForecast(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := newEngine(t, nil)
		negative := rapid.Bool().Draw(t, "feeds in")
		for i := range int64(30) {
			r := at(i)
			if negative && i == 7 {
				r.Value = -1
			}
			e.Step([]Reading{r})
		}
		levels := rapid.SampledFrom([][]float64{
			naiveLevels, {0.5}, {0.02, 0.1, 0.5, 0.9, 0.98}, {0.05, 0.5, 0.95}, {0.3, 0.5, 0.6}, {0.5, 0.9},
		}).Draw(t, "levels")
		f := Forecast{Levels: levels, Horizon: rapid.IntRange(1, 30).Draw(t, "horizon")}
		value := rapid.OneOf(
			rapid.Float32Range(-1e12, 1e12), rapid.Float32Range(-1, 3),
			rapid.SampledFrom([]float32{0, 5, 5.001, 1e12, -1e12}),
		)
		for range f.Horizon {
			lead := rapid.SliceOfN(value, len(levels), len(levels)).Draw(t, "lead")
			slices.Sort(lead)
			f.Quantiles = append(f.Quantiles, lead...)
		}
		before := slices.Clone(f.Quantiles)
		e.hours().bound(0, &f)
		checkBounds(t, &f, before, negative)
		once := slices.Clone(f.Quantiles)
		if e.hours().bound(0, &f); !slices.Equal(once, f.Quantiles) {
			t.Fatalf("bounded twice: %v, once: %v", f.Quantiles, once)
		}
	})
}

func checkBounds(t *rapid.T, f *Forecast, before []float32, negative bool) {
	n, median := len(f.Levels), slices.Index(f.Levels, 0.5)
	for k := range f.Horizon {
		lead, was := f.lead(k), before[k*n:][:n]
		if !slices.IsSorted(lead) || slices.ContainsFunc(lead, func(v float32) bool { return !publishable(v) }) {
			t.Fatalf("lead %v, was %v", lead, was)
		}
		for i := range lead {
			floored := !negative && was[i] < 0 && lead[i] >= 0
			switch {
			case !negative && lead[i] < 0,
				i == median && lead[i] != was[i] && !(floored && lead[i] == 0),
				i < median && lead[i] > was[i] && !floored,
				i > median && lead[i] < was[i]:
				t.Fatalf("quantile %d of %v, was %v", i, lead, was)
			}
		}
		low, high := slices.Index(f.Levels, 0.1), slices.Index(f.Levels, 0.9)
		if low >= 0 && high >= 0 && lead[median] < 9e11 && lead[high]-lead[low] < 0.01*lead[median] {
			t.Fatalf("band of %v", lead)
		}
	}
}

// A home that never feeds in, at rest for weeks after it was lived in.
func TestHomeAtRest(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		e := newEngine(t, loud(seed))
		for i := range int64(24 * 60) {
			value := load(i) / 5
			if i > 24*40 {
				value = 0
			}
			if f := last(t, e, valued(i, value)); lowest(&f) < 0 {
				t.Fatalf("model %d: cell %d: %v", seed, i, f.Quantiles)
			}
		}
	}
}
