package meter

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestRankedIsTheSortedValue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		// Few distinct values, so that many are equal.
		value := rapid.Map(rapid.IntRange(0, 9), func(i int) float64 { return float64(i) })
		values := rapid.SliceOfN(rapid.OneOf(value, rapid.Float64Range(-9, 9)), 1, 40).Draw(t, "values")
		k := rapid.IntRange(0, len(values)-1).Draw(t, "rank")
		want := slices.Sorted(slices.Values(values))[k]
		if got := ranked(slices.Clone(values), k); got != want {
			t.Fatalf("value of rank %d of %v is %v, want %v", k, values, got, want)
		}
	})
}
