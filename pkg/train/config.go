package train

import (
	"errors"
	"fmt"

	"github.com/loadtide/loadtide/pkg/nn"
)

// Config is what Fit needs besides the data.
type Config struct {
	Shape        nn.Shape
	Levels       []float64 // probability levels, ascending, as many as Shape.Levels
	Iterations   int       // steps of the solver
	LearningRate float64   // highest rate of the schedule
	ClipNorm     float64   // upper bound of the gradient's norm over all parameters
	Seed         uint64    // of the first weights; the source decides on the order of batches
	Workers      int       // goroutines that share the work of an iteration
	ValidEvery   int       // iterations between two looks at the validation batches
	Patience     int       // looks without a gain before Fit stops; 0 never stops
	// Averaging is the share of the averaged weights that an iteration keeps, below 1. The looks
	// measure the averaged weights, and Fit returns them. 0 takes the weights as they are.
	Averaging float64
	// Initial holds the first weights, of the same shape. When it is nil, Fit draws them from Seed.
	Initial *Params
}

// Params are the weights of a network, laid out as nn.SplitLSTM and nn.SplitHead say. Fit copies
// them.
type Params struct{ LSTM, Head []float32 }

// first returns the weights that a fit starts from.
func (c Config) first() (lstm, head []float32) {
	if c.Initial != nil {
		return c.Initial.LSTM, c.Initial.Head
	}
	return initialParams(c.Shape, c.Seed)
}

// DefaultConfig is the configuration of the reference model. The caller sets Shape, Levels and
// Seed.
func DefaultConfig() Config {
	return Config{
		Iterations:   400,
		LearningRate: 4e-3,
		ClipNorm:     1,
		Workers:      2,
		ValidEvery:   25,
		Patience:     6,
	}
}

// Validate returns one error for all fields that are out of range, each with value and limit.
func (c Config) Validate() error {
	errs := []error{c.Shape.Validate()}
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("train: "+format, args...))
	}
	if len(c.Levels) != c.Shape.Levels {
		bad("levels: %d given, the shape has %d", len(c.Levels), c.Shape.Levels)
	}
	for i, q := range c.Levels {
		if !(q > 0 && q < 1) || i > 0 && q <= c.Levels[i-1] {
			bad("levels: %v at %d, must ascend between 0 and 1", q, i)
		}
	}
	if c.Iterations < 1 {
		bad("iterations is %d, must be at least 1", c.Iterations)
	}
	if !(c.LearningRate > 0 && c.LearningRate <= 1) {
		bad("learning_rate is %v, must be above 0 and at most 1", c.LearningRate)
	}
	if !(c.ClipNorm > 0) {
		bad("clip_norm is %v, must be above 0", c.ClipNorm)
	}
	if c.Workers < 1 || c.Workers > 256 {
		bad("workers is %d, must be 1 to 256", c.Workers)
	}
	if c.ValidEvery < 1 {
		bad("valid_every is %d, must be at least 1", c.ValidEvery)
	}
	if c.Patience < 0 {
		bad("patience is %d, must not be negative", c.Patience)
	}
	if !(c.Averaging >= 0 && c.Averaging < 1) {
		bad("averaging is %v, must be at least 0 and below 1", c.Averaging)
	}
	if p := c.Initial; p != nil && c.Shape.Validate() == nil {
		lstm, head := c.Shape.LSTMParams(), c.Shape.HeadParams()
		if len(p.LSTM) != lstm || len(p.Head) != head {
			bad("initial: %d and %d weights, the shape has %d and %d; "+
				"start from a network of the same shape", len(p.LSTM), len(p.Head), lstm, head)
		}
	}
	return errors.Join(errs...)
}
