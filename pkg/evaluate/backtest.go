package evaluate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
)

// Config says which origins are scored: the first one is From, then one every
// Every intervals while its whole horizon starts before Until (Unix seconds).
type Config struct {
	From, Until int64
	Every       int
	Horizon     int // leads that are scored; 0 is all the model has
	Workers     int // goroutines that share the series; 0 is one
	// ExcludeFlagged leaves out actuals that cannot be true.
	ExcludeFlagged bool
	// Ahead is what is known ahead of the series; a model that reads covariates is
	// refused without it.
	Ahead *dataset.Covariates

	// Feed is what the model hears instead of the histories, which are then the
	// truth that it is scored against: the readings of each series as they came.
	// nil: the model hears the histories.
	Feed map[meter.ID][]Arrival

	// Progress is told how many hours of how many are streamed, from any goroutine
	// but one at a time; may be nil.
	Progress func(done, total int)
	// Each is given every forecast that is scored, one at a time, in the order of
	// time within a series; may be nil.
	Each func(engine.Forecast)
}

// Arrival is a reading as it came.
type Arrival struct {
	Second int64 // start of its interval, as it was stamped
	Value  float64
	Clock  int64 // start of the newest interval that was heard of when it came; never falls within a series
}

// Report is what a model is worth on a range of time, and what simple rules are
// worth on the same origins.
type Report struct {
	Forecasts int
	Rules     int // of those, made by a simple rule for want of readings
	Series    int
	Overall   accuracy.Measures
	ByLead    []accuracy.Measures // [horizon]
	PerSeries []SeriesReport      // in the order of the histories
	Baselines map[Rule]accuracy.Measures
	RuleLeads map[Rule][]accuracy.Measures // [horizon]
	Held      []float64                    // by level: the share of actuals at or below the quantile
	Losses    []Loss                       // by origin, in the order of time
	// NaiveLosses are those of the rule SeasonalNaiveDay at the same origins. A
	// series without a week behind it counts with the model's own loss, so that it
	// tells neither from the other.
	NaiveLosses []Loss
}

// SeriesReport is the report on one series.
type SeriesReport struct {
	Series    string
	Overall   accuracy.Measures
	Baselines map[Rule]accuracy.Measures
}

// SeasonalNaive is what the rule "same hour yesterday" is worth.
func (r Report) SeasonalNaive() accuracy.Measures { return r.Baselines[SeasonalNaiveDay] }

// Skill is the gain in pinball loss over the seasonal naive rule, 1 at best.
func (r Report) Skill() float64 { return skill(r.Overall, r.SeasonalNaive()) }

func skill(ours, theirs accuracy.Measures) float64 {
	if theirs.Pinball == 0 {
		return 0
	}
	return 1 - ours.Pinball/theirs.Pinball
}

// ErrNoOrigins says that the range holds no whole forecast of any series.
var ErrNoOrigins = errors.New("no origin in the test range has a whole horizon of readings behind it: widen the range or give later data")

// Backtest streams the histories through engines, in the order of time, and
// scores the forecasts at the chosen origins against the measured readings after
// them. Nothing is fitted on the way. The series are shared by the workers; the
// report does not depend on how. With a Feed the forecast that stands at an origin
// may be an older one: its leads are then counted from the origin, and those that
// it does not reach are not scored.
func Backtest(ctx context.Context, m *model.Model, histories []*dataset.History, cfg Config) (Report, error) {
	if cfg.Horizon <= 0 {
		cfg.Horizon = m.Spec.Horizon
	}
	if cfg.Horizon > m.Spec.Horizon {
		return Report{}, fmt.Errorf("horizon of %d intervals: the model forecasts %d", cfg.Horizon, m.Spec.Horizon)
	}
	b := &backtest{cfg: cfg, model: m, parts: shares(histories, max(cfg.Workers, 1))}
	for _, part := range b.parts {
		first, last := b.span(part)
		b.total += int(max(last-first, 0)/dataset.Interval) + 1
	}
	group, ctx := errgroup.WithContext(ctx)
	results := make([][]*seriesScores, len(b.parts))
	for i, part := range b.parts {
		group.Go(func() error {
			r, err := b.stream(ctx, part)
			results[i] = r
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Report{}, err
	}
	return b.report(slices.Concat(results...))
}

type backtest struct {
	cfg   Config
	model *model.Model
	parts [][]*dataset.History
	total int // hours

	mu   sync.Mutex // progress and Each
	done int        // hours
}

// shares cuts the histories into runs; the parts of one series stay together.
func shares(histories []*dataset.History, workers int) [][]*dataset.History {
	var parts [][]*dataset.History
	for start := 0; start < len(histories); {
		end := min(start+max((len(histories)+workers-1)/workers, 1), len(histories))
		for end < len(histories) && histories[end].ID == histories[end-1].ID {
			end++
		}
		parts = append(parts, histories[start:end])
		start = end
	}
	return parts
}

// seriesScores is what is gathered on one series.
type seriesScores struct {
	series string
	model  *accuracy.Scores
	rules  map[Rule]ruleScores
	losses []Loss
	naive  []Loss // of SeasonalNaiveDay, beside losses
	held   []int  // by level: actuals at or below the quantile
	count  int
	ruled  int // of them, made by a simple rule
}

// stream runs one share of the histories through an engine of its own, side by
// side so that the network steps many at once.
func (b *backtest) stream(ctx context.Context, histories []*dataset.History) ([]*seriesScores, error) {
	e := engine.New()
	if b.cfg.Ahead != nil {
		e.Foresee(b.cfg.Ahead.Of)
	}
	if err := e.SetModel(b.model); err != nil {
		return nil, err
	}
	gathered := make([]*seriesScores, len(histories))
	standing := make([]*engine.Forecast, len(histories)) // by message, the first history of a series
	first, last := b.span(histories)
	message := firstOfSeries(histories)
	hear := b.hearHistories(histories, message)
	if b.cfg.Feed != nil {
		hear = b.hearFeed(histories, message)
	}
	var batch []engine.Reading
	for second := first; second <= last; second += dataset.Interval {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if hour := (second-first)/dataset.Interval + 1; hour%progressHours == 0 {
			b.progress(progressHours)
		}
		batch = hear(batch[:0], second)
		if b.cfg.Feed == nil {
			clear(standing) // a reading that the engine refused has no forecast
		}
		for _, f := range e.Step(batch).Forecasts {
			standing[f.Message] = &f
		}
		for i, h := range histories {
			n := h.Cell(second)
			if f := standing[message[i]]; f != nil && b.isOrigin(h, n) && accepted(h, n) {
				if err := b.score(gathered, histories, i, n, f); err != nil {
					return nil, err
				}
			}
		}
	}
	b.progress(int((last-first)/dataset.Interval+1) % progressHours)
	return gathered, b.scoreRules(gathered, histories)
}

// accepted says whether a cell was measured.
func accepted(h *dataset.History, n int64) bool {
	if !h.Ring.Has(n) {
		return false
	}
	_, q := h.Raw.At(n)
	return q.Accepted()
}

// progressHours is how often progress is told.
const progressHours = 256

func (b *backtest) progress(hours int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done += hours
	if b.cfg.Progress != nil {
		b.cfg.Progress(b.done, b.total)
	}
}

// span is the second of the first reading and of the last one an origin can
// follow.
func (b *backtest) span(histories []*dataset.History) (first, last int64) {
	first, last = b.cfg.Until, b.cfg.From
	for _, h := range histories {
		first = min(first, h.Start(h.Ring.First()))
		last = max(last, h.Start(h.Ring.Newest))
	}
	return first, min(last, b.cfg.Until-int64(b.cfg.Horizon+1)*dataset.Interval)
}

// isOrigin says whether the forecast after cell n is scored.
func (b *backtest) isOrigin(h *dataset.History, n int64) bool {
	firstOrigin := h.Cell(b.cfg.From) - 1
	return n >= firstOrigin && (n-firstOrigin)%int64(max(b.cfg.Every, 1)) == 0 && n+int64(b.cfg.Horizon) <= h.Ring.Newest
}

// score compares the forecast that stands after a cell with what came after it.
func (b *backtest) score(gathered []*seriesScores, histories []*dataset.History, i int, n int64, f *engine.Forecast) error {
	h, s := histories[i], gathered[i]
	if s == nil {
		scores, err := accuracy.NewScores(f.Levels, b.cfg.Horizon, denominators(h, b.cfg.From))
		if err != nil {
			return err
		}
		s = &seriesScores{series: h.ID.String(), model: scores, held: make([]int, len(f.Levels))}
		gathered[i] = s
	}
	s.count++
	if f.Source != engine.SourceLSTM {
		s.ruled++
	}
	loss := Loss{Second: h.Start(n + 1)}
	old := int(n + 1 - h.Cell(f.Origin)) // intervals since the forecast's own origin
	for k := range b.cfg.Horizon {
		actual, ok := b.actual(h, n+1+int64(k))
		if at := k + old; !ok || at < 0 || at >= f.Horizon {
			continue
		}
		row := f.Quantiles[(k+old)*len(f.Levels):][:len(f.Levels)]
		if err := s.model.Add(k+1, float64(actual), row); err != nil {
			return fmt.Errorf("series %s: %w", f.Series, err)
		}
		for i := range f.Levels {
			if float32(actual) <= row[i] {
				s.held[i]++
			}
			loss.Pinball += pinballShare(f.Levels, i, float64(actual), row[i])
		}
		loss.Actual += max(float64(actual), -float64(actual))
	}
	s.losses = append(s.losses, loss)
	if b.cfg.Each != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.cfg.Each(*f)
	}
	return nil
}

// actual is what cell n is scored against; ok is false where there is nothing, or
// what cannot be true and is not to be scored.
func (b *backtest) actual(h *dataset.History, n int64) (value float32, ok bool) {
	value, q := h.Raw.At(n)
	if b.cfg.ExcludeFlagged {
		_, q = h.Ring.At(n)
	}
	return value, q.Accepted()
}

// denominators are the in-sample errors before the test.
func denominators(h *dataset.History, from int64) accuracy.Denominators {
	past := h.Values(int(max(h.Cell(from)-h.Ring.First(), 0)))
	return accuracy.Denominators{Week: accuracy.SeasonalNaiveMAE(past, weekCells), Day: accuracy.SeasonalNaiveMAE(past, dayCells)}
}

// scoreRules scores the simple rules at the origins of the model's forecasts.
func (b *backtest) scoreRules(gathered []*seriesScores, histories []*dataset.History) error {
	for i, h := range histories {
		if s := gathered[i]; s != nil {
			origins := make([]int64, len(s.losses))
			for k, l := range s.losses {
				origins[k] = h.Cell(l.Second) - 1
			}
			s.rules = map[Rule]ruleScores{}
			for _, r := range Rules() {
				scores, err := b.scoreRule(r, h, h.Cell(b.cfg.From), origins, b.cfg.Horizon, b.model.Spec.Levels, denominators(h, b.cfg.From))
				if err != nil {
					return fmt.Errorf("series %s: %s: %w", s.series, r, err)
				}
				s.rules[r] = scores
			}
			s.naive = slices.Clone(s.losses)
			for k, pinball := range s.rules[SeasonalNaiveDay].pinball {
				if !math.IsNaN(pinball) {
					s.naive[k].Pinball = pinball
				}
			}
		}
	}
	return nil
}
