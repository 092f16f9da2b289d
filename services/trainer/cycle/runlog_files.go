package cycle

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/plot"
	"github.com/loadtide/loadtide/pkg/train"
)

// artifact is a file of a run.
type artifact struct {
	name string
	data []byte
}

// files are the charts and tables of a run.
func (r *activeRun) files(ctx context.Context, a *attempt) ([]artifact, error) {
	table, err := json.MarshalIndent(evaluation(a.out.Report, a.out.Baselines), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("evaluation table: %w", err)
	}
	all := []artifact{
		{"evaluation.json", table},
		{"evaluation.md", []byte(evaluationTable(a.out.Report, a.out.Baselines))},
		{"card.md", []byte(a.card())},
	}
	charts, err := r.charts(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("charts: %w", err)
	}
	for name, chart := range charts {
		picture, err := plot.Encode(plot.PNG, plot.Size{}, chart)
		if err != nil {
			// Scores that are not finite cannot be drawn; the model is not lost because of that.
			r.warn(fmt.Errorf("%s is left out: %w", name, err))
			continue
		}
		all = append(all, artifact{name, picture})
	}
	return all, nil
}

// charts are the charts by the name of their file.
func (r *activeRun) charts(ctx context.Context, a *attempt) (map[string]plot.Chart, error) {
	charts := map[string]plot.Chart{"loss_curve.png": lossCurve(a.fitted.curve)}
	if r.Charts == nil {
		return charts, nil
	}
	sheet, err := r.Charts(ctx, Evaluation{
		Model: a.judged(), Histories: a.histories, Config: a.origins(testRange(a.cut)),
		Report: a.out.Report, Baselines: a.out.Baselines,
	})
	if err != nil {
		return nil, err
	}
	charts["forecasts.png"] = plot.Fans{Title: sheet.Title, Subtitle: sheet.Subtitle,
		Fans: sheet.Fans}
	charts["error_by_lead.png"], charts["calibration.png"] = sheet.ByLead, sheet.Calibration
	return charts, nil
}

// lossCurve draws the losses of the fit that chose the scale and the number of iterations.
func lossCurve(points []train.Point) plot.LossCurve {
	c := plot.LossCurve{Title: "Loss of the training"}
	measured, least := false, math.Inf(1)
	for _, p := range points {
		valid := p.Valid
		if valid == 0 {
			valid = math.NaN()
		}
		measured = measured || p.Valid != 0
		if p.Valid != 0 && p.Valid < least {
			least, c.Best = p.Valid, p.Iteration
		}
		c.Iterations = append(c.Iterations, p.Iteration)
		c.Train, c.Valid = append(c.Train, p.Loss), append(c.Valid, valid)
	}
	if !measured {
		c.Valid = nil
	}
	return c
}

// evaluation is the content of evaluation.json.
func evaluation(r evaluate.Report, b evaluate.Baselines) any {
	type row struct {
		Lead     int               `json:"lead,omitempty"`
		Day      int               `json:"day,omitempty"`
		Series   string            `json:"series,omitempty"`
		Measures accuracy.Measures `json:"measures"`
	}
	var leads, days, series []row
	for k, m := range r.ByLead {
		leads = append(leads, row{Lead: k + 1, Measures: m})
	}
	for d, m := range r.ByDay {
		days = append(days, row{Day: d + 1, Measures: m})
	}
	for _, s := range r.PerSeries {
		series = append(series, row{Series: s.Series, Measures: s.Overall})
	}
	return map[string]any{
		"forecasts": r.Forecasts, "overall": r.Overall, "by_lead": leads, "by_day": days,
		"series": series, "baselines": b.Overall,
	}
}

// evaluationTable is the content of evaluation.md, for people.
func evaluationTable(r evaluate.Report, baselines evaluate.Baselines) string {
	var b strings.Builder
	row := func(name string, m accuracy.Measures) {
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s | %s | %s |\n", name, m.N, digits(m.MAE, 1),
			digits(m.WAPE, 100),
			digits(m.MASE, 1), digits(m.Pinball, 1), digits(m.Coverage80, 100))
	}
	head := func(name string) {
		fmt.Fprintf(&b, "| %s | n | MAE | WAPE, %% | MASE | wQL | 80 %% band held, %% |\n", name)
		b.WriteString("| --- | --- | --- | --- | --- | --- | --- |\n")
	}
	fmt.Fprintf(&b, "%d forecasts of %d series on later time.\n\n", r.Forecasts, r.Series)
	head("model")
	row("this model", r.Overall)
	for _, rule := range evaluate.Rules() {
		row(string(rule), baselines.Overall[rule])
	}
	if len(r.ByDay) > 1 {
		b.WriteString("\n")
		head("day of the lead")
		for d, m := range r.ByDay {
			row(fmt.Sprint(d+1), m)
		}
	}
	b.WriteString("\n")
	head("lead")
	for k, m := range r.ByLead {
		row(fmt.Sprint(k+1), m)
	}
	b.WriteString("\n")
	head("series")
	for _, s := range r.PerSeries {
		row(s.Series, s.Overall)
	}
	return b.String()
}

// digits is a score times a factor, with three digits; "-" when there is no score.
func digits(v, factor float64) string {
	if !meter.Finite(v) {
		return "-"
	}
	return fmt.Sprintf("%.3g", factor*v)
}
