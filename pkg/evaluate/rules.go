package evaluate

import (
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/dataset"
)

// The residuals of the rules reach back residualDays, and residualCells at most: at fine intervals
// a shorter past has as many of them.
const (
	residualDays  = 365
	residualCells = residualDays * 96
)

// Rule is a simple forecast that needs no model: a value from the past. The quantiles are those of
// the rule's own residuals before the test, by lead and hour of the day. Models are compared with
// the rules.
type Rule string

// The rules, named as in the JSON of a backtest.
const (
	SeasonalNaiveDay  Rule = "seasonal_naive_day"
	SeasonalNaiveWeek Rule = "seasonal_naive_week"
	Mean7Days         Rule = "mean_7_days"
	Mix               Rule = "mix"
)

// Rules lists the rules in the order of a report.
func Rules() []Rule { return []Rule{SeasonalNaiveDay, SeasonalNaiveWeek, Mean7Days, Mix} }

// value is the forecast of the rule for lead k after the cell of an origin. It reads the latest days,
// and the latest week, that are known at the origin.
func (r Rule) value(h *dataset.History, origin int64, k int) float64 {
	day, week := h.Len.Day, h.Len.Week
	at := func(back int) float64 {
		v, _ := h.Raw.At(origin + int64(k-back))
		return float64(v)
	}
	latest := (k + day - 1) / day // days back from the lead that are known
	mean := func() float64 {
		var sum float64
		for d := range 7 {
			sum += at((latest + d) * day)
		}
		return sum / 7
	}
	lastWeek := (k + week - 1) / week * week
	switch r {
	case SeasonalNaiveDay:
		return at(latest * day)
	case SeasonalNaiveWeek:
		return at(lastWeek)
	case Mean7Days:
		return mean()
	default:
		return mean()/2 + at(lastWeek)/2
	}
}

// residuals are the quantiles of a rule's errors on one history before the test,
// [interval of the day of the origin][lead][level].
type residuals struct {
	day,
	levels, horizon int // day in cells
	quantiles []float32
}

// newResiduals learns from the origins of the last year before the test. The quantiles of an
// interval of the day without an origin are 0.
func newResiduals(cfg *Config, r Rule, h *dataset.History, levels []float64) *residuals {
	test := h.Cell(cfg.From)
	day := h.Len.Day
	first := max(h.Ring.First()+int64(h.Len.Week), test-int64(min(residualDays*day, residualCells)))
	last := test - 1 - int64(cfg.Horizon)
	t := &residuals{
		day:    day,
		levels: len(levels), horizon: cfg.Horizon,
		quantiles: make([]float32, day*cfg.Horizon*len(levels)),
	}
	errors := make([][]float64, day) // of one lead, by interval of the day of the origin
	for k := 1; k <= cfg.Horizon; k++ {
		for origin := first; origin <= last; origin++ {
			if actual, ok := cfg.actual(h, origin+int64(k)); ok {
				i := origin % int64(day)
				errors[i] = append(errors[i], float64(actual)-r.value(h, origin, k))
			}
		}
		for i, e := range errors {
			slices.Sort(e)
			row := t.row(int64(i), k)
			for q, level := range levels {
				row[q] = float32(quantile(e, level))
			}
			errors[i] = e[:0]
		}
	}
	return t
}

// index is the place of the interval of the day of an origin and of a lead k.
func (t *residuals) index(origin int64, k int) int {
	return int(origin%int64(t.day))*t.horizon + k - 1
}

// row holds the quantiles for an origin and a lead k, by level.
func (t *residuals) row(origin int64, k int) []float32 {
	return t.quantiles[t.index(origin, k)*t.levels:][:t.levels]
}

// quantile is the quantile of sorted values by linear interpolation (type 7).
func quantile(sorted []float64, level float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := level * float64(len(sorted)-1)
	low := int(math.Floor(at))
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}
