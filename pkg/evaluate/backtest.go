package evaluate

import (
	"context"
	"errors"
	"fmt"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/series"
)

// Config says which origins are scored: the first one is From, then one every
// Every intervals while its whole horizon starts before Until (Unix seconds).
type Config struct {
	From, Until int64
	Every       int
}

// Report is what a model is worth on a range of time, and what the seasonal
// naive rule is worth on the same origins.
type Report struct {
	Forecasts     int
	Series        int
	Overall       accuracy.Measures
	ByLead        []accuracy.Measures // [horizon]
	SeasonalNaive accuracy.Measures
}

// Skill is the gain in pinball loss over the seasonal naive rule, 1 at best.
func (r Report) Skill() float64 {
	if r.SeasonalNaive.Pinball == 0 {
		return 0
	}
	return 1 - r.Overall.Pinball/r.SeasonalNaive.Pinball
}

// ErrNoOrigins says that the range holds no whole forecast of any series.
var ErrNoOrigins = errors.New("no origin in the test range has a whole horizon of readings behind it: widen the range or give later data")

// Backtest streams the histories through the engine, in the order of time and
// all series side by side, and scores the forecasts at the chosen origins
// against the measured readings after them. Nothing is fitted on the way.
func Backtest(ctx context.Context, m *model.Model, histories []*dataset.History, cfg Config) (Report, error) {
	served, rules := engine.New(), engine.New()
	if err := served.SetModel(m); err != nil {
		return Report{}, err
	}
	run := &backtest{cfg: cfg, horizon: m.Spec.Horizon, histories: histories}
	if run.horizon != engine.NaiveHorizon {
		return Report{}, fmt.Errorf("model %s: horizon of %d intervals, the seasonal naive rule beside it has %d", m.Spec.Name, run.horizon, engine.NaiveHorizon)
	}
	ours, err := run.stream(ctx, served, m.Spec.Levels)
	if err != nil {
		return Report{}, err
	}
	naive, err := run.stream(ctx, rules, engine.NaiveLevels())
	if err != nil {
		return Report{}, err
	}
	if run.forecasts == 0 {
		return Report{}, ErrNoOrigins
	}
	report := Report{Forecasts: run.forecasts / 2, Series: ours.series, Overall: ours.total.Overall(), SeasonalNaive: naive.total.Overall()}
	for k := 1; k <= run.horizon; k++ {
		report.ByLead = append(report.ByLead, ours.total.Lead(k))
	}
	return report, nil
}

type backtest struct {
	cfg       Config
	horizon   int
	histories []*dataset.History
	forecasts int
}

// scoreboard holds the scores by series, and in the order in which they began,
// so that sums are the same in every run.
type scoreboard struct {
	of    map[series.ID]*accuracy.Scores
	order []*accuracy.Scores
}

type outcome struct {
	total  *accuracy.Total
	series int
}

// stream feeds one engine and scores it.
func (b *backtest) stream(ctx context.Context, e *engine.Engine, levels []float64) (outcome, error) {
	scores := &scoreboard{of: map[series.ID]*accuracy.Scores{}}
	first, last := b.span()
	var batch []engine.Reading
	for second := first; second <= last; second += dataset.Interval {
		if err := ctx.Err(); err != nil {
			return outcome{}, err
		}
		batch = batch[:0]
		for i, h := range b.histories {
			n := h.Cell(second)
			if !h.Ring.Has(n) {
				continue
			}
			value, q := h.Ring.At(n)
			if !q.Accepted() {
				continue
			}
			batch = append(batch, engine.Reading{
				Series: h.ID, Second: h.Start(n), Value: float64(value), Unit: h.Unit, Quality: q, Message: i, History: !b.isOrigin(h, n),
			})
		}
		for _, f := range e.Step(batch).Forecasts {
			if err := b.score(scores, &f, levels); err != nil {
				return outcome{}, err
			}
		}
	}
	total, err := accuracy.NewTotal(levels, b.horizon)
	if err != nil {
		return outcome{}, err
	}
	for _, s := range scores.order {
		if err := total.AddSeries(s); err != nil {
			return outcome{}, err
		}
	}
	return outcome{total: total, series: len(scores.order)}, nil
}

// span is the second of the first reading and of the last one an origin can
// follow.
func (b *backtest) span() (first, last int64) {
	first, last = b.cfg.Until, b.cfg.From
	for _, h := range b.histories {
		first = min(first, h.Start(h.Ring.First()))
		last = max(last, h.Start(h.Ring.Newest))
	}
	return first, min(last, b.cfg.Until-int64(b.horizon+1)*dataset.Interval)
}

// isOrigin says whether the forecast after cell n is scored.
func (b *backtest) isOrigin(h *dataset.History, n int64) bool {
	firstOrigin := h.Cell(b.cfg.From) - 1
	return n >= firstOrigin && (n-firstOrigin)%int64(b.cfg.Every) == 0 && n+int64(b.horizon) <= h.Ring.Newest
}

// score compares one forecast with the readings that came after it.
func (b *backtest) score(scores *scoreboard, f *engine.Forecast, levels []float64) error {
	h := b.histories[f.Message]
	s, ok := scores.of[f.Series]
	if !ok {
		past := int(max(h.Cell(b.cfg.From)-h.Ring.First(), 0))
		values := h.Values(past)
		var err error
		s, err = accuracy.NewScores(levels, b.horizon, accuracy.Denominators{
			Week: accuracy.SeasonalNaiveMAE(values, 7*86400/dataset.Interval), Day: accuracy.SeasonalNaiveMAE(values, 86400/dataset.Interval),
		})
		if err != nil {
			return err
		}
		scores.of[f.Series] = s
		scores.order = append(scores.order, s)
	}
	b.forecasts++
	origin := h.Cell(f.Origin)
	for k := range b.horizon {
		actual, q := h.Ring.At(origin + int64(k))
		if !q.Accepted() {
			continue
		}
		if err := s.Add(k+1, float64(actual), f.Quantiles[k*len(levels):][:len(levels)]); err != nil {
			return fmt.Errorf("series %s: %w", f.Series, err)
		}
	}
	return nil
}
