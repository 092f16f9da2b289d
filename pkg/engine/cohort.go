package engine

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
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

// cohort is the series of one interval, and the models that serve them. Its rows are series of that
// interval, and views of series of finer intervals, joined, where no model serves these.
type cohort struct {
	len      *series.Lengths
	slabs    slabs
	champion *network // nil before the first one
	// base serves series of less than a week, and all while there is no champion; nil when no base
	// model has the leads and the levels of the champion.
	base      *network
	baseModel *model.Model // that base is made of
	alone     int          // leads while there is no champion; 0 is a day of them
	both      []*network   // memory of networks
	foreseen  func(meter.ID) series.Ahead
	work      scratch
	limits    *limits // of the engine
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

// first is the network that serves most series: the champion, or the base while there is none. It
// is nil when simple rules serve.
func (co *cohort) first() *network {
	if co.champion != nil {
		return co.champion
	}
	return co.base
}

// by is the network that serves a row, nil when none does: the base from a day of readings on, and
// from a week on the champion, if there is one.
func (co *cohort) by(slot int32) *network {
	switch scale := co.slabs.scale(slot); {
	case !scale.Ready:
		return nil
	case scale.Young > 0:
		return co.base
	}
	return co.first()
}

// growth says that series of less than a week have scales when the base serves them.
func (co *cohort) growth() series.Growth {
	if co.base == nil {
		return series.Growth{}
	}
	return series.Growth{On: true, Curve: curveOf(co.base.model.Spec)}
}

// use changes over to another champion.
func (co *cohort) use(n *network) error {
	waiting, err := accuracy.NewWaiting(n.model.Spec.Levels, n.model.Spec.Horizon, co.len.Day/24)
	if err != nil {
		return fmt.Errorf("model %s: %w", n.model.Title(), err)
	}
	co.champion = n
	if !co.slabs.waiting.Fits(n.model.Spec.Levels, n.model.Spec.Horizon) {
		co.slabs.layOut(waiting) // those of other levels or leads are not scored
	}
	if err := co.seatBase(); err != nil {
		return err
	}
	co.changeOver(func(int32) bool { return true })
	return nil
}

// useBase changes over to another base model.
func (co *cohort) useBase(m *model.Model) error {
	co.baseModel = m
	if err := co.seatBase(); err != nil {
		return err
	}
	co.changeOver(func(slot int32) bool { return co.by(slot) == co.base })
	return nil
}

// seatBase makes the base of the base model: it publishes the leads of the champion, so that all
// forecasts of a cohort have one form. A base model of other levels, or of fewer leads, serves no
// series.
func (co *cohort) seatBase() error {
	co.base = nil
	if co.baseModel == nil {
		return nil
	}
	levels, horizon := co.levels()
	if spec := co.baseModel.Spec; spec.Horizon < horizon || !slices.Equal(spec.Levels, levels) {
		return nil
	}
	n, err := co.newNetwork(co.baseModel.WithHorizon(horizon))
	if err != nil {
		return err
	}
	n.whole, co.base = co.baseModel, n
	return nil
}

// changeOver marks the states of other models.
func (co *cohort) changeOver(stale func(slot int32) bool) {
	s, hidden := &co.slabs, 0
	for _, n := range co.networks() {
		hidden = max(hidden, n.shape.Hidden)
	}
	if hidden != s.hidden {
		s.useHidden(hidden)
	}
	for slot := range s.ids {
		if rec := s.record(int32(slot)); stale(int32(slot)) {
			rec.fresh = false
		}
	}
	co.forgetPlaces()
	co.enumerate()
	if n := co.first(); n != nil {
		s.bend(curveOf(n.model.Spec))
	}
}

// networks are those that serve.
func (co *cohort) networks() []*network {
	co.both = co.both[:0]
	for _, n := range [...]*network{co.champion, co.base} {
		if n != nil {
			co.both = append(co.both, n)
		}
	}
	return co.both
}

// enumerate notes under which numbers the forecasts of the networks wait. When none is left, the
// forecasts that wait are dropped, and numbers are given from 1 on again.
func (co *cohort) enumerate() {
	for _, n := range co.networks() {
		number, ok := co.slabs.number(n.model.Version)
		if !ok {
			co.slabs.layOut(co.slabs.waiting)
			co.enumerate()
			return
		}
		n.number = number
	}
}

// levels are the quantile levels and horizon in force.
func (co *cohort) levels() ([]float64, int) {
	if co.champion == nil {
		return naiveLevels, cmp.Or(co.alone, NaiveHours*co.len.Day/24)
	}
	return co.champion.model.Spec.Levels, co.champion.model.Spec.Horizon
}

// scratch is the memory a round works in; it grows to the largest round seen.
type scratch struct {
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
	turned   []turned    // young series of which values turned BAD that were taken before
	asking   []int32
	picked   []int // of a batch, the rows that one network serves
	stepping []place
	warming  []place

	warmSteps []place
}
