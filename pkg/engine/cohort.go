package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/series"
)

const (
	// gapHours is the longest hole that is filled with the network's own lead-1 median; after a
	// longer one the hidden state is computed anew.
	gapHours = 6
	// NaiveHours is the horizon while no model says another.
	NaiveHours = 24
)

// warmUpCells is how much of the ring a hidden state is computed anew from: a day and at least 96
// cells. The hidden state remembers about a day beside the ring (24 hours give the same scores to
// four digits).
func warmUpCells(l *series.Lengths) int64 { return int64(max(96, l.Day)) }

// settledWarmUp is how much of the ring before the open cells a settled state is computed anew
// from, so that the live one, which follows it, has warmUpCells and at least a day.
func settledWarmUp(l *series.Lengths) int64 {
	return max(warmUpCells(l)-int64(l.Open), int64(l.Day))
}

// cohort is the series of one interval, and the model that serves them. Its rows are series of that
// interval, and views of series of finer intervals, joined, where no model serves these.
type cohort struct {
	len      *series.Lengths
	slabs    slabs
	model    *model.Model
	layout   series.Layout
	placed   map[where]series.Layout // of series with a place of their own; nil when none has
	median   int                     // index of the level 0.5
	foreseen func(meter.ID) series.Ahead
	work     scratch
	limits   *limits // of the engine
	// joins is the cohort of a coarser interval whose model serves the series of this one; nil when
	// this one has a model, or none has.
	joins *cohort
}

func newCohort(interval int32, lim *limits, marks *meter.Marks) *cohort {
	l := series.LengthsOf(int64(interval))
	co := &cohort{len: &l, slabs: newSlabs(&l, naiveWaiting(&l)), limits: lim}
	co.slabs.settings, co.slabs.marks = lim.settings, marks
	return co
}

// prepared is what a model needs to serve a cohort.
type prepared struct {
	layout  series.Layout
	median  int
	waiting *accuracy.Waiting
}

// prepare checks that a model can serve the cohort.
func (co *cohort) prepare(m *model.Model) (prepared, error) {
	if len(m.Spec.Covariates) > 0 && co.foreseen == nil {
		return prepared{}, fmt.Errorf(
			"model %s %w (%s), which are not known here: serve one that was trained without "+
				"--covariates",
			nameOf(m), ErrCovariates, strings.Join(m.Spec.CovariateNames(), ", "),
		)
	}
	layout, err := series.LayoutOf(
		m.Spec.Inputs,
		m.Spec.LeadFeatures,
		m.Spec.CurrentFeatures,
		m.Spec.Covariates...,
	)
	if err != nil {
		return prepared{}, fmt.Errorf("model %s: %w", nameOf(m), err)
	}
	place, err := series.NewPlace(m.Spec.Zone, m.Spec.Country)
	if err != nil {
		return prepared{}, fmt.Errorf("model %s: %w", nameOf(m), err)
	}
	median := slices.Index(m.Spec.Levels, 0.5)
	if median < 0 {
		return prepared{}, fmt.Errorf(
			"model %s: levels %v have no 0.5, which fills gaps; train it with one",
			nameOf(m), m.Spec.Levels,
		)
	}
	waiting, err := accuracy.NewWaiting(m.Spec.Levels, m.Spec.Horizon, co.len.Day/24)
	if err != nil {
		return prepared{}, fmt.Errorf("model %s: %w", nameOf(m), err)
	}
	return prepared{layout.At(place), median, waiting}, nil
}

// use changes over to a model that was prepared.
func (co *cohort) use(m *model.Model, p prepared) {
	shape := m.Spec.Shape()
	co.model, co.layout, co.median = m, p.layout, p.median
	co.forgetPlaces()
	co.slabs.useHidden(shape.Hidden)
	if !co.slabs.waiting.Fits(m.Spec.Levels, m.Spec.Horizon) {
		co.slabs.layOut(p.waiting) // those of other levels or leads are not scored
	}
	co.slabs.serve(m)
	co.slabs.bend(curveOf(m.Spec))
	co.work.shape(shape)
}

// nameOf is what a person knows a model by.
func nameOf(m *model.Model) string {
	if m.Version == "" {
		return m.Spec.Name
	}
	return m.Spec.Name + " v" + m.Version
}

func curveOf(s model.Spec) series.Curve {
	if s.Scale == model.ScaleAsinh {
		return series.Asinh
	}
	return series.Plain
}

// levels are the quantile levels and horizon in force.
func (co *cohort) levels() ([]float64, int) {
	if co.model == nil {
		return naiveLevels, NaiveHours * co.len.Day / 24
	}
	return co.model.Spec.Levels, co.model.Spec.Horizon
}

// scratch is the memory a round works in; it grows to the largest round seen.
type scratch struct {
	shapeOf  nn.Shape
	ws       *nn.Workspace
	h, c, x  []float32
	current  []float32
	lead     []float32
	out      []float32
	window   []float32
	past     []float32
	naive    []float32
	touched  []update
	fresh    []grid.Cell // new cells of the updates of a round
	jobs     []job
	dirty    []int32
	changed  map[int32][]int64 // by series: the known cells that the message in hand has changed
	leads    []accuracy.Held
	scored   []LeadScore // for the scores of a round; they belong to the caller
	lying    []int32     // series of which hours of implausible values are to be told
	asking   []int32
	stepping []place
	warming  []place

	warmSteps []place
}

func (s *scratch) shape(shape nn.Shape) {
	s.shapeOf = shape
	s.ws = nn.NewWorkspace(shape, 1)
}

// room makes every buffer large enough for a batch of n series.
func (s *scratch) room(n int) {
	sh := s.shapeOf
	s.h = slices.Grow(s.h[:0], n*sh.Hidden)[:n*sh.Hidden]
	s.c = slices.Grow(s.c[:0], n*sh.Hidden)[:n*sh.Hidden]
	s.x = slices.Grow(s.x[:0], n*sh.Inputs)[:n*sh.Inputs]
	s.current = slices.Grow(s.current[:0], n*sh.Current)[:n*sh.Current]
	s.lead = slices.Grow(s.lead[:0], n*sh.Horizon*sh.LeadFeatures)[:n*sh.Horizon*sh.LeadFeatures]
	s.out = slices.Grow(s.out[:0], n*sh.Outputs())[:n*sh.Outputs()]
}
