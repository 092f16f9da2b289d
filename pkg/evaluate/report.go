package evaluate

import (
	"cmp"
	"slices"

	"github.com/loadtide/loadtide/pkg/accuracy"
)

// report joins what was gathered, in the order of the histories, so that sums
// are the same in every run.
func (b *backtest) report(gathered []*seriesScores) (Report, error) {
	levels, horizon := b.model.Spec.Levels, b.cfg.Horizon
	total, err := accuracy.NewTotal(levels, horizon)
	if err != nil {
		return Report{}, err
	}
	rules := map[Rule][2]*accuracy.Total{}
	for _, r := range Rules() {
		spread, err := accuracy.NewTotal(levels, horizon)
		if err != nil {
			return Report{}, err
		}
		plain, _ := accuracy.NewTotal(levels, horizon) // the same arguments
		rules[r] = [2]*accuracy.Total{spread, plain}
	}
	report := Report{Baselines: map[Rule]accuracy.Measures{}, RuleLeads: map[Rule][]accuracy.Measures{}, Held: make([]float64, len(levels))}
	losses, naive := map[int64]*Loss{}, map[int64]*Loss{}
	names := map[string]bool{}
	for _, s := range gathered {
		if s == nil {
			continue
		}
		report.Forecasts += s.count
		report.Rules += s.ruled
		names[s.series] = true
		for i, n := range s.held {
			report.Held[i] += float64(n)
		}
		if err := total.AddSeries(s.model); err != nil {
			return Report{}, err
		}
		one := SeriesReport{Series: s.series, Overall: s.model.Overall(), Baselines: map[Rule]accuracy.Measures{}}
		for r, scores := range s.rules {
			for i, of := range []*accuracy.Scores{scores.spread, scores.plain} {
				if err := rules[r][i].AddSeries(of); err != nil {
					return Report{}, err
				}
			}
			one.Baselines[r] = joined(scores.spread.Overall(), scores.plain.Overall())
		}
		report.PerSeries = append(report.PerSeries, one)
		addLosses(losses, s.losses)
		addLosses(naive, s.naive)
	}
	if report.Forecasts == 0 {
		return Report{}, ErrNoOrigins
	}
	report.Series = len(names)
	report.Overall = total.Overall()
	for k := 1; k <= horizon; k++ {
		report.ByLead = append(report.ByLead, total.Lead(k))
	}
	for r, t := range rules {
		report.Baselines[r] = joined(t[0].Overall(), t[1].Overall())
		for k := 1; k <= horizon; k++ {
			report.RuleLeads[r] = append(report.RuleLeads[r], joined(t[0].Lead(k), t[1].Lead(k)))
		}
	}
	for i := range report.Held {
		report.Held[i] /= float64(max(report.Overall.N, 1))
	}
	report.Losses, report.NaiveLosses = inOrder(losses), inOrder(naive)
	return report, nil
}

// addLosses adds those of one series to the sums by origin.
func addLosses(sums map[int64]*Loss, of []Loss) {
	for _, l := range of {
		at, ok := sums[l.Second]
		if !ok {
			at = &Loss{Second: l.Second}
			sums[l.Second] = at
		}
		at.Pinball += l.Pinball
		at.Actual += l.Actual
	}
}

func inOrder(sums map[int64]*Loss) []Loss {
	all := make([]Loss, 0, len(sums))
	for _, l := range sums {
		all = append(all, *l)
	}
	slices.SortFunc(all, func(a, b Loss) int { return cmp.Compare(a.Second, b.Second) })
	return all
}
