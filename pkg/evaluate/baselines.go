package evaluate

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/dataset"
)

// Baselines say how good the simple rules are at the origins of a report.
type Baselines struct {
	Overall   map[Rule]accuracy.Measures
	ByLead    map[Rule][]accuracy.Measures // [horizon]
	ByDay     map[Rule][]accuracy.Measures // as in Report
	PerSeries []map[Rule]accuracy.Measures // in the order of Report.PerSeries
	// Losses are those of the rule SeasonalNaiveDay at the origins of Report.Losses. At an origin
	// where a series has less than a week of readings, the loss of the model stands for the rule's,
	// so that the origin favours neither.
	Losses []Loss
}

// SeasonalNaive is the score of the rule SeasonalNaiveDay.
func (b Baselines) SeasonalNaive() accuracy.Measures { return b.Overall[SeasonalNaiveDay] }

// ScoreRules scores the simple rules at the origins of a report. histories and cfg are those that
// the report was made of.
func ScoreRules(
	ctx context.Context, r Report, histories []*dataset.History, cfg Config,
) (Baselines, error) {
	cfg.Horizon = len(r.ByLead)
	scored := make([]map[Rule]ruleScores, len(r.PerSeries))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(cfg.Workers, 1))
	for i, s := range r.PerSeries {
		group.Go(func() (err error) {
			if scored[i], err = scoreSeries(ctx, &cfg, histories[s.History], s.Losses,
				r.Levels); err != nil {
				return fmt.Errorf("series %s: %w", s.Series, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Baselines{}, err
	}
	return newBaselines(r, scored, histories[0].Len.Day)
}

// scoreSeries scores every rule on one history.
func scoreSeries(
	ctx context.Context, cfg *Config, h *dataset.History, model []Loss, levels []float64,
) (map[Rule]ruleScores, error) {
	scored := map[Rule]ruleScores{}
	for _, rule := range Rules() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s, err := scoreRule(cfg, rule, h, model, levels)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", rule, err)
		}
		scored[rule] = s
	}
	return scored, nil
}

// newBaselines adds up the scores in the order of the report, so that sums are the same in every
// run. day is the number of leads in a day.
func newBaselines(r Report, scored []map[Rule]ruleScores, day int) (Baselines, error) {
	b := Baselines{
		Overall:   map[Rule]accuracy.Measures{},
		ByLead:    map[Rule][]accuracy.Measures{},
		ByDay:     map[Rule][]accuracy.Measures{},
		PerSeries: make([]map[Rule]accuracy.Measures, len(scored)),
	}
	losses := lossSums{}
	for i, rules := range scored {
		b.PerSeries[i] = map[Rule]accuracy.Measures{}
		for rule, s := range rules {
			b.PerSeries[i][rule] = joined(s.spread.Overall(), s.plain.Overall())
		}
		losses.add(rules[SeasonalNaiveDay].losses)
	}
	b.Losses = losses.sorted()
	for _, rule := range Rules() {
		if err := b.total(rule, r, scored, day); err != nil {
			return Baselines{}, err
		}
	}
	return b, nil
}

// total adds up the scores of one rule.
func (b *Baselines) total(rule Rule, r Report, scored []map[Rule]ruleScores, day int) error {
	horizon := len(r.ByLead)
	spread, err := accuracy.NewTotal(r.Levels, horizon, day)
	if err != nil {
		return err
	}
	plain, err := accuracy.NewTotal(r.Levels, horizon, day)
	if err != nil {
		return err
	}
	for _, rules := range scored {
		if err := spread.AddSeries(rules[rule].spread); err != nil {
			return err
		}
		if err := plain.AddSeries(rules[rule].plain); err != nil {
			return err
		}
	}
	b.Overall[rule] = joined(spread.Overall(), plain.Overall())
	b.ByLead[rule] = allJoined(byLead(spread, horizon), byLead(plain, horizon))
	b.ByDay[rule] = allJoined(spread.ByDay(), plain.ByDay())
	return nil
}

// allJoined joins the measures of each lead or day.
func allJoined(spread, plain []accuracy.Measures) []accuracy.Measures {
	for i := range spread {
		spread[i] = joined(spread[i], plain[i])
	}
	return spread
}

// ruleScores are the scores of a rule on one history. plain scores the value of the rule itself,
// spread its quantiles.
type ruleScores struct {
	spread, plain *accuracy.Scores
	losses        []Loss // by origin, see Baselines.Losses
}

// scoreRule scores one rule on one history at the origins of the model's losses.
func scoreRule(
	cfg *Config, r Rule, h *dataset.History, model []Loss, levels []float64,
) (ruleScores, error) {
	table, d := newResiduals(cfg, r, h, levels), denominators(h, cfg.From)
	spread, err := accuracy.NewScores(levels, cfg.Horizon, d)
	if err != nil {
		return ruleScores{}, err
	}
	plain, err := accuracy.NewScores(levels, cfg.Horizon, d)
	if err != nil {
		return ruleScores{}, err
	}
	losses := slices.Clone(model)
	quantiles, flat := make([]float32, len(levels)), make([]float32, len(levels))
	for at := range losses {
		origin := h.Cell(losses[at].Second) - 1
		if origin-int64(h.Len.Week) < h.Ring.First() {
			continue // the rule has no week of readings behind it
		}
		losses[at].Pinball = 0
		for k := 1; k <= cfg.Horizon; k++ {
			actual, ok := cfg.actual(h, origin+int64(k))
			if !ok {
				continue
			}
			value := float32(r.value(h, origin, k))
			for i, residual := range table.row(origin, k) {
				flat[i], quantiles[i] = value, value+residual
				losses[at].Pinball += pinballShare(levels, i, float64(actual), quantiles[i])
			}
			if err := spread.Add(k, float64(actual), quantiles); err != nil {
				return ruleScores{}, err
			}
			if err := plain.Add(k, float64(actual), flat); err != nil {
				return ruleScores{}, err
			}
		}
	}
	return ruleScores{spread, plain, losses}, nil
}

// joined takes the errors of the point forecast from plain, and the other measures from spread.
func joined(spread, plain accuracy.Measures) accuracy.Measures {
	spread.MAE, spread.WAPE, spread.NDP50 = plain.MAE, plain.WAPE, plain.NDP50
	spread.MASE, spread.MASE24 = plain.MASE, plain.MASE24
	return spread
}
