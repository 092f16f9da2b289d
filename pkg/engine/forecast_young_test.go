package engine

import (
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// From the third day of a new series on, no rule's forecast has anything of values that are absurd
// beside the others, although no cell is judged before a week is known.
func TestRulesOfNewSeriesLeaveAbsurdValuesOut(t *testing.T) {
	t.Parallel()
	const first = 2*24 + 12
	faults := map[string]func(i int64, value float64) float64{
		"none": func(_ int64, value float64) float64 { return value },
		"the register, first": func(i int64, value float64) float64 {
			if i == 0 {
				return 12345.6
			}
			return value
		},
		"below zero, a thousand million times": func(i int64, value float64) float64 {
			if i == 30 {
				return -1e9
			}
			return value
		},
		"Wh of six hours": func(i int64, value float64) float64 {
			if i < 6 {
				return 1000 * value
			}
			return value
		},
		"one value a hundred times, on the fourth day": func(i int64, value float64) float64 {
			if i == 3*24+18 {
				return 100 * value
			}
			return value
		},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, most := newEngine(t, nil), float32(0)
			for i := range int64(meter.LearnDays * 24) {
				r := at(i)
				most = max(most, float32(r.Value))
				r.Value = fault(i, r.Value)
				result := e.Step([]Reading{r})
				if i < first {
					continue
				}
				for _, q := range result.Forecasts[0].Quantiles {
					if q < 0 || q > 3*most {
						t.Fatalf("after %d readings a quantile is %v, the largest true value %v",
							i+1, q, most)
					}
				}
			}
		})
	}
}
