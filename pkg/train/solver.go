package train

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gorgonia.org/gorgonia"

	"github.com/loadtide/loadtide/pkg/meter"
)

// adam is a solver of Gorgonia that clips the gradient by its norm over all parameters together.
// (Gorgonia's own solver clips each element.) With g the clipped gradient of step t:
//
//	m = b1*m + (1-b1)*g     v = b2*v + (1-b2)*g^2
//	w -= rate * m/(1-b1^t) / (sqrt(v/(1-b2^t)) + eps)
type adam struct {
	rate  float64 // of the next step; the caller sets it
	clip  float64 // the largest norm of a gradient
	steps int
	m, v  [][]float32 // the moments of each parameter, in the order given to Step
}

const (
	adamBeta1   = 0.9
	adamBeta2   = 0.999
	adamEpsilon = 1e-8
)

// errNotFinite is a gradient that is NaN or infinite.
var errNotFinite = errors.New("the gradient is not finite; look for extreme values in the " +
	"training data or lower the learning rate")

var _ gorgonia.Solver = (*adam)(nil)

// Step moves the parameters against their gradients and clears the gradients, because Gorgonia adds
// to them. Parameters must be dense float32, the same at each call. When a gradient is not finite,
// Step returns an error and changes no parameter.
func (a *adam) Step(params []gorgonia.ValueGrad) error {
	weights, grads, err := slicesOfParams(params)
	if err != nil {
		return err
	}
	norm := 0.0
	for _, grad := range grads {
		for _, g := range grad {
			norm += float64(g) * float64(g)
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
	a.steps++
	t := float64(a.steps)
	rate := float32(a.rate / (1 - math.Pow(adamBeta1, t)))
	unbias := float32(1 / math.Sqrt(1-math.Pow(adamBeta2, t)))
	for i, w := range weights {
		step(w, grads[i], a.m[i], a.v[i], scale, rate, unbias)
		clear(grads[i])
	}
	return nil
}

// slicesOfParams is the memory of the parameters and of their gradients.
func slicesOfParams(params []gorgonia.ValueGrad) (weights, grads [][]float32, err error) {
	for i, p := range params {
		grad, err := p.Grad()
		if err != nil {
			return nil, nil, fmt.Errorf("solver: parameter %d: %w", i, err)
		}
		w, okW := p.Value().Data().([]float32)
		g, okG := grad.Data().([]float32)
		if !okW || !okG || len(w) != len(g) {
			return nil, nil,
				fmt.Errorf("solver: parameter %d is not a float32 tensor with a gradient of its "+
					"size", i)
		}
		weights, grads = append(weights, w), append(grads, g)
	}
	return weights, grads, nil
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

// prepare makes the moments at the first step, and compares their sizes at later steps.
func (a *adam) prepare(weights [][]float32) error {
	if a.steps == 0 {
		a.m, a.v = nil, nil
		for _, w := range weights {
			a.m = append(a.m, make([]float32, len(w)))
			a.v = append(a.v, make([]float32, len(w)))
		}
		return nil
	}
	same := func(m, w []float32) bool { return len(m) == len(w) }
	if !slices.EqualFunc(a.m, weights, same) {
		return errors.New("solver: the moments are those of other parameters")
	}
	return nil
}
