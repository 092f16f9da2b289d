package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/series"
)

// network is a model that serves rows of a cohort, with what that takes.
type network struct {
	model  *model.Model // with the leads that are published
	whole  *model.Model // that model is of
	layout series.Layout
	placed map[where]series.Layout // of series with a place of their own; nil when none has
	median int                     // index of the level 0.5
	number uint16                  // of its version
	shape  nn.Shape
	ws     *nn.Workspace

	// memory of a batch; it grows to the largest one seen
	h, c, x []float32
	current []float32
	lead    []float32
	out     []float32
}

// newNetwork checks that a model can serve the cohort.
func (co *cohort) newNetwork(m *model.Model) (*network, error) {
	if len(m.Spec.Covariates) > 0 && co.foreseen == nil {
		return nil, fmt.Errorf(
			"model %s %w (%s), which are not known here: serve one that was trained without "+
				"--covariates",
			m.Title(), ErrCovariates, strings.Join(m.Spec.CovariateNames(), ", "),
		)
	}
	layout, err := series.LayoutOf(
		m.Spec.Inputs,
		m.Spec.LeadFeatures,
		m.Spec.CurrentFeatures,
		m.Spec.Covariates...,
	)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", m.Title(), err)
	}
	place, err := series.NewPlace(m.Spec.Zone, m.Spec.Country)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", m.Title(), err)
	}
	n := &network{
		model: m, whole: m, layout: layout.At(place), median: slices.Index(m.Spec.Levels, 0.5),
		shape: m.Spec.Shape(),
	}
	if n.median < 0 {
		return nil, fmt.Errorf(
			"model %s: levels %v have no 0.5, which fills gaps; train it with one",
			m.Title(), m.Spec.Levels,
		)
	}
	n.ws = nn.NewWorkspace(n.shape, 1)
	return n, nil
}

// room makes every buffer large enough for a batch of n series.
func (n *network) room(batch int) {
	sh := n.shape
	grow := func(s *[]float32, size int) { *s = slices.Grow((*s)[:0], size)[:size] }
	grow(&n.h, batch*sh.Hidden)
	grow(&n.c, batch*sh.Hidden)
	grow(&n.x, batch*sh.Inputs)
	grow(&n.current, batch*sh.Current)
	grow(&n.lead, batch*sh.Horizon*sh.LeadFeatures)
	grow(&n.out, batch*sh.Outputs())
}

func curveOf(s model.Spec) series.Curve {
	if s.Scale == model.ScaleAsinh {
		return series.Asinh
	}
	return series.Plain
}
