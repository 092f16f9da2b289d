package endtoend

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"

	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// onlyBounds says whether two messages differ in nothing but the bounds of forecasts (D58), which the
// release did not have: a forecast has zeros for quantiles below zero and a width where it had
// none, and its scores have another loss.
func onlyBounds(stream, want, got string) bool {
	switch stream {
	case topology.Forecasts:
		a, errA := streams.DecodeForecast([]byte(want))
		b, errB := streams.DecodeForecast([]byte(got))
		if errA != nil || errB != nil || !slices.EqualFunc(leadsOf(a), leadsOf(b), withinBounds(meanMedian(a))) {
			return false
		}
		a.Quantiles, b.Quantiles = nil, nil
		return reflect.DeepEqual(a, b)
	case topology.Scores:
		var a, b any
		if json.Unmarshal([]byte(want), &a) != nil || json.Unmarshal([]byte(got), &b) != nil {
			return false
		}
		return alike(withoutLoss(a), withoutLoss(b), 0, largest(a))
	}
	return false
}

// withinBounds compares the quantiles of a lead, of five levels, with those of today.
func withinBounds(mean float64) func(was, is []float32) bool {
	return func(was, is []float32) bool {
		if len(was) != 5 || len(is) != 5 {
			return slices.Equal(was, is)
		}
		floored := slices.Clone(was)
		for i := range floored {
			floored[i] = max(floored[i], 0)
		}
		level := max(math.Abs(float64(floored[2])), mean)
		narrow := float64(floored[4]-floored[0]) < 0.0103*level
		return slices.Equal(is, was) || slices.Equal(is, floored) || narrow && is[2] == floored[2]
	}
}

func meanMedian(f streams.Forecast) (mean float64) {
	leads := leadsOf(f)
	for _, lead := range leads {
		mean += math.Abs(float64(lead[len(lead)/2])) / float64(len(leads))
	}
	return mean
}

func leadsOf(f streams.Forecast) [][]float32 {
	return slices.Collect(slices.Chunk(f.Quantiles, len(f.Levels)))
}

// withoutLoss takes what the bounds change out of a score. A median below zero, whose error was more
// than the actual, is zero now.
func withoutLoss(score any) any {
	fields, _ := score.(map[string]any)
	leads, _ := fields["leads"].([]any)
	for i := range leads {
		if lead, ok := leads[i].(map[string]any); ok {
			delete(lead, "pinball")
			delete(lead, "covered50")
			delete(lead, "covered80")
			actual, _ := fields["actual"].(float64)
			if err, ok := lead["error"].(float64); ok && actual >= 0 {
				lead["error"] = min(err, actual)
			}
		}
	}
	return score
}
