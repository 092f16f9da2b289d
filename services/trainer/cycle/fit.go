package cycle

import (
	"context"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/pkg/train"
)

const (
	// yearly is the training range, in seconds, from which the day of the year
	// is worth a feature.
	yearly = 8700 * meter.IntervalSeconds
	// leastRefit is the fewest iterations of the last fit.
	leastRefit = 50
	// sampleStage sets the windows that the gate looks at apart from those of the
	// fits.
	sampleStage = 3
	// warmRate is the share of the learning rate that weights are trained on with:
	// the full one would first undo what they know.
	warmRate = 0.25
)

// fitted is what came of a fit.
type fitted struct {
	spec   model.Spec
	result train.Result
	// judged is the network that is scored: the one that ships, or where it was
	// fitted on the very range that judges it, the one before the last fit.
	judged train.Result
	sample *dataset.Batch // windows of the training range
	start  string         // what it started from, in words
	curve  []train.Point  // the looks at the loss of the fit that chose
}

// fit finds the weights: one fit on the training range, or the choice of scale
// and iterations on the validation range and a last fit on both.
func (c *Cycle) fit(ctx context.Context, histories []*dataset.History, cut dataset.Cut) (fitted, error) {
	layout := series.DefaultLayout(cut.TrainUntil-cut.First > yearly)
	if c.Config.Country != "" {
		layout = layout.WithHolidays()
	}
	place, err := series.NewPlace(c.Config.Zone, c.Config.Country)
	if err != nil {
		return fitted{}, err
	}
	covariates, err := c.Ahead.Standardised(cut.TrainUntil)
	if err != nil {
		return fitted{}, err
	}
	layout = layout.WithCovariates(covariates)
	f := fitting{Cycle: c, layout: layout.At(place), cut: cut}
	curves := curvesOf(histories, cut.TrainUntil)
	if !c.Config.Choose {
		curves = curves[:1]
	}
	if f.warm, err = c.warm(ctx, layout, curves); err != nil {
		return fitted{}, err
	}
	if f.warm.params != nil {
		curves = []series.Curve{f.warm.curve}
	}
	best, err := f.best(ctx, histories, layout, curves)
	if err != nil {
		return fitted{}, err
	}
	spec := c.spec(layout, cut, best.curve)
	out := fitted{spec: spec, result: best.result, judged: best.result, start: f.warm.words, curve: best.result.Losses}
	if c.Config.Choose {
		f.done = len(curves) * c.Config.Iterations
		if out.result, err = f.last(ctx, bent(histories, best.curve), spec, max(best.result.Best, leastRefit)); err != nil {
			return fitted{}, err
		}
		if cut.TestUntil > cut.TestFrom {
			out.judged = out.result
		}
	}
	windows, err := f.sampler(bent(histories, best.curve), cut.First, cut.TrainUntil, sampleStage)
	if err != nil {
		return fitted{}, err
	}
	out.sample = windows.Batches(1)[0]
	return out, nil
}

// candidate is a network fitted on the training range under one scale.
type candidate struct {
	curve  series.Curve
	result train.Result
	wql    float64 // on the validation range, where there is a choice
}

// best fits a candidate for each curve and takes the one that does better on the
// validation range.
func (f *fitting) best(ctx context.Context, histories []*dataset.History, layout series.Layout, curves []series.Curve) (candidate, error) {
	f.total = len(curves) * f.Config.Iterations
	if f.Config.Choose {
		f.total += f.Config.Iterations
	}
	var best candidate
	for i, curve := range curves {
		f.done = i * f.Config.Iterations
		spec := f.spec(layout, f.cut, curve)
		result, err := f.choosing(ctx, bent(histories, curve), spec)
		if err != nil || len(curves) == 1 {
			return candidate{curve: curve, result: result}, err
		}
		report, err := evaluate.Backtest(ctx, draft(spec, result), histories, evaluate.Config{From: f.cut.TrainUntil, Until: f.cut.ValidUntil, Every: judgeEvery, Workers: f.Config.Workers, Ahead: f.Ahead, ExcludeFlagged: true})
		if err != nil {
			return candidate{}, fmt.Errorf("validation range: %w", err)
		}
		if wql := report.Overall.Pinball; i == 0 || wql < best.wql {
			best = candidate{curve, result, wql}
		}
	}
	return best, nil
}

// negativeShare of the readings below zero makes a load a signed one.
const negativeShare = 0.01

// curvesOf are the scales worth a try. Asinh is for loads that are skewed to one
// side; where a load changes sign it spreads what lies around zero, and a short
// validation range may like that by chance.
func curvesOf(histories []*dataset.History, until int64) []series.Curve {
	var negative, all int
	for _, h := range histories {
		for _, v := range h.Values(int(min(max(h.Cell(until)-h.Ring.First(), 0), int64(len(h.Ring.Values))))) {
			all++
			if v < 0 {
				negative++
			}
		}
	}
	if float64(negative) > negativeShare*float64(all) {
		return []series.Curve{series.Plain}
	}
	return []series.Curve{series.Plain, series.Asinh}
}

// fitting is the fit of one cycle under way.
type fitting struct {
	*Cycle
	layout      series.Layout
	cut         dataset.Cut
	warm        warmStart
	done, total int // iterations of the stages before, and of all
}

// choosing fits on the training range and stops where the validation range no
// longer gains.
func (f *fitting) choosing(ctx context.Context, histories []*dataset.History, spec model.Spec) (train.Result, error) {
	fit, err := f.sampler(histories, f.cut.First, f.cut.TrainUntil, 0)
	if err != nil {
		return train.Result{}, fmt.Errorf("training range: %w", err)
	}
	valid, err := f.sampler(histories, f.cut.TrainUntil, f.cut.ValidUntil, 1)
	if err != nil {
		return train.Result{}, fmt.Errorf("validation range: %w", err)
	}
	return f.train(ctx, fit, valid.Batches(validBatches), spec, f.Config.Iterations)
}

// last fits on all before the test, for as long as was found good.
func (f *fitting) last(ctx context.Context, histories []*dataset.History, spec model.Spec, iterations int) (train.Result, error) {
	fit, err := f.sampler(histories, f.cut.First, f.cut.ValidUntil, 2)
	if err != nil {
		return train.Result{}, err
	}
	f.total = f.done + iterations
	return f.train(ctx, fit, nil, spec, iterations)
}

// sampler draws windows whose loss lies in a range. In a short range they are
// shorter: half of the hours that may bear loss are left to choose where a window
// starts, but for the range that only judges.
func (f *fitting) sampler(histories []*dataset.History, from, until int64, stage uint64) (*dataset.Sampler, error) {
	c := f.Config
	lossHours := (until-from)/meter.IntervalSeconds - horizon
	if from == f.cut.First {
		lossHours = (lossHours - series.ScalerCells) / 2
	}
	steps, positions := c.window(lossHours)
	if positions < 1 {
		return nil, dataset.ErrNoWindows
	}
	windows := dataset.WindowConfig{Layout: f.layout, Ahead: f.Ahead, Horizon: horizon, Steps: steps, BurnIn: c.BurnIn, Positions: positions, Batch: c.Batch}
	return dataset.NewSampler(windows, histories, from, until, c.Seed+stage)
}

func (f *fitting) train(ctx context.Context, source train.Source, valid []*dataset.Batch, spec model.Spec, iterations int) (train.Result, error) {
	cfg := train.DefaultConfig()
	cfg.Shape, cfg.Levels = spec.Shape(), spec.Levels
	cfg.Iterations, cfg.Seed, cfg.Workers = iterations, f.Config.Seed, f.Config.Workers
	if f.Config.Choose {
		// The rate of one cycle is high for most of it: the validation loss falls
		// at the end, and whoever stops before has not seen what the cycle gives.
		// Where it rises instead, the last fit is as long as was best.
		cfg.Patience = 0
	}
	if f.warm.params != nil {
		cfg.Initial = f.warm.params
		cfg.LearningRate *= warmRate
	}
	return train.Fit(ctx, cfg, source, valid, func(p train.Progress) {
		p.Iteration += f.done
		p.Iterations = f.total
		f.run.progress(p)
		if f.Progress != nil {
			f.Progress(p)
		}
	})
}

func (c *Cycle) spec(layout series.Layout, cut dataset.Cut, curve series.Curve) model.Spec {
	name, scale := c.Config.Model, model.ScalePlain
	if name == "" {
		name = "load-1h"
	}
	if curve == series.Asinh {
		scale = model.ScaleAsinh
	}
	var covariates []model.Covariate
	for _, known := range layout.Covariates() {
		covariates = append(covariates, model.Covariate(known))
	}
	return model.Spec{
		Schema: model.SpecSchema, Name: name, Interval: "1h", Hidden: c.Config.Hidden, Width: width, Horizon: horizon, Levels: levels(),
		Inputs: layout.InputNames(), LeadFeatures: layout.LeadNames(), CurrentFeatures: layout.CurrentNames(), Scale: scale,
		Zone: c.Config.Zone, Country: c.Config.Country, Covariates: covariates,
		TrainedFrom: time.Unix(cut.First, 0).UTC(), TrainedUntil: time.Unix(cut.ValidUntil, 0).UTC(), Seed: c.Config.Seed,
	}
}

func bent(histories []*dataset.History, curve series.Curve) []*dataset.History {
	all := make([]*dataset.History, len(histories))
	for i, h := range histories {
		all[i] = h.Bent(curve)
	}
	return all
}

// draft is a model that is only in memory.
func draft(spec model.Spec, r train.Result) *model.Model {
	return &model.Model{Spec: spec, LSTM: nn.NewLSTM(spec.Shape(), r.LSTM), Head: nn.NewHead(spec.Shape(), r.Head)}
}
