package cycle

import (
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/pkg/train"
)

// Width is the number of units in a hidden layer of the head.
const Width = 64

// finer reports whether the interval of the model is shorter than an hour.
func (a *attempt) finer() bool { return a.len.Interval < meter.HourSeconds }

// spec describes the network of a way.
func (a *attempt) spec(w way, cut dataset.Cut) model.Spec {
	c, layout, scale := a.Config, w.layout, model.ScalePlain
	if w.curve == series.Asinh {
		scale = model.ScaleAsinh
	}
	spec := model.Spec{
		Schema: model.SpecSchema, Name: c.Model, Interval: meter.IntervalName(a.interval()),
		Hidden: w.hidden, Width: Width, Horizon: a.leads, Levels: c.Levels,
		Inputs: layout.InputNames(), LeadFeatures: layout.LeadNames(),
		CurrentFeatures: layout.CurrentNames(), Scale: scale,
		Zone: c.Zone, Country: c.Country, Covariates: layout.Covariates(),
		TrainedFrom:  time.Unix(cut.First, 0).UTC(),
		TrainedUntil: time.Unix(cut.ValidUntil, 0).UTC(),
		Seed:         c.Seed,
	}
	if w.iterations == 0 {
		spec.TrainedFrom, spec.TrainedUntil, spec.Seed = w.of.TrainedFrom, w.of.TrainedUntil, w.of.Seed
		spec.Start = model.BaseVersion
	}
	return spec
}

// negativeShare is the share of readings below zero that makes a load a signed one. Of three series or
// more, the one with the largest share does not count: a meter that is wired backwards says nothing of
// the others.
const negativeShare = 0.01

// curvesOf are the curves of the scale that are worth a try. Asinh is for loads that are skewed to
// one side. On a load that changes sign, Asinh spreads the values around zero, and a short
// validation range may prefer that by chance.
func curvesOf(histories []*dataset.History, until int64) []series.Curve {
	type counts struct{ negative, all int }
	bySeries := map[meter.ID]counts{}
	var sum, worst counts
	for _, h := range histories {
		c := bySeries[h.ID]
		n := min(max(h.Cell(until)-h.Ring.First(), 0), int64(len(h.Ring.Values)))
		for _, v := range h.Values(int(n)) {
			c.all++
			if v < 0 {
				c.negative++
			}
		}
		bySeries[h.ID] = c
	}
	for _, c := range bySeries {
		sum.negative, sum.all = sum.negative+c.negative, sum.all+c.all
		more := c.negative*worst.all - worst.negative*c.all
		if more > 0 || more == 0 && c.all > worst.all {
			worst = c
		}
	}
	if len(bySeries) >= 3 {
		sum.negative, sum.all = sum.negative-worst.negative, sum.all-worst.all
	}
	if float64(sum.negative) > negativeShare*float64(sum.all) {
		return []series.Curve{series.Plain}
	}
	return []series.Curve{series.Plain, series.Asinh}
}

// onCurve returns the histories as serving on a curve of the scale sees them.
func onCurve(histories []*dataset.History, curve series.Curve) []*dataset.History {
	all := make([]*dataset.History, len(histories))
	for i, h := range histories {
		all[i] = h.OnCurve(curve)
	}
	return all
}

// draft is a model that is in memory only.
func draft(spec model.Spec, r train.Result) *model.Model {
	return &model.Model{Spec: spec, LSTM: nn.NewLSTM(spec.Shape(), r.LSTM),
		Head: nn.NewHead(spec.Shape(), r.Head)}
}
