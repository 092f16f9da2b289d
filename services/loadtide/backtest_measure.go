package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/model/base"
	"github.com/loadtide/loadtide/pkg/series"
)

// backtest is one run of the command: its data and the origins that are scored.
type backtest struct {
	cmd   *backtestCmd
	show  *screen
	model *model.Model // whose interval the histories have

	histories []*dataset.History              // what forecasts are scored against
	feed      map[meter.ID][]evaluate.Arrival // what the model reads; nil: the histories
	cost      *evaluate.FaultCost             // nil without --truth-column
	config    evaluate.Config
}

// load reads the files of the command.
func (b *backtest) load(ctx context.Context) (err error) {
	if b.cmd.TruthColumn != "" {
		return b.loadFaulty(ctx)
	}
	b.histories, err = loadHistories(ctx, b.show, b.cmd.Data, &b.cmd.CSV, &b.cmd.Marks,
		b.model)
	return err
}

// results are all that a backtest prints.
type results struct {
	*measured
	cost       *evaluate.FaultCost  // nil without --truth-column
	fair       *measured            // without flagged actuals; nil without --exclude-flagged
	comparison *evaluate.Comparison // with another model; nil without --compare
}

// results measures the model in every way that the flags ask for.
func (b *backtest) results(ctx context.Context, m *model.Model) (r results, err error) {
	name, cfg := b.cmd.Model, b.config
	if err := b.fit(name, m); err != nil {
		return r, err
	}
	cfg.Feed = b.feed
	if r.measured, err = b.measure(ctx, m, cfg); err != nil {
		return r, err
	}
	if err := r.scoreRules(ctx); err != nil {
		return r, err
	}
	if r.cost = b.cost; r.cost != nil {
		clean, err := b.measure(ctx, m, b.config)
		if err != nil {
			return r, err
		}
		r.cost.Compare(clean.report.Overall, r.report.Overall)
	}
	if b.cmd.ExcludeFlagged {
		fair := cfg
		fair.ExcludeFlagged = true
		if r.fair, err = b.measure(ctx, m, fair); err != nil {
			return r, err
		}
		if err := r.fair.scoreRules(ctx); err != nil {
			return r, err
		}
	}
	if b.cmd.Compare != "" {
		r.comparison, err = b.compare(ctx, r.measured)
	}
	return r, err
}

// fit checks that the covariates are those that a model needs.
func (b *backtest) fit(name string, m *model.Model) error {
	return b.cmd.Ahead.fit(b.show, name, m, b.config.Ahead, b.histories, b.config.Until)
}

// compare compares a measured model with the other model that the flags name.
func (b *backtest) compare(ctx context.Context, ours *measured) (*evaluate.Comparison, error) {
	name := b.cmd.Compare
	if name == base.Version {
		name = "load-" + b.model.Spec.Interval + "@" + base.Version
	}
	m, err := b.cmd.open(ctx, name)
	if err != nil {
		return nil, err
	}
	if m.Spec.Interval != b.model.Spec.Interval {
		return nil, usageError(
			fmt.Sprintf(
				"--compare %s forecasts %s, and --model %s",
				b.cmd.Compare,
				m.Spec.Interval,
				b.model.Spec.Interval,
			),
			"compare models of one interval",
		)
	}
	if err := b.fit(b.cmd.Compare, m); err != nil {
		return nil, err
	}
	shared := ours.config
	shared.Horizon = min(shared.Horizon, m.Spec.Horizon)
	shared.Levels = evaluate.CommonLevels(b.model.Spec.Levels, m.Spec.Levels)
	if shared.Horizon < ours.config.Horizon || len(shared.Levels) < len(b.model.Spec.Levels) {
		b.show.line("comparing %d leads at the levels %v, which both models have", shared.Horizon,
			shared.Levels)
		if ours, err = b.measure(ctx, b.model, shared); err != nil {
			return nil, err
		}
	}
	theirs, err := b.measure(ctx, m, shared)
	if err != nil {
		return nil, err
	}
	c, err := evaluate.Compare(ours.report.Losses, theirs.report.Losses)
	return &c, err
}

// measured is a model with its scores.
type measured struct {
	model     *model.Model
	histories []*dataset.History
	config    evaluate.Config
	report    evaluate.Report
	baselines evaluate.Baselines // empty until scoreRules
	took      time.Duration
}

// measure scores a model at the origins of cfg.
func (b *backtest) measure(
	ctx context.Context, m *model.Model, cfg evaluate.Config,
) (*measured, error) {
	began := time.Now()
	var pace eta
	cfg.Progress = func(done, total int) {
		b.show.bar(done, total, "hours",
			pace.left(done, total))
	}
	report, err := evaluate.Backtest(ctx, m, b.histories, cfg)
	b.show.barDone()
	if errors.Is(err, evaluate.ErrNoOrigins) {
		err = testRangeError("give longer data, or an earlier --test-from",
			"nothing can be scored from %s until %s: a forecast needs a reading before its "+
				"origin and readings over %s after it",
			stamp(cfg.From), stamp(cfg.Until), stepWords(time.Duration(cfg.Horizon)*m.Spec.Step()))
	}
	if err != nil {
		return nil, err
	}
	if report.ByRules > 0 {
		b.show.line(
			"warn: %d of %d forecasts are those of a simple rule, for their series had "+
				"less than the %d readings that the network needs",
			report.ByRules,
			report.Forecasts,
			series.LengthsOf(int64(m.Spec.Step()/time.Second)).Scale,
		)
	}
	return &measured{model: m, histories: b.histories, config: cfg, report: report,
		took: time.Since(began)}, nil
}

// scoreRules scores the simple rules at the same origins.
func (m *measured) scoreRules(ctx context.Context) (err error) {
	m.baselines, err = evaluate.ScoreRules(ctx, m.report, m.histories, m.config)
	return err
}

// skill is the gain of the model over the rule "same hour yesterday".
func (m *measured) skill() float64 {
	return evaluate.Skill(m.report.Overall, m.baselines.SeasonalNaive())
}
