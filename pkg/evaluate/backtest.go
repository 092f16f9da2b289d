package evaluate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
)

// ErrNoOrigins says that the range holds no whole forecast of any series.
var ErrNoOrigins = errors.New("no origin in the test range has a whole horizon of readings " +
	"behind it: widen the range or give later data")

// Backtest streams the histories through engines, in the order of time, and scores the forecasts at
// the chosen origins against the readings after them. Backtest fits nothing. Workers share the
// series; the report is the same for any number of workers.
//
// With a Feed, the forecast in force at an origin may be an older one. Its leads are then counted
// from the origin, and leads that the forecast does not reach are not scored.
//
// The error is ErrNoOrigins when nothing can be scored.
func Backtest(
	ctx context.Context, m *model.Model, histories []*dataset.History, cfg Config,
) (Report, error) {
	if cfg.Horizon <= 0 {
		cfg.Horizon = m.Spec.Horizon
	}
	if cfg.Horizon > m.Spec.Horizon {
		return Report{}, fmt.Errorf("horizon of %d intervals: the model forecasts %d", cfg.Horizon,
			m.Spec.Horizon)
	}
	if cfg.Levels == nil {
		cfg.Levels = m.Spec.Levels
	}
	columns, err := columnsOf(m.Spec.Levels, cfg.Levels)
	if err != nil {
		return Report{}, err
	}
	interval := int64(m.Spec.Step() / time.Second)
	for _, h := range histories {
		if h.Len.Interval != interval {
			return Report{}, fmt.Errorf(
				"history of %s has intervals of %d s: the model forecasts %s; build the histories at "+
					"the model's interval",
				h.ID, h.Len.Interval, m.Spec.Interval,
			)
		}
	}
	b := &backtest{cfg: cfg, model: m, interval: interval, columns: columns}
	parts := shares(histories, max(cfg.Workers, 1))
	for _, part := range parts {
		first, last := b.span(part)
		b.total += int(max(last-first, 0)/interval) + 1
	}
	group, ctx := errgroup.WithContext(ctx)
	results := make([][]*tally, len(parts))
	for i, part := range parts {
		group.Go(func() (err error) {
			results[i], err = b.stream(ctx, part)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Report{}, err
	}
	return newReport(cfg.Levels, cfg.Horizon, int(meter.DaySeconds/interval), slices.Concat(results...))
}

type backtest struct {
	cfg      Config
	model    *model.Model
	interval int64 // seconds
	columns  []int // of the levels that are scored
	total    int   // intervals

	mu   sync.Mutex // guards done, and the calls of Progress and Each
	done int        // intervals
}

// shares cuts the histories into runs of about the same length. All histories of a series are in
// one run.
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

// stream runs one share of the histories through an engine of its own, interval by interval, so
// that the network steps many series at once. It returns a tally for each history.
func (b *backtest) stream(ctx context.Context, histories []*dataset.History) ([]*tally, error) {
	e, err := engineOf(b.model, b.cfg.Ahead)
	if err != nil {
		return nil, err
	}
	tallies := make([]*tally, len(histories))
	for i, h := range histories {
		tallies[i] = &tally{cfg: &b.cfg, history: h, columns: b.columns}
	}
	// A message is the index of the first history of a series.
	message := firstOfSeries(histories)
	inForce := make([]*engine.Forecast, len(histories)) // by message
	read := b.readHistories(e, histories, message)
	if b.cfg.Feed != nil {
		read = b.readFeed(histories, message)
	}
	first, last := b.span(histories)
	var batch []engine.Reading
	for second := first; second <= last; second += b.interval {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if n := (second-first)/b.interval + 1; n%progressEvery == 0 {
			b.progress(progressEvery)
		}
		batch = read(batch[:0], second)
		if b.cfg.Feed == nil {
			clear(inForce) // a reading that the engine refused has no forecast
		}
		for _, f := range e.Step(batch).Forecasts {
			inForce[f.Message] = &f
		}
		for i, h := range histories {
			n, f := h.Cell(second), inForce[message[i]]
			if f == nil || !b.cfg.isOrigin(h, n) || !accepted(h, n) {
				continue
			}
			if err := b.score(tallies[i], n, f); err != nil {
				return nil, err
			}
		}
	}
	b.progress(int((last-first)/b.interval+1) % progressEvery)
	return tallies, nil
}

// accepted reports whether a cell was measured.
func accepted(h *dataset.History, n int64) bool {
	if !h.Ring.Has(n) {
		return false
	}
	_, q := h.Raw.At(n)
	return q.Accepted()
}

// progressEvery is the number of intervals between two calls of Progress.
const progressEvery = 256

func (b *backtest) progress(intervals int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done += intervals
	if b.cfg.Progress != nil {
		hours := func(n int) int { return int(int64(n) * b.interval / meter.HourSeconds) }
		b.cfg.Progress(hours(b.done), hours(b.total))
	}
}

// span is the second of the first reading and of the last reading that an origin can follow.
func (b *backtest) span(histories []*dataset.History) (first, last int64) {
	first, last = b.cfg.Until, b.cfg.From
	for _, h := range histories {
		first = min(first, h.Start(h.Ring.First()))
		last = max(last, h.Start(h.Ring.Newest))
	}
	return first, min(last, b.cfg.Until-int64(b.cfg.Horizon+1)*b.interval)
}

// score scores the forecast in force after cell n of a history.
func (b *backtest) score(t *tally, n int64, f *engine.Forecast) error {
	if err := t.add(n, f); err != nil {
		return fmt.Errorf("series %s: %w", f.Series, err)
	}
	if b.cfg.Each != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.cfg.Each(*f)
	}
	return nil
}
