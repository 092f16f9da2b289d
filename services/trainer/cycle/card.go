package cycle

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/registry"
)

// card is the model card: what the model is for, what it was made of, how good it is and where it
// is not.
func (a *attempt) card() string {
	s, r := a.fitted.spec, a.out.Report
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	p("# %s\n\n", s.Name)
	p("Forecasts the load of a meter for the next %d intervals of %s, as quantiles %v of each.\n\n",
		s.Horizon, s.Interval, s.Levels)
	p("## What it is for\n\n")
	p("Loads of meters, buildings and sites like those it was trained on, with regular readings. ")
	p("The graph takes scaled features and\n")
	p("gives quantiles in the series' unit. One model serves all series of its interval.\n\n")
	p("## What it was made of\n\n")
	p("- readings of %d series, %s to %s\n", a.out.Series, s.TrainedFrom.Format(time.DateOnly),
		s.TrainedUntil.Format(time.DateOnly))
	p("- calendar: zone %s, country %s\n", or(s.Zone, "UTC"), or(s.Country, "none"))
	if names := s.CovariateNames(); len(names) > 0 {
		p("- known ahead, and needed to forecast: %s\n", strings.Join(names, ", "))
	}
	p("- one LSTM layer of %d units, a head of %d; %d weights; scale %s; seed %d\n\n",
		s.Hidden, s.Width, s.Shape().LSTMParams()+s.Shape().HeadParams(), s.Scale, s.Seed)
	p("## How good it is\n\n")
	p("On later time that it was not fitted to, %d forecasts of %d series:\n\n", r.Forecasts,
		r.Series)
	ours, naive := r.Overall, a.out.Baselines.SeasonalNaive()
	p("| | this model | same hour yesterday |\n| --- | --- | --- |\n")
	p("| wQL | %s | %s |\n", digits(ours.Pinball, 1), digits(naive.Pinball, 1))
	p("| WAPE, %% | %s | %s |\n", digits(ours.WAPE, 100), digits(naive.WAPE, 100))
	p("| 80 %% band held, %% | %s | %s |\n\n", digits(ours.Coverage80, 100),
		digits(naive.Coverage80, 100))
	p("%s", a.days())
	better := 0
	for i, one := range r.PerSeries {
		if one.Overall.Pinball < a.out.Baselines.PerSeries[i][evaluate.SeasonalNaiveDay].Pinball {
			better++
		}
	}
	p("Better than the same hour yesterday on %d of %d series.\n\n", better, len(r.PerSeries))
	p("%s\n", a.out.Verdict.Tags()[registry.Description])
	p("## Where it is not\n\n")
	p("- a series of less than a week of readings: the base model or simple rules serve it until then\n")
	p("- events that its features do not tell of, such as a holiday of one site\n")
	p("- loads unlike those above: judge it first with `loadtide backtest`\n")
	return b.String()
}

// days are the scores by day of the lead; empty for a horizon of a day.
func (a *attempt) days() string {
	r := a.out.Report
	if len(r.ByDay) < 2 {
		return ""
	}
	var b strings.Builder
	b.WriteString("| wQL by day of the lead | this model | best simple rule |\n| --- | --- | --- |\n")
	for d, m := range r.ByDay {
		best := math.Inf(1)
		for _, rule := range a.out.Baselines.ByDay {
			best = min(best, rule[d].Pinball)
		}
		fmt.Fprintf(&b, "| %d | %s | %s |\n", d+1, digits(m.Pinball, 1), digits(best, 1))
	}
	return b.String() + "\n"
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
