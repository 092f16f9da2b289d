package cycle

import (
	"context"
	"fmt"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/series"
)

// judgeHours is the least time between two origins that a model is judged at.
const judgeHours = 5

// judgeEvery is the number of intervals between two origins that a model is judged at: judgeHours,
// or a little more, so that it has no divisor in common with a day and all times of the day are
// origins.
func judgeEvery(l series.Lengths) int {
	n := judgeHours * l.Day / 24
	for gcd(n, l.Day) > 1 {
		n++
	}
	return n
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

// testRange is the range that a model is judged on: the test range, or the validation range when
// the cut leaves no test range.
func testRange(cut dataset.Cut) (from, until int64) {
	if cut.TestUntil <= cut.TestFrom {
		return cut.TrainUntil, cut.ValidUntil
	}
	return cut.TestFrom, cut.TestUntil
}

// origins are the origins between two Unix seconds that a model is scored at.
func (a *attempt) origins(from, until int64) evaluate.Config {
	return evaluate.Config{
		From: from, Until: until, Every: judgeEvery(a.len),
		Workers: a.Config.Workers, Ahead: a.Ahead, ExcludeFlagged: true,
	}
}

// target is what is scored of a model: its first leads, and levels of it.
type target struct {
	leads  int
	levels []float64
}

// score scores a model in the test range. each is called with every forecast, one at a time; it may
// be nil.
func (a *attempt) score(
	ctx context.Context, m *model.Model, of target, each func(engine.Forecast),
) (evaluate.Report, error) {
	cfg := a.origins(testRange(a.cut))
	cfg.Horizon, cfg.Levels, cfg.Each = of.leads, of.levels, each
	return evaluate.Backtest(ctx, m, a.histories, cfg)
}

// judged is the model that is scored, see fitted.
func (a *attempt) judged() *model.Model { return draft(a.fitted.spec, a.fitted.judged) }

// judge scores the new model and the simple rules in the test range, which gives the report, and
// compares the layers that serve with the training graph.
func (a *attempt) judge(ctx context.Context) (gateInput, error) {
	f := &a.fitted
	stats := newForecastStats(a.histories, f.spec.Levels)
	report, err := a.score(ctx, a.judged(), target{f.spec.Horizon, f.spec.Levels}, stats.add)
	if err != nil {
		return gateInput{}, err
	}
	baselines, err := evaluate.ScoreRules(ctx, report, a.histories, a.origins(testRange(a.cut)))
	if err != nil {
		return gateInput{}, err
	}
	a.out.Report, a.out.Baselines = report, baselines
	in := gateInput{forecasts: stats.sum(), ours: report.Losses, naive: baselines.Losses}
	in.difference, in.crossed, err = agreement(draft(f.spec, f.result), f.result, f.sample)
	return in, err
}

// LeadMetrics are the measures that a model folder keeps for every lead.
var LeadMetrics = [...]string{"wql", "wape", "coverage80"}

// LeadMetric is the name of one of LeadMetrics at a lead.
func LeadMetric(name string, lead int) string { return fmt.Sprintf("%s_lead_%02d", name, lead) }

// metrics are the scores of the model and the figures of the verdict, by name.
func (a *attempt) metrics() map[string]float64 {
	r, naive := a.out.Report, a.out.Baselines.SeasonalNaive()
	all := a.out.Verdict.Metrics()
	all["skill_day"], all["seasonal_naive_pinball"] = evaluate.Skill(r.Overall, naive),
		naive.Pinball
	for name, value := range r.Overall.Map() {
		all[name] = value
	}
	for i, m := range r.ByLead {
		for k, value := range [len(LeadMetrics)]float64{m.Pinball, m.WAPE, m.Coverage80} {
			all[LeadMetric(LeadMetrics[k], i+1)] = value
		}
	}
	return all
}
