package evaluate

import (
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/dataset"
)

const (
	dayCells  = 86400 / dataset.Interval
	weekCells = 7 * dayCells
	// residualCells is how far back the residuals of the rules reach.
	residualCells = 365 * dayCells
)

// Rule is a forecast that costs nothing: a value from the past, with quantiles
// of its own residuals before the test by lead and hour of the day. It is what
// a model is held against (ACCURACY protocol of the design documents).
type Rule string

// The rules, named as in the JSON of a backtest.
const (
	SeasonalNaiveDay  Rule = "seasonal_naive_day"
	SeasonalNaiveWeek Rule = "seasonal_naive_week"
	Mean7Days         Rule = "mean_7_days"
	Mix               Rule = "mix"
)

// Rules lists them in the order of a report.
func Rules() []Rule { return []Rule{SeasonalNaiveDay, SeasonalNaiveWeek, Mean7Days, Mix} }

// value is what the rule says for a cell that lies at most a day after the
// origin.
func (r Rule) value(h *dataset.History, cell int64) float64 {
	at := func(back int64) float64 {
		v, _ := h.Raw.At(cell - back)
		return float64(v)
	}
	mean := func() float64 {
		var sum float64
		for d := int64(1); d <= 7; d++ {
			sum += at(d * dayCells)
		}
		return sum / 7
	}
	switch r {
	case SeasonalNaiveDay:
		return at(dayCells)
	case SeasonalNaiveWeek:
		return at(weekCells)
	case Mean7Days:
		return mean()
	default:
		return mean()/2 + at(weekCells)/2
	}
}

// residuals are the quantiles of a rule's errors on one series before the test,
// [hour of the origin][lead][level].
type residuals struct {
	levels, horizon int
	quantiles       []float32
}

// residuals learns from the origins of the last year before cell test. An hour
// of the day that none fell on has no spread.
func (b *backtest) residuals(r Rule, h *dataset.History, test int64, horizon int, levels []float64) *residuals {
	first := max(h.Ring.First()+weekCells, test-residualCells)
	last := test - 1 - int64(horizon)
	t := &residuals{levels: len(levels), horizon: horizon, quantiles: make([]float32, dayCells*horizon*len(levels))}
	errors := make([][]float64, dayCells*horizon)
	for origin := first; origin <= last; origin++ {
		hour := int(origin % dayCells)
		for k := 1; k <= horizon; k++ {
			actual, ok := b.actual(h, origin+int64(k))
			if !ok {
				continue
			}
			i := hour*horizon + k - 1
			errors[i] = append(errors[i], float64(actual)-r.value(h, origin+int64(k)))
		}
	}
	for i, e := range errors {
		slices.Sort(e)
		for q, level := range levels {
			t.quantiles[i*len(levels)+q] = float32(quantile(e, level))
		}
	}
	return t
}

// quantile is that of sorted values by linear interpolation (type 7).
func quantile(sorted []float64, level float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := level * float64(len(sorted)-1)
	low := int(math.Floor(at))
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// ruleScores are what a rule is worth on one series: the point measures are those
// of the plain value, the others those of its quantiles.
type ruleScores struct {
	spread, plain *accuracy.Scores
	pinball       []float64 // by origin, as in Loss; NaN where the rule has no week behind it
}

// scoreRule scores one rule on one series at the given origins.
func (b *backtest) scoreRule(r Rule, h *dataset.History, test int64, origins []int64, horizon int, levels []float64, d accuracy.Denominators) (ruleScores, error) {
	table := b.residuals(r, h, test, horizon, levels)
	spread, err := accuracy.NewScores(levels, horizon, d)
	if err != nil {
		return ruleScores{}, err
	}
	plain, err := accuracy.NewScores(levels, horizon, d)
	if err != nil {
		return ruleScores{}, err
	}
	row, flat := make([]float32, len(levels)), make([]float32, len(levels))
	pinball := make([]float64, len(origins))
	for at, origin := range origins {
		if origin-weekCells < h.Ring.First() {
			pinball[at] = math.NaN()
			continue
		}
		for k := 1; k <= horizon; k++ {
			actual, ok := b.actual(h, origin+int64(k))
			if !ok {
				continue
			}
			value := r.value(h, origin+int64(k))
			i := (int(origin%dayCells)*horizon + k - 1) * len(levels)
			for q := range row {
				flat[q] = float32(value)
				row[q] = float32(value) + table.quantiles[i+q]
				pinball[at] += pinballShare(levels, q, float64(actual), row[q])
			}
			if err := spread.Add(k, float64(actual), row); err != nil {
				return ruleScores{}, err
			}
			if err := plain.Add(k, float64(actual), flat); err != nil {
				return ruleScores{}, err
			}
		}
	}
	return ruleScores{spread, plain, pinball}, nil
}

// pinballShare is what one quantile adds to the Pinball of a Loss.
func pinballShare(levels []float64, q int, actual float64, quantile float32) float64 {
	return 2 * accuracy.Pinball(levels[q], actual, float64(quantile)) / float64(len(levels))
}

// joined takes the point measures of the plain values.
func joined(spread, plain accuracy.Measures) accuracy.Measures {
	spread.MAE, spread.WAPE, spread.MASE, spread.MASE24, spread.NDP50 = plain.MAE, plain.WAPE, plain.MASE, plain.MASE24, plain.NDP50
	return spread
}
