package forecaster

import "testing"

func TestCollectorPercent(t *testing.T) {
	t.Parallel()
	for series, want := range map[int]int{
		0: 100, 1000: 100, 43_690: 100, 100_000: 43, 1_000_000: 20, 10_000_000: 20,
	} {
		if got := collectorPercent(series); got != want {
			t.Errorf("%d series: %d %%, want %d", series, got, want)
		}
	}
}
