package cycle

import (
	"context"
	"fmt"
	"slices"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/pkg/train"
)

const (
	// yearly is the least training range of most series, in seconds, that makes the day of the year a
	// feature.
	yearly = 8700 * meter.HourSeconds
	// leastRefit is the least number of iterations of the last fit.
	leastRefit = 50
	// alike is the share by which two validation losses differ by chance.
	alike = 0.01
	// warmRate is the share of the learning rate for weights that are trained on: the full rate
	// would first undo what the weights know.
	warmRate = 0.25
	// nearWeight is for models of intervals shorter than an hour and for models beyond a day. Without
	// it the first of their many leads count little and are learnt last. It falls by a factor e in
	// nearHoursFiner or in nearHoursLong. See dataset.WindowConfig.Near.
	nearWeight     = 4
	nearHoursFiner = 3
	nearHoursLong  = 12
	// averaging is for models of intervals shorter than an hour. See train.Config.Averaging.
	averaging = 0.98
	// validBatches is the number of batches of windows that measure an iteration.
	validBatches = 4
)

// Stages of a fit: each draws its windows by a seed of its own.
const (
	stageFit uint64 = iota
	stageValid
	stageRefit
	stageSample // windows for the gate
)

// fitted is the result of a fit.
type fitted struct {
	spec   model.Spec
	result train.Result // the network that is registered
	// judged is the network that is scored: result, or, when result was fitted on the range that it
	// would be scored on, the network before the last fit.
	judged train.Result
	sample *dataset.Batch // windows of the training range
	curve  []train.Point  // the losses of the fit that chose the scale
}

// fitting is a fit that is under way.
type fitting struct {
	*attempt
	way
	done, total int // iterations of the fits before this one, and of all fits
}

// fit finds the weights. Without Config.Choose that is one fit on the training range. With it, fit
// chooses the way and its iterations on the validation range, and fits once more on both ranges.
func (a *attempt) fit(ctx context.Context) error {
	ways, err := a.ways(ctx)
	if err != nil {
		return err
	}
	f := fitting{attempt: a}
	a.fitted, err = f.run(ctx, ways)
	a.out.Name, a.out.Series, a.out.Start = a.fitted.spec.Name, len(a.histories), f.words
	a.out.Best, a.out.Scale = a.fitted.result.Best, a.fitted.spec.Scale
	return err
}

// features is the layout of a new network: of the calendar at the place of the series, and of the
// covariates.
func (a *attempt) features() (series.Layout, error) {
	layout := series.DefaultLayout(a.cut.TrainUntil-a.first > yearly)
	if a.finer() {
		layout = layout.Finer()
	}
	if a.Config.Country != "" {
		layout = layout.WithHolidays()
	}
	place, err := series.NewPlace(a.Config.Zone, a.Config.Country)
	if err != nil {
		return layout, err
	}
	covariates, err := a.Ahead.Standardised(a.cut.TrainUntil)
	if err != nil {
		return layout, err
	}
	return layout.WithCovariates(covariates).At(place), nil
}

// run fits a network in each way, takes the best one, and fits it once more when the cycle chooses.
func (f *fitting) run(ctx context.Context, ways []way) (fitted, error) {
	best, err := f.best(ctx, ways)
	if err != nil {
		return fitted{}, err
	}
	f.way = best.way
	histories := onCurve(f.histories, f.curve)
	out := fitted{
		spec: f.spec(f.way, f.cut), result: best.result, judged: best.result,
		curve: best.result.Losses,
	}
	if f.Config.Choose && f.iterations > 0 {
		if out.result, err = f.last(ctx, histories, out.spec, f.refit(best.result)); err != nil {
			return fitted{}, err
		}
		if f.cut.TestUntil > f.cut.TestFrom {
			out.judged = out.result
		}
	}
	windows, err := f.sampler(histories, f.cut.First, f.cut.TrainUntil, stageSample)
	if err != nil {
		return fitted{}, err
	}
	out.sample = windows.Batches(1)[0]
	return out, nil
}

// candidate is a network that was fitted on the training range in one way.
type candidate struct {
	way    way
	result train.Result
	report evaluate.Report // on the validation range, when there is a choice
}

// best fits a candidate in each way and takes the candidate that does better on the validation range.
func (f *fitting) best(ctx context.Context, ways []way) (candidate, error) {
	longest := 0
	for _, w := range ways {
		f.total, longest = f.total+w.iterations, max(longest, w.iterations)
	}
	if f.Config.Choose {
		f.total += longest
	}
	var best candidate
	for i, w := range ways {
		f.way = w
		spec := f.spec(w, f.cut)
		result, err := f.choosing(ctx, onCurve(f.histories, w.curve), spec)
		f.done += w.iterations
		if err != nil || len(ways) == 1 {
			return candidate{way: w, result: result}, err
		}
		report, err := evaluate.Backtest(ctx, draft(spec, result), f.histories,
			f.origins(f.cut.TrainUntil, f.cut.ValidUntil))
		if err != nil {
			return candidate{}, fmt.Errorf("validation range: %w", err)
		}
		if i == 0 || f.lessLoss(&report, &best.report) {
			best = candidate{w, result, report}
		}
	}
	return best, nil
}

// lessLoss reports whether a candidate does better than another one, and tells when one series is
// left out of that.
func (f *fitting) lessLoss(ours, theirs *evaluate.Report) bool {
	less, without := evaluate.LessLoss(ours, theirs)
	if without != "" {
		f.tell(Event{Kind: Warning, Text: fmt.Sprintf("the network is chosen without %s, "+
			"which alone would decide it: check its readings", without)})
	}
	return less
}

// choosing fits on the training range, and takes the weights that are best on the validation range.
func (f *fitting) choosing(
	ctx context.Context, histories []*dataset.History, spec model.Spec,
) (train.Result, error) {
	if f.iterations == 0 {
		return train.Result{LSTM: f.params.LSTM, Head: f.params.Head}, nil
	}
	fit, err := f.sampler(histories, f.cut.First, f.cut.TrainUntil, stageFit)
	if err != nil {
		return train.Result{}, fmt.Errorf("training range: %w", err)
	}
	valid, err := f.sampler(histories, f.cut.TrainUntil, f.cut.ValidUntil, stageValid)
	if err != nil {
		return train.Result{}, fmt.Errorf("validation range: %w", err)
	}
	batches, without := valid.Measured(validBatches)
	if len(without) > 0 {
		f.tell(Event{Kind: Warning, Text: fmt.Sprintf("iterations are measured without windows of %s, "+
			"whose readings are far beyond their scale: check them", dataset.SomeOf(without))})
	}
	return f.train(ctx, fit, batches, spec, f.iterations)
}

// refit is the number of iterations of the last fit: those of the best iteration. The loss of a look is
// known to about a hundredth, and a fit beyond a day that ends early has not learnt its first leads:
// there the last look counts that is as good as the best one within measuring.
func (f *fitting) refit(r train.Result) int {
	iterations := r.Best
	if f.leads > f.len.Day {
		for _, look := range r.Losses {
			if look.Valid <= (1+alike)*r.Valid {
				iterations = look.Iteration
			}
		}
	}
	return max(iterations, leastRefit)
}

// last fits on all data before the test, for the number of iterations that was best.
func (f *fitting) last(
	ctx context.Context, histories []*dataset.History, spec model.Spec, iterations int,
) (train.Result, error) {
	fit, err := f.sampler(histories, f.cut.First, f.cut.ValidUntil, stageRefit)
	if err != nil {
		return train.Result{}, err
	}
	f.total = f.done + iterations
	return f.train(ctx, fit, nil, spec, iterations)
}

// sampler draws windows with a loss between two Unix seconds. In a short range of most series windows
// are shorter.
// In the range that is fitted on, half of the intervals that may bear loss are left free, so that a
// window can start at different times.
//
// Windows that measure an iteration have the leads and the loss positions of a day. The later days
// are learnt in fewer iterations; a measure of all leads would stop before the first ones are learnt.
func (f *fitting) sampler(
	histories []*dataset.History, from, until int64, stage uint64,
) (*dataset.Sampler, error) {
	c := f.Config
	lossCells := (until-max(from, f.first))/f.len.Interval - int64(f.leads)
	if from == f.cut.First {
		lossCells = (lossCells - int64(f.len.Scale)) / 2
	}
	leads, weighed := f.leads, 0
	if day := f.len.Day; stage == stageValid && leads > day {
		leads, weighed = day, day
	}
	c.Window, c.BurnIn = c.Window-(c.BurnIn-f.settle), f.settle
	steps, positions := c.window(f.len, leads, lossCells)
	if positions < 1 {
		return nil, dataset.ErrNoWindows
	}
	windows := dataset.WindowConfig{
		Layout: f.layout, Ahead: f.Ahead, Horizon: f.leads,
		Steps: steps, BurnIn: c.BurnIn, Positions: positions, Batch: c.Batch,
		Weighed: weighed,
	}
	windows.Near, windows.NearHours = f.near()
	return dataset.NewSampler(windows, histories, from, until, c.Seed+stage)
}

// near is the weight of the first leads in the loss, and the hours in which it falls.
func (a *attempt) near() (weight, hours float64) {
	switch {
	case a.finer():
		return nearWeight, nearHoursFiner
	case a.leads > a.len.Day:
		return nearWeight, nearHoursLong
	}
	return 0, 0
}

func (f *fitting) train(
	ctx context.Context, source train.Source, valid []*dataset.Batch, spec model.Spec,
	iterations int,
) (train.Result, error) {
	cfg := train.DefaultConfig()
	cfg.Shape, cfg.Levels = spec.Shape(), spec.Levels
	cfg.Iterations, cfg.Seed, cfg.Workers = iterations, f.Config.Seed, f.Config.Workers
	if f.Config.Choose {
		// The learning rate is high for most of the fit, and the validation loss falls at the end.
		// A fit that stopped early would miss that. When the validation loss rises at the end, the
		// last fit is as long as the best iteration.
		cfg.Patience = 0
	}
	if f.finer() {
		cfg.Averaging = averaging
		anchor := slices.Index(spec.LeadFeatures, series.FeatureAnchor)
		cfg.Initial = train.Anchored(cfg.Shape, cfg.Seed, anchor)
	}
	if f.params != nil {
		cfg.Initial = f.params
		cfg.LearningRate *= warmRate
	}
	return train.Fit(ctx, cfg, source, valid, func(p train.Progress) {
		p.Iteration += f.done
		p.Iterations = f.total
		f.attempt.run.progress(p)
		f.tell(progress(p))
	})
}
