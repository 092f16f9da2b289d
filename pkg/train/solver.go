package train

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gorgonia.org/gorgonia"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Adam is a solver of Gorgonia that clips the gradient by its norm over all
// parameters together, and whose moments can be taken out and put back. (Gorgonia's
// own clips each element and hides them.) With g the clipped gradient of step t:
//
//	m = b1*m + (1-b1)*g     v = b2*v + (1-b2)*g^2
//	w -= Rate * m/(1-b1^t) / (sqrt(v/(1-b2^t)) + eps)
type Adam struct {
	Rate  float64 // of the next step; the caller sets it
	clip  float64
	state AdamState
}

// AdamState is what Adam remembers between steps.
type AdamState struct {
	Steps  int
	Mean   [][]float32 // m of each parameter, in the order given to Step
	Square [][]float32 // v likewise
}

const (
	adamBeta1   = 0.9
	adamBeta2   = 0.999
	adamEpsilon = 1e-8
)

// errNotFinite is a gradient that is NaN or infinite.
var errNotFinite = errors.New("the gradient is not finite; look for extreme values in the training data or lower the learning rate")

// NewAdam makes a solver whose gradients have at most the norm clip.
func NewAdam(clip float64) *Adam { return &Adam{clip: clip} }

var _ gorgonia.Solver = (*Adam)(nil)

// Step moves the parameters against their gradients and clears these, since
// Gorgonia adds to them. Parameters must be dense float32, the same at each call.
// A gradient that is not finite is an error and leaves the parameters alone.
func (a *Adam) Step(params []gorgonia.ValueGrad) error {
	weights, grads := make([][]float32, len(params)), make([][]float32, len(params))
	norm := 0.0
	for i, p := range params {
		g, err := p.Grad()
		if err != nil {
			return fmt.Errorf("solver: parameter %d: %w", i, err)
		}
		var okW, okG bool
		weights[i], okW = p.Value().Data().([]float32)
		grads[i], okG = g.Data().([]float32)
		if !okW || !okG || len(weights[i]) != len(grads[i]) {
			return fmt.Errorf("solver: parameter %d is not a float32 tensor with a gradient of its size", i)
		}
		for _, v := range grads[i] {
			norm += float64(v) * float64(v)
		}
	}
	if norm = math.Sqrt(norm); !meter.Finite(norm) {
		return errNotFinite
	}
	if err := a.prepare(weights); err != nil {
		return err
	}
	scale := float32(1)
	if norm > a.clip {
		scale = float32(a.clip / norm)
	}
	a.state.Steps++
	t := float64(a.state.Steps)
	rate := float32(a.Rate / (1 - math.Pow(adamBeta1, t)))
	unbias := float32(1 / math.Sqrt(1-math.Pow(adamBeta2, t)))
	for i, w := range weights {
		step(w, grads[i], a.state.Mean[i], a.state.Square[i], scale, rate, unbias)
		clear(grads[i])
	}
	return nil
}

func step(w, grad, mean, square []float32, scale, rate, unbias float32) {
	grad, mean, square = grad[:len(w)], mean[:len(w)], square[:len(w)]
	for j := range w {
		g := grad[j] * scale
		m := adamBeta1*mean[j] + (1-adamBeta1)*g
		v := adamBeta2*square[j] + (1-adamBeta2)*g*g
		mean[j], square[j] = m, v
		w[j] -= rate * m / (float32(math.Sqrt(float64(v)))*unbias + adamEpsilon)
	}
}

// prepare makes the moments at the first step and compares their sizes at others.
func (a *Adam) prepare(weights [][]float32) error {
	if a.state.Steps == 0 {
		a.state = AdamState{}
		for _, w := range weights {
			a.state.Mean = append(a.state.Mean, make([]float32, len(w)))
			a.state.Square = append(a.state.Square, make([]float32, len(w)))
		}
		return nil
	}
	same := func(m, w []float32) bool { return len(m) == len(w) }
	if !slices.EqualFunc(a.state.Mean, weights, same) || !slices.EqualFunc(a.state.Square, weights, same) {
		return errors.New("solver: the moments are those of other parameters")
	}
	return nil
}

// State is a copy of the moments.
func (a *Adam) State() AdamState { return a.state.clone() }

// Restore goes on from a state taken before. That it fits is checked by Step.
func (a *Adam) Restore(s AdamState) { a.state = s.clone() }

func (s AdamState) clone() AdamState {
	c := AdamState{Steps: s.Steps}
	for i := range s.Mean {
		c.Mean = append(c.Mean, slices.Clone(s.Mean[i]))
	}
	for i := range s.Square {
		c.Square = append(c.Square, slices.Clone(s.Square[i]))
	}
	return c
}
