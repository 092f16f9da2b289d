package accuracy

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

var fiveLevels = []float64{0.1, 0.25, 0.5, 0.75, 0.9}

func TestSeasonalNaiveByHand(t *testing.T) {
	t.Parallel()
	nan := float32(math.NaN())
	// Season 3; the five residuals y[s]-y[s-3] are 1 1 1 2 -3, sorted -3 1 1 1 2.
	past := []float32{nan, nan, 10, 20, 30, 11, 21, 31, 13, 18}
	levels := []float64{0.25, 0.5, 0.9}
	dst := make([]float32, 7*len(levels))
	if rule := SeasonalNaive(dst, past, 8, 3, 7, levels, nil); rule != meter.SourceSeasonalNaive {
		t.Fatalf("rule %q", rule)
	}
	// Type 7: at 0.25*4 = 1: 1; at 2: 1; at 3.6: 1 + 0.6*(2-1) = 1.6.
	// The next value is of the third place in the season, last seen as 31.
	for k, value := range []float32{31, 13, 18, 31, 13, 18, 31} {
		want := []float32{value + 1, value + 1, value + 1.6}
		if got := dst[k*3 : k*3+3]; !slices.Equal(got, want) {
			t.Errorf("lead %d: %v, want %v", k+1, got, want)
		}
	}
}

func TestPersistenceByHand(t *testing.T) {
	t.Parallel()
	levels := []float64{0.25, 0.5, 0.75}
	cases := map[string]struct {
		past  []float32
		known int
		rule  meter.Source
		leads map[int][]float32
	}{
		"nothing known":  {[]float32{1, 2, 3}, 0, "", map[int][]float32{1: {0, 0, 0}, 4: {0, 0, 0}}},
		"one reading":    {[]float32{7, 8}, 1, meter.SourcePersistence, map[int][]float32{1: {6, 8, 10}, 4: {6, 8, 10}}},
		"one below zero": {[]float32{-8}, 1, meter.SourcePersistence, map[int][]float32{1: {-10, -8, -6}}},
		"one zero":       {[]float32{0}, 1, meter.SourcePersistence, map[int][]float32{1: {0, 0, 0}}},
		// Steps 2 and -4, both ways: -4 -2 2 4, quartiles -2.5 and 2.5.
		"three readings": {[]float32{99, 10, 12, 8}, 3, meter.SourcePersistence, map[int][]float32{1: {5.5, 8, 10.5}, 4: {3, 8, 13}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dst := make([]float32, 4*len(levels))
			if rule := SeasonalNaive(dst, c.past, c.known, 24, 4, levels, nil); rule != c.rule {
				t.Fatalf("rule %q, want %q", rule, c.rule)
			}
			for lead, want := range c.leads {
				if got := dst[(lead-1)*3:][:3]; !slices.Equal(got, want) {
					t.Errorf("lead %d: %v, want %v", lead, got, want)
				}
			}
		})
	}
}

// Any finite past gives finite quantiles in order, by the rule that its length
// allows, and changes neither the past nor what it does when asked again.
func TestNaiveIsFiniteAndOrdered(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		season := rapid.IntRange(1, 30).Draw(t, "season")
		horizon := rapid.IntRange(1, 70).Draw(t, "horizon")
		value := rapid.Float32Range(-100, 100)
		if rapid.Bool().Draw(t, "extreme") {
			value = rapid.Float32Range(-math.MaxFloat32, math.MaxFloat32)
		}
		length := rapid.IntRange(1, 400).Draw(t, "length")
		past := rapid.SliceOfN(value, length, length).Draw(t, "past")
		known := rapid.IntRange(1, len(past)).Draw(t, "known")
		levels := rapid.SliceOfNDistinct(rapid.Float64Range(0.001, 0.999), 1, 9, rapid.ID).Draw(t, "levels")
		slices.Sort(levels)
		before := slices.Clone(past)
		dst := make([]float32, horizon*len(levels))
		rule := SeasonalNaive(dst, past, known, season, horizon, levels, make([]float32, 3))
		if want := known > season; want != (rule == meter.SourceSeasonalNaive) || rule == "" {
			t.Fatalf("%d known at season %d: %q", known, season, rule)
		}
		for k := range horizon {
			lead := dst[k*len(levels):][:len(levels)]
			if !slices.IsSorted(lead) || !meter.Finite(float64(lead[0])) ||
				!meter.Finite(float64(lead[len(lead)-1])) {
				t.Fatalf("lead %d: %v", k+1, lead)
			}
		}
		if !slices.Equal(before, past) {
			t.Fatal("the past was changed")
		}
		again := make([]float32, len(dst))
		SeasonalNaive(again, past[len(past)-known:], known, season, horizon, levels, nil)
		if !slices.Equal(dst, again) {
			t.Fatal("cells before the known ones, or the scratch, made a difference")
		}
	})
}

func TestSortFloats(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 3*radixFrom).Draw(t, "length")
		got := rapid.SliceOfN(rapid.Float32Range(-math.MaxFloat32, math.MaxFloat32), n, n).Draw(t, "values")
		want := slices.Clone(got)
		slices.Sort(want)
		sortFloats(got, make([]float32, len(got)))
		if !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

func TestNaiveAllocatesNothing(t *testing.T) {
	past := make([]float32, 384)
	for i := range past {
		past[i] = float32(i * i % 97)
	}
	dst := make([]float32, 24*len(fiveLevels))
	scratch := make([]float32, NaiveScratch(len(past), len(fiveLevels)))
	for _, known := range []int{1, 24, 25, 384} {
		if n := testing.AllocsPerRun(10, func() { SeasonalNaive(dst, past, known, 24, 24, fiveLevels, scratch) }); n != 0 {
			t.Errorf("%d known: %v allocations", known, n)
		}
	}
	if n := testing.AllocsPerRun(10, func() { Persistence(dst, past, 384, 24, fiveLevels, scratch) }); n != 0 {
		t.Errorf("persistence: %v allocations", n)
	}
}

func BenchmarkSeasonalNaive(b *testing.B) {
	past := make([]float32, 384)
	state := uint32(1)
	for i := range past {
		state = state*1664525 + 1013904223
		past[i] = float32(state>>8) / (1 << 24)
	}
	dst := make([]float32, 24*len(fiveLevels))
	scratch := make([]float32, NaiveScratch(len(past), len(fiveLevels)))
	b.ReportAllocs()
	for b.Loop() {
		SeasonalNaive(dst, past, len(past), 24, 24, fiveLevels, scratch)
	}
}

// The band of a later day is that of values as many days apart.
func TestSeasonalNaiveSpreadsByDay(t *testing.T) {
	t.Parallel()
	const season, days = 4, 12
	random := rand.New(rand.NewPCG(3, 1))
	past := make([]float32, season*days)
	for i := range past { // a walk from day to day: the spread grows with the days between
		past[i] = float32(random.NormFloat64())
		if i >= season {
			past[i] += past[i-season]
		}
	}
	dst := make([]float32, 3*season*len(fiveLevels))
	scratch := make([]float32, NaiveScratch(len(past), len(fiveLevels)))
	SeasonalNaive(dst, past, len(past), season, 3*season, fiveLevels, scratch)
	for day := 1; day <= 3; day++ {
		apart := day * season
		residuals := make([]float32, len(past)-apart)
		for i := range residuals {
			residuals[i] = past[i+apart] - past[i]
		}
		want := make([]float32, len(fiveLevels))
		quantiles(want, residuals, make([]float32, len(residuals)), fiveLevels)
		lead := dst[(day-1)*season*len(fiveLevels):]
		for q := range want {
			if got := lead[q] - past[len(past)-season]; math.Abs(float64(got-want[q])) > 1e-5 {
				t.Errorf("day %d: quantile %v is %v from the value, want %v", day, fiveLevels[q], got, want[q])
			}
		}
	}
}
