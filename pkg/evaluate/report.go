package evaluate

import "github.com/loadtide/loadtide/pkg/accuracy"

// Report says how good a model is on a range of time.
type Report struct {
	Forecasts int
	ByRules   int // forecasts that a simple rule made because the series had too few readings
	Series    int
	Levels    []float64
	Overall   accuracy.Measures
	ByLead    []accuracy.Measures // [horizon]
	ByDay     []accuracy.Measures // by day of the lead; the last one may be shorter
	PerSeries []SeriesReport      // in the order of the histories, of those with a forecast
	AtOrBelow []float64           // by level: the share of the actuals at or below the quantile
	Losses    []Loss              // of all series, by origin, in the order of time
}

// SeriesReport is the report on one history.
type SeriesReport struct {
	Series  string
	History int // index of the history
	Overall accuracy.Measures
	Losses  []Loss // by origin, in the order of time
}

// Skill is the gain in pinball loss over a baseline, 1 at best; 0 when the baseline has no loss.
func Skill(model, baseline accuracy.Measures) float64 {
	if baseline.Pinball == 0 {
		return 0
	}
	return 1 - model.Pinball/baseline.Pinball
}

// newReport adds up the tallies in the order of the histories, so that sums are the same in every
// run.
func newReport(levels []float64, horizon, day int, tallies []*tally) (Report, error) {
	total, err := accuracy.NewTotal(levels, horizon, day)
	if err != nil {
		return Report{}, err
	}
	r := Report{Levels: levels, AtOrBelow: make([]float64, len(levels))}
	losses, names := lossSums{}, map[string]bool{}
	for i, t := range tallies {
		if t.scores == nil {
			continue
		}
		if err := total.AddSeries(t.scores); err != nil {
			return Report{}, err
		}
		r.Forecasts += len(t.losses)
		r.ByRules += t.byRules
		for level, n := range t.atOrBelow {
			r.AtOrBelow[level] += float64(n)
		}
		one := SeriesReport{t.history.ID.String(), i, t.scores.Overall(), t.losses}
		r.PerSeries = append(r.PerSeries, one)
		losses.add(t.losses)
		names[one.Series] = true
	}
	if r.Forecasts == 0 {
		return Report{}, ErrNoOrigins
	}
	r.Series, r.Overall = len(names), total.Overall()
	r.ByLead, r.ByDay = byLead(total, horizon), total.ByDay()
	for level := range r.AtOrBelow {
		r.AtOrBelow[level] /= float64(max(r.Overall.N, 1))
	}
	r.Losses = losses.sorted()
	return r, nil
}

func byLead(total *accuracy.Total, horizon int) []accuracy.Measures {
	leads := make([]accuracy.Measures, horizon)
	for k := range leads {
		leads[k] = total.Lead(k + 1)
	}
	return leads
}
