package cycle

import (
	"fmt"
	"strings"

	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/registry"
)

// card is the model card: what the model is for, what it was made of, how good it
// is and where it is not.
func card(s model.Spec, out *Outcome, v Verdict) string {
	r, series := out.Report, out.Series
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	day := func(t interface{ Format(string) string }) string { return t.Format("2006-01-02") }
	shape := s.Shape()
	p("# %s\n\n", s.Name)
	p("Forecasts the load of a meter for the next %d intervals of %s, as quantiles %v of each.\n\n", s.Horizon, s.Interval, s.Levels)
	p("## What it is for\n\nLoads of meters, buildings and sites like those it was trained on, with regular readings. The graph takes scaled features and\n")
	p("gives quantiles in the series' unit. One model serves all series of its interval.\n\n")
	p("## What it was made of\n\n- readings of %d series, %s to %s\n- calendar: zone %s, country %s\n", series, day(s.TrainedFrom), day(s.TrainedUntil), or(s.Zone, "UTC"), or(s.Country, "none"))
	if names := s.CovariateNames(); len(names) > 0 {
		p("- known ahead, and needed to forecast: %s\n", strings.Join(names, ", "))
	}
	p("- one LSTM layer of %d units, a head of %d; %d weights; scale %s; seed %d\n\n", s.Hidden, s.Width, shape.LSTMParams()+shape.HeadParams(), s.Scale, s.Seed)
	p("## How good it is\n\nOn later time that it was not fitted to, %d forecasts of %d series:\n\n", r.Forecasts, r.Series)
	naive := out.Baselines.SeasonalNaive()
	p("| | this model | same hour yesterday |\n| --- | --- | --- |\n")
	p("| wQL | %s | %s |\n| WAPE, %% | %s | %s |\n| 80 %% band held, %% | %s | %s |\n\n",
		digits(r.Overall.Pinball, 1), digits(naive.Pinball, 1), digits(r.Overall.WAPE, 100), digits(naive.WAPE, 100), digits(r.Overall.Coverage80, 100), digits(naive.Coverage80, 100))
	better := 0
	for i, one := range r.PerSeries {
		if one.Overall.Pinball < out.Baselines.PerSeries[i][evaluate.SeasonalNaiveDay].Pinball {
			better++
		}
	}
	p("Better than the same hour yesterday on %d of %d series.\n\n%s\n", better, len(r.PerSeries), v.Tags()[registry.Description])
	p("## Where it is not\n\n- a series of less than a week of readings: simple rules serve it until then\n- events that its features do not tell of, such as a holiday of one site\n- loads unlike those above: judge it first with `loadtide backtest`\n")
	return b.String()
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
