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
func (r *recording) files(ctx context.Context, f finding) ([]artifact, error) {
	report, baselines := f.outcome.Report, f.outcome.Baselines
	table, err := json.MarshalIndent(evaluation(report, baselines), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("evaluation table: %w", err)
	}
	all := []artifact{{"evaluation.json", table}, {"evaluation.md", []byte(evaluationTable(report, baselines))}, {"card.md", []byte(f.card)}}
	charts := map[string]plot.Chart{"loss_curve.png": lossCurve(f.fitted.curve)}
	if r.Sheet != nil {
		sheet, err := r.Sheet(ctx, draft(f.fitted.spec, f.fitted.judged), report, baselines, f.config, f.histories)
		if err != nil {
			return nil, fmt.Errorf("charts: %w", err)
		}
		charts["forecasts.png"] = plot.Fans{Title: sheet.Title, Subtitle: sheet.Subtitle, Fans: sheet.Fans}
		charts["error_by_lead.png"], charts["calibration.png"] = sheet.ByLead, sheet.Calibration
	}
	for name, chart := range charts {
		picture, err := plot.Encode(plot.PNG, plot.Size{}, chart)
		if err != nil {
			// Scores without meaning cannot be drawn; that is no reason to lose the model.
			r.warn(fmt.Errorf("%s is left out: %w", name, err))
			continue
		}
		all = append(all, artifact{name, picture})
	}
	return all, nil
}

// lossCurve draws the looks at the loss of the fit that chose scale and length.
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
		c.Iterations, c.Train, c.Valid = append(c.Iterations, p.Iteration), append(c.Train, p.Loss), append(c.Valid, valid)
	}
	if !measured {
		c.Valid = nil
	}
	return c
}

// evaluation is the report as evaluation.json has it.
func evaluation(r evaluate.Report, b evaluate.Baselines) any {
	type row struct {
		Lead     int               `json:"lead,omitempty"`
		Series   string            `json:"series,omitempty"`
		Measures accuracy.Measures `json:"measures"`
	}
	var leads, series []row
	for k, m := range r.ByLead {
		leads = append(leads, row{Lead: k + 1, Measures: m})
	}
	for _, s := range r.PerSeries {
		series = append(series, row{Series: s.Series, Measures: s.Overall})
	}
	return map[string]any{"forecasts": r.Forecasts, "overall": r.Overall, "by_lead": leads, "series": series, "baselines": b.Overall}
}

// evaluationTable is the same for people, in Markdown.
func evaluationTable(r evaluate.Report, rules evaluate.Baselines) string {
	var b strings.Builder
	row := func(name string, m accuracy.Measures) {
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s | %s | %s |\n", name, m.N, digits(m.MAE, 1), digits(m.WAPE, 100), digits(m.MASE, 1), digits(m.Pinball, 1), digits(m.Coverage80, 100))
	}
	head := func(name string) {
		fmt.Fprintf(&b, "| %s | n | MAE | WAPE, %% | MASE | wQL | 80 %% band held, %% |\n| --- | --- | --- | --- | --- | --- | --- |\n", name)
	}
	fmt.Fprintf(&b, "%d forecasts of %d series on later time.\n\n", r.Forecasts, r.Series)
	head("model")
	row("this model", r.Overall)
	for _, rule := range evaluate.Rules() {
		row(string(rule), rules.Overall[rule])
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

// digits is a score with three of them, - where there is none.
func digits(v, factor float64) string {
	if !meter.Finite(v) {
		return "-"
	}
	return fmt.Sprintf("%.3g", factor*v)
}
