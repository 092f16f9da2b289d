package cycle

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/train"
)

// served is what is seen of the forecasts that a model would publish.
type served struct {
	forecasts int
	infinite  int // forecasts with a quantile that is no number, or that were replaced for one
	unordered int // forecasts with quantiles out of order
	wild      int // forecasts with a quantile beyond wildTimes the largest reading
	// ratio is the mean size of the medians over that of the readings, of the
	// middle series; 1 where no series has readings other than 0.
	ratio float64
}

func (s served) wildShare() float64 { return float64(s.wild) / float64(max(s.forecasts, 1)) }

// watch gathers served while a model is judged.
type watch struct {
	served
	of     map[meter.ID][]*dataset.History
	sizes  map[meter.ID]*size
	median int
}

type size struct{ forecast, actual, largest float64 }

func newWatch(histories []*dataset.History, levels []float64) *watch {
	w := &watch{of: map[meter.ID][]*dataset.History{}, sizes: map[meter.ID]*size{}, median: slices.Index(levels, 0.5)}
	for _, h := range histories {
		s := w.sizes[h.ID]
		if s == nil {
			s = &size{}
			w.sizes[h.ID] = s
		}
		w.of[h.ID] = append(w.of[h.ID], h)
		for i, v := range h.Ring.Values {
			if h.Ring.Quality.At(i).Accepted() {
				s.largest = max(s.largest, math.Abs(float64(v)))
			}
		}
	}
	return w
}

// see takes one forecast.
func (w *watch) see(f engine.Forecast) {
	w.forecasts++
	s, levels := w.sizes[f.Series], len(f.Levels)
	infinite, unordered, wild := f.Replaced != "", false, false
	for i, q := range f.Quantiles {
		v := float64(q)
		infinite = infinite || !meter.Finite(v)
		unordered = unordered || i%levels > 0 && !(q >= f.Quantiles[i-1])
		wild = wild || s.largest > 0 && math.Abs(v) > wildTimes*s.largest
	}
	for _, count := range []struct {
		is bool
		of *int
	}{{infinite, &w.infinite}, {unordered, &w.unordered}, {wild, &w.wild}} {
		if count.is {
			*count.of++
		}
	}
	for _, h := range w.of[f.Series] {
		origin := h.Cell(f.Origin)
		for k := range f.Horizon {
			if n := origin + int64(k); h.Ring.Has(n) {
				if v, q := h.Ring.At(n); q.Accepted() {
					s.actual += math.Abs(float64(v))
					s.forecast += math.Abs(float64(f.Quantiles[k*levels+w.median]))
				}
			}
		}
	}
}

// done is all that was seen.
func (w *watch) done() served {
	var ratios []float64
	for _, s := range w.sizes {
		if s.actual > 0 {
			ratios = append(ratios, s.forecast/s.actual)
		}
	}
	w.ratio = 1
	if slices.Sort(ratios); len(ratios) > 0 {
		w.ratio = ratios[len(ratios)/2]
	}
	return w.served
}

// agreement runs a batch of real windows through the layers that serve and through
// the training graph in float64. difference is the largest one between them, relative
// to the largest value that a quantile is made from: an idle meter's reading is a
// million of its scales, and float32 has seven digits. crossed is the share of leads
// whose quantiles are out of order before they are sorted.
func agreement(m *model.Model, r train.Result, b *dataset.Batch) (difference, crossed float64, err error) {
	shape := m.Spec.Shape()
	want, err := train.Outputs(train.Config{Shape: shape, Levels: m.Spec.Levels}, train.Params{LSTM: r.LSTM, Head: r.Head}, b)
	if err != nil {
		return 0, 0, fmt.Errorf("hold serving against training: %w", err)
	}
	got, sizes := outputs(m, b), inputSizes(shape, b)
	leads, out := 0, 0
	for i, v := range got {
		d := math.Abs(float64(v)-want[i]) / max(sizes[i/shape.Outputs()], math.Abs(want[i]))
		if !(d <= difference) { // NaN stays
			difference = d
		}
		if math.IsNaN(d) {
			return math.NaN(), 0, nil
		}
		if i%shape.Levels == 0 {
			leads++
			if !slices.IsSorted(got[i : i+shape.Levels]) {
				out++
			}
		}
	}
	return difference, float64(out) / float64(max(leads, 1)), nil
}

// inputSizes is the largest value that each row [S*B] of a batch reads, at least 1.
func inputSizes(s nn.Shape, b *dataset.Batch) []float64 {
	largest := func(from float64, x []float32) float64 {
		for _, v := range x {
			from = max(from, math.Abs(float64(v)))
		}
		return from
	}
	sizes := make([]float64, b.S*b.B)
	for w := range b.B {
		sequence := 1.
		for t := range b.T {
			sequence = largest(sequence, b.X[(t*b.B+w)*s.Inputs:][:s.Inputs])
		}
		for k := range b.S {
			row, lead := k*b.B+w, s.Horizon*s.LeadFeatures
			sizes[row] = largest(largest(sequence, b.Current[row*s.Current:][:s.Current]), b.Lead[row*lead:][:lead])
		}
	}
	return sizes
}

// outputs are what the layers that serve make of a batch, [S*B][Horizon*Levels],
// not sorted.
func outputs(m *model.Model, b *dataset.Batch) []float32 {
	s := m.Spec.Shape()
	ws := nn.NewWorkspace(s, b.B)
	h, c := make([]float32, b.B*s.Hidden), make([]float32, b.B*s.Hidden)
	out := make([]float32, b.S*b.B*s.Outputs())
	for t, k := 0, 0; k < b.S; t++ {
		m.LSTM.Step(ws, b.X[t*b.B*s.Inputs:(t+1)*b.B*s.Inputs], h, c, b.B)
		if b.Positions[k] != t {
			continue
		}
		row, end, lead := k*b.B, (k+1)*b.B, s.Horizon*s.LeadFeatures
		m.Head.Forward(ws, out[row*s.Outputs():end*s.Outputs()], h, b.Current[row*s.Current:end*s.Current], b.Lead[row*lead:end*lead], b.B)
		k++
	}
	return out
}

// evidence judges the new model on later time, which is the report, and holds the
// layers that serve against the training graph.
func (c *Cycle) evidence(ctx context.Context, f fitted, histories []*dataset.History, cut dataset.Cut, out *Outcome) (evidence, error) {
	seen := newWatch(histories, f.spec.Levels)
	report, err := c.judge(ctx, draft(f.spec, f.judged), histories, cut, f.spec.Horizon, seen.see)
	if err != nil {
		return evidence{}, err
	}
	baselines, err := evaluate.ScoreRules(ctx, report, histories, c.judgement(cut))
	if err != nil {
		return evidence{}, err
	}
	out.Report, out.Baselines = report, baselines
	e := evidence{served: seen.done(), ours: report.Losses, naive: baselines.Losses}
	e.difference, e.crossed, err = agreement(draft(f.spec, f.result), f.result, f.sample)
	return e, err
}

// rivals is how often a model is judged anew because the champion was changed
// meanwhile.
const rivals = 3

// rival is the champion, judged on the same origins as the new model; nil when
// there is none.
func (c *Cycle) rival(ctx context.Context, f fitted, report evaluate.Report, histories []*dataset.History, cut dataset.Cut) (*rival, error) {
	champion, err := c.champion(ctx)
	for range rivals {
		var r *rival
		if err == nil && champion != nil {
			r, err = c.against(ctx, *champion, draft(f.spec, f.judged), report, histories, cut)
		}
		if err != nil {
			return nil, err
		}
		before := champion
		if champion, err = c.champion(ctx); err == nil && sameVersion(before, champion) {
			return r, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("the champion was changed %d times while the new model was judged: train again when that has ended", rivals)
}

func sameVersion(a, b *registry.Version) bool {
	return a == b || a != nil && b != nil && a.Version == b.Version && a.Digest == b.Digest
}

// against judges the champion.
func (c *Cycle) against(ctx context.Context, champion registry.Version, ours *model.Model, report evaluate.Report, histories []*dataset.History, cut dataset.Cut) (*rival, error) {
	r := &rival{version: champion.Version, ours: report.Losses}
	dir, err := c.fetch(ctx, champion)
	if err != nil {
		return nil, err
	}
	theirs, err := model.Load(dir)
	if err != nil {
		r.fault, r.broken = fmt.Sprintf("cannot be read: %v", err), true
		return r, nil
	}
	if !slices.Equal(theirs.Spec.Levels, ours.Spec.Levels) {
		r.fault = fmt.Sprintf("has the levels %v, this one %v, and their losses cannot be compared: loadtide models promote puts this one in force", theirs.Spec.Levels, ours.Spec.Levels)
		return r, nil
	}
	// A shorter horizon is what both are judged on.
	leads := min(theirs.Spec.Horizon, ours.Spec.Horizon)
	if leads < ours.Spec.Horizon {
		if report, err = c.judge(ctx, ours, histories, cut, leads, nil); err != nil {
			return nil, err
		}
		r.ours = report.Losses
	}
	if report, err = c.judge(ctx, theirs, histories, cut, leads, nil); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		r.fault = fmt.Sprintf("cannot be measured on these readings: %v; loadtide models promote changes over by hand", err)
		return r, nil
	}
	r.losses = report.Losses
	return r, nil
}

// champion is the version that serves, nil before the first.
func (c *Cycle) champion(ctx context.Context) (*registry.Version, error) {
	var v registry.Version
	err := c.insist(ctx, func() (err error) {
		v, err = c.Registry.ByAlias(ctx, c.Config.Model, registry.Champion)
		return err
	})
	if errors.Is(err, registry.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &v, nil
}

func (c *Cycle) fetch(ctx context.Context, v registry.Version) (dir string, err error) {
	err = c.insist(ctx, func() (err error) {
		dir, err = c.Registry.Fetch(ctx, v)
		return err
	})
	return dir, err
}
