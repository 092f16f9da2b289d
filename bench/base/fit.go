package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/pkg/train"
)

// recipe is how a base model is made. The same recipe gives the same bytes on the same family of
// kernels.
type recipe struct {
	interval   time.Duration
	hidden     int
	iterations int
	seed       uint64
	workers    int
}

// Shape of the training windows, and of the loss. A window is long enough for a series of its first
// week; the network needs a day to find its state.
const (
	windowDays = 9
	batch      = 32
	positions  = 8 // of a model of a week of hours
	young      = 0.2
	near       = 4
	nearHours  = 24
	averaging  = 0.99
	width      = 64
)

func (r recipe) lengths() series.Lengths { return series.LengthsOf(int64(r.interval / time.Second)) }

// horizon is a week of hours, and two days of finer intervals.
func (r recipe) horizon() int {
	if r.interval == time.Hour {
		return 7 * 24
	}
	return 2 * r.lengths().Day
}

// loaded are the histories of a source.
type loaded struct {
	source    source
	histories []*dataset.History
}

// shares are the shares of the training windows: each kind has the same, and a source has that of
// the root of its number of series.
func shares(all []loaded) map[*dataset.History]float64 {
	byKind := map[string]float64{}
	for _, l := range all {
		if n := len(l.histories); n > 0 {
			byKind[l.source.kind] += math.Sqrt(float64(n))
		}
	}
	share := map[*dataset.History]float64{}
	for _, l := range all {
		n := float64(len(l.histories))
		for _, h := range l.histories {
			share[h] = math.Sqrt(n) / byKind[l.source.kind] / n
		}
	}
	return share
}

// fit trains a network on sources.
func (r recipe) fit(
	ctx context.Context, all []loaded, progress func(train.Progress),
) (model.Artifact, error) {
	share := shares(all)
	var histories []*dataset.History
	first, last := int64(math.MaxInt64), int64(0)
	for _, l := range all {
		for _, h := range l.histories {
			first, last = min(first, h.Start(h.Ring.First())), max(last, h.Start(h.Ring.Newest))
		}
		histories = append(histories, l.histories...)
	}
	l := r.lengths()
	layout := series.DefaultLayout(false).Finer().WithAge()
	spec := model.Spec{
		Schema: model.SpecSchema, Name: "load-" + meter.IntervalName(r.interval),
		Interval: meter.IntervalName(r.interval), Hidden: r.hidden, Width: width, Horizon: r.horizon(),
		Levels: model.DefaultLevels(), Inputs: layout.InputNames(), LeadFeatures: layout.LeadNames(),
		CurrentFeatures: layout.CurrentNames(), Scale: model.ScalePlain,
		TrainedFrom: time.Unix(first, 0).UTC(), TrainedUntil: time.Unix(last+l.Interval, 0).UTC(),
		Seed: r.seed,
	}
	steps := min(windowDays*l.Day, 432)
	windows := dataset.WindowConfig{
		Layout: layout, Horizon: spec.Horizon, Steps: steps, BurnIn: l.Day,
		Positions: max(positions*168/spec.Horizon, 1), Batch: batch,
		Near: near, NearHours: nearHours, Young: young,
		Share: func(h *dataset.History) float64 { return share[h] },
	}
	sampler, err := dataset.NewSampler(windows, histories, 0, last+l.Interval, r.seed)
	if err != nil {
		return model.Artifact{}, err
	}
	cfg := train.DefaultConfig()
	cfg.Shape, cfg.Levels, cfg.Seed, cfg.Workers = spec.Shape(), spec.Levels, r.seed, r.workers
	cfg.Iterations, cfg.Patience, cfg.Averaging = r.iterations, 0, averaging
	cfg.ValidEvery = r.iterations
	anchor := slices.Index(spec.LeadFeatures, series.FeatureAnchor)
	cfg.Initial = train.Anchored(cfg.Shape, cfg.Seed, anchor)
	result, err := train.Fit(ctx, cfg, sampler, nil, progress)
	if err != nil {
		return model.Artifact{}, fmt.Errorf("fit: %w", err)
	}
	return model.Artifact{Spec: spec, LSTM: result.LSTM, Head: result.Head}, nil
}
