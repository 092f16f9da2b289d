package model

import (
	"fmt"
	"math/rand/v2"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/nn"
)

const (
	// testProbes is the number of inputs that SelfTest draws, testSteps how many readings each has.
	testProbes, testSteps = 16, 24
	// mostFeature bounds the features and cell states of a probe: the features are in scales of a
	// series, and readings lie within a few scales of the centre.
	mostFeature = 4
	// mostQuantile bounds a quantile, in scales of a series. No series has values a million scales
	// from its centre: such a quantile is an overflow on its way.
	mostQuantile = 1e6
)

// SelfTest tries the network on inputs like those that series make: all features zero, all one, and
// testProbes sequences of random features from random states, which are the same in each call. It
// returns an error when a state or a quantile is not finite, or a quantile is beyond mostQuantile.
// Weights that are finite can still give such values, when large sums cancel or overflow.
func (m *Model) SelfTest() error {
	p := newProbe(m)
	for _, value := range []float32{0, 1} {
		p.fill(func() float32 { return value })
		clear(p.h)
		clear(p.c)
		p.step()
		if err := p.forecast(fmt.Sprintf("features of %v", value)); err != nil {
			return err
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range testProbes {
		draw := func() float32 { return mostFeature * (2*random.Float32() - 1) }
		for k := range p.h {
			p.h[k], p.c[k] = draw()/mostFeature, draw()
		}
		for range testSteps {
			p.fill(draw)
			p.step()
		}
		if err := p.forecast(fmt.Sprintf("random features, probe %d", i+1)); err != nil {
			return err
		}
	}
	return nil
}

// probe is one row of inputs, states and outputs of a model.
type probe struct {
	model            *Model
	ws               *nn.Workspace
	x, current, lead []float32
	h, c, out        []float32
}

func newProbe(m *Model) *probe {
	s := m.Spec.Shape()
	return &probe{
		model: m, ws: nn.NewWorkspace(s, 1),
		x: make([]float32, s.Inputs), current: make([]float32, s.Current),
		lead: make([]float32, s.Horizon*s.LeadFeatures),
		h:    make([]float32, s.Hidden), c: make([]float32, s.Hidden),
		out: make([]float32, s.Outputs()),
	}
}

// fill sets all features.
func (p *probe) fill(next func() float32) {
	for _, features := range [][]float32{p.x, p.current, p.lead} {
		for i := range features {
			features[i] = next()
		}
	}
}

func (p *probe) step() { p.model.LSTM.Step(p.ws, p.x, p.h, p.c, 1) }

// forecast runs the head and checks the states and the quantiles.
func (p *probe) forecast(inputs string) error {
	p.model.Head.Forward(p.ws, p.out, p.h, p.current, p.lead, 1)
	for _, a := range []struct {
		what   string
		values []float32
		most   float32
	}{{"hidden state", p.h, 0}, {"cell state", p.c, 0}, {"quantile", p.out, mostQuantile}} {
		for i, v := range a.values {
			if meter.Finite(v) && (a.most == 0 || -a.most <= v && v <= a.most) {
				continue
			}
			fault := "not finite"
			if meter.Finite(v) {
				fault = fmt.Sprintf("more than %.0e scales from the centre", a.most)
			}
			return fmt.Errorf("self-test of model %s %s: %s %d is %v, which is %s, with %s",
				p.model.Spec.Name, p.model.Digest, a.what, i, v, fault, inputs)
		}
	}
	return nil
}
