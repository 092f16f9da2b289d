package evaluate

import (
	"fmt"
	"slices"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
)

// tally gathers the scores of the model on one history. scores is nil until the first forecast.
type tally struct {
	cfg     *Config
	history *dataset.History
	columns []int // of the levels that are scored, in a forecast

	quantiles []float32 // of one lead, by column

	scores    *accuracy.Scores
	losses    []Loss // by origin
	atOrBelow []int  // by level: the number of actuals at or below the quantile
	byRules   int    // forecasts that a simple rule made
}

// add compares the forecast in force after cell n with the actuals after that cell.
func (t *tally) add(n int64, f *engine.Forecast) (err error) {
	h := t.history
	if t.scores == nil {
		t.scores, err = accuracy.NewScores(t.cfg.Levels, t.cfg.Horizon, denominators(h, t.cfg.From))
		if err != nil {
			return err
		}
		t.atOrBelow, t.quantiles = make([]int, len(t.columns)), make([]float32, len(t.columns))
	}
	quantiles := t.quantiles
	loss := Loss{Second: h.Start(n + 1)}
	age := int(n + 1 - h.Cell(f.Origin)) // intervals since the origin of the forecast
	for k := range t.cfg.Horizon {
		actual, ok := t.cfg.actual(h, n+1+int64(k))
		if at := k + age; !ok || at < 0 || at >= f.Horizon {
			continue
		}
		for i, column := range t.columns {
			quantiles[i] = f.Quantiles[(k+age)*len(f.Levels)+column]
		}
		if err := t.scores.Add(k+1, float64(actual), quantiles); err != nil {
			return err
		}
		for i, q := range quantiles {
			if actual <= q {
				t.atOrBelow[i]++
			}
		}
		loss.add(t.cfg.Levels, float64(actual), quantiles)
	}
	t.losses = append(t.losses, loss)
	if f.Source != meter.SourceLSTM {
		t.byRules++
	}
	return nil
}

// denominators are the in-sample errors before the test.
func denominators(h *dataset.History, from int64) accuracy.Denominators {
	past := h.Values(int(max(h.Cell(from)-h.Ring.First(), 0)))
	return accuracy.Denominators{
		Week: accuracy.SeasonalNaiveMAE(past, h.Len.Week),
		Day:  accuracy.SeasonalNaiveMAE(past, h.Len.Day),
	}
}

// CommonLevels returns the levels that both models forecast, ascending.
func CommonLevels(a, b []float64) []float64 {
	var common []float64
	for _, level := range a {
		if slices.Contains(b, level) {
			common = append(common, level)
		}
	}
	return common
}

// columnsOf returns where levels stand among all levels of a model.
func columnsOf(all, levels []float64) ([]int, error) {
	columns := make([]int, len(levels))
	for i, level := range levels {
		if columns[i] = slices.Index(all, level); columns[i] < 0 {
			return nil, fmt.Errorf("level %v: the model forecasts %v", level, all)
		}
	}
	return columns, nil
}
