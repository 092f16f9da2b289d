package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
)

// Source hands out training batches, all of one size. Next fills b anew and may
// reuse its slices; Fit is done with them when it asks for the next.
type Source interface {
	Next(b *dataset.Batch)
}

// Progress is told after every iteration.
type Progress struct {
	Iteration, Iterations int
	Loss                  float64 // mean pinball loss of the iteration's batch, in scaled units
	Valid                 float64 // that of all validation batches at the last look; 0 before the first
}

// Point is one look at the validation batches.
type Point struct {
	Iteration int
	Loss      float64 // mean training loss since the point before
	Valid     float64 // 0 without validation batches
}

// Result is a fitted network.
type Result struct {
	LSTM, Head []float32 // laid out as nn.SplitLSTM and nn.SplitHead say
	Best       int       // the iteration they are from
	Valid      float64   // their validation loss; 0 without validation batches
	Losses     []Point   // one for each look, in order
}

// Fit trains a network from cfg.Initial, or from cfg.Seed, on batches from train and returns the weights
// of the look at valid with the lowest loss, or the last ones if valid is empty.
// Progress may be nil. It stops early after cfg.Patience looks without a gain.
//
// Fit returns within an iteration after ctx ends, with its error. A configuration
// or batch that does not fit, and a loss or gradient that is NaN or infinite, are
// errors that say so.
func Fit(ctx context.Context, cfg Config, train Source, valid []*dataset.Batch, progress func(Progress)) (Result, error) {
	if err := cfg.Validate(); err != nil {
		return Result{}, err
	}
	if train == nil {
		return Result{}, errors.New("train: no source of batches")
	}
	if err := checkValid(cfg.Shape, valid); err != nil {
		return Result{}, err
	}
	if err := ctx.Err(); err != nil {
		return Result{}, fmt.Errorf("training stopped before it began: %w", err)
	}
	var batch dataset.Batch
	train.Next(&batch)
	lstm, head := cfg.first()
	g, err := newGraph[float32](cfg, &batch, lstm, head)
	if err != nil {
		return Result{}, fmt.Errorf("build training graph: %w", err)
	}
	f := fit{cfg: cfg, graph: g, batch: &batch, train: train, valid: valid, progress: progress}
	r, err := f.run(ctx)
	return r, errors.Join(err, g.Close())
}

// fit is one call of Fit under way.
type fit struct {
	cfg      Config
	graph    *graph[float32]
	batch    *dataset.Batch // the first one, then whatever train puts into it
	train    Source
	valid    []*dataset.Batch
	progress func(Progress)
}

// run alternates graph and solver until the iterations or the patience are used up.
func (f *fit) run(ctx context.Context) (Result, error) {
	var (
		cfg    = f.cfg
		best   = Result{Valid: math.Inf(1)}
		solver = NewAdam(cfg.ClipNorm)
		last   float64 // validation loss at the last look
		sum    float64 // of the training losses since then
		since  int
		misses int
	)
	for it := 1; it <= cfg.Iterations; it++ {
		if err := ctx.Err(); err != nil {
			return Result{}, fmt.Errorf("training stopped at iteration %d: %w", it, err)
		}
		if it > 1 {
			f.train.Next(f.batch)
		}
		loss, err := f.graph.run(f.batch)
		if err != nil {
			return Result{}, fmt.Errorf("iteration %d: %w", it, err)
		}
		if !meter.Finite(loss) {
			return Result{}, fmt.Errorf("iteration %d: training loss is %v; look for extreme values in the training data or lower the learning rate (%v)", it, loss, cfg.LearningRate)
		}
		solver.Rate = rateAt(it, cfg.Iterations, cfg.LearningRate)
		if err := solver.Step(f.graph.parameters()); err != nil {
			return Result{}, fmt.Errorf("iteration %d: %w", it, err)
		}
		sum += loss
		since++
		if it%cfg.ValidEvery == 0 || it == cfg.Iterations {
			if last, err = f.look(ctx, it); err != nil {
				return Result{}, err
			}
			best.Losses = append(best.Losses, Point{Iteration: it, Loss: sum / float64(since), Valid: last})
			sum, since = 0, 0
			if len(f.valid) == 0 || last < best.Valid {
				best.keep(f.graph, it, last)
				misses = 0
			} else {
				misses++
			}
		}
		if f.progress != nil {
			f.progress(Progress{Iteration: it, Iterations: cfg.Iterations, Loss: loss, Valid: last})
		}
		if cfg.Patience > 0 && misses >= cfg.Patience {
			break
		}
	}
	return best, nil
}

// look is the validation loss of the weights of this moment, 0 without batches.
func (f *fit) look(ctx context.Context, it int) (float64, error) {
	v, err := validate(ctx, f.cfg, f.graph.lstmParams, f.graph.headParams, f.valid)
	if err != nil {
		return 0, fmt.Errorf("validation at iteration %d: %w", it, err)
	}
	if !meter.Finite(v) {
		return 0, fmt.Errorf("iteration %d: validation loss is %v; look for extreme values in the validation data or lower the learning rate (%v)", it, v, f.cfg.LearningRate)
	}
	return v, nil
}

func (r *Result) keep(g *graph[float32], it int, valid float64) {
	r.LSTM, r.Head = slices.Clone(g.lstmParams), slices.Clone(g.headParams)
	r.Best, r.Valid = it, valid
}
