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

// Source hands out training batches, all of one size. Next fills b anew and may reuse its slices:
// Fit does not read them after it has asked for the next batch.
type Source interface {
	Next(b *dataset.Batch)
}

// Progress is reported after every iteration.
type Progress struct {
	Iteration, Iterations int
	Loss                  float64 // mean pinball loss of the iteration's batch, in scaled units
	Valid                 float64 // validation loss at the last look; 0 before the first look
}

// Point is one look at the validation batches.
type Point struct {
	Iteration int
	Loss      float64 // mean training loss since the point before
	Valid     float64 // validation loss; 0 without validation batches
}

// Result is a fitted network.
type Result struct {
	LSTM, Head []float32 // laid out as nn.SplitLSTM and nn.SplitHead say
	Best       int       // the iteration that the weights are of
	Valid      float64   // their validation loss; 0 without validation batches
	Losses     []Point   // one for each look, in order
}

// Fit trains a network on batches from train. It starts from cfg.Initial, or from weights that it
// draws from cfg.Seed. At each look it measures the network on valid; it returns the weights of the
// look with the lowest loss, or the last weights when valid is empty. It stops early after
// cfg.Patience looks without a gain. progress may be nil.
//
// Fit returns within an iteration after ctx ends, with the error of ctx. Other errors: the
// configuration or a batch is not valid, or a loss or gradient is not finite.
func Fit(
	ctx context.Context, cfg Config, train Source, valid []*dataset.Batch,
	progress func(Progress),
) (Result, error) {
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
	f := fit{
		cfg: cfg, graph: g, solver: adam{clip: cfg.ClipNorm}, batch: &batch, train: train,
		valid: valid,
		best:  Result{Valid: math.Inf(1)},
	}
	err = f.run(ctx, progress)
	if err := errors.Join(err, g.Close()); err != nil {
		return Result{}, err
	}
	return f.best, nil
}

// fit is one call of Fit.
type fit struct {
	cfg    Config
	graph  *graph[float32]
	solver adam
	batch  *dataset.Batch // the first batch, then what train fills in
	train  Source
	valid  []*dataset.Batch

	best     Result
	lastLoss float64 // validation loss at the last look
	averaged Params  // the weights that a look measures
	sum      float64 // of the training losses since the last look
	since    int     // number of them
	misses   int     // looks since the last gain
}

// run iterates until the iterations or the patience are used up.
func (f *fit) run(ctx context.Context, progress func(Progress)) error {
	for it := 1; it <= f.cfg.Iterations; it++ {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("training stopped at iteration %d: %w", it, err)
		}
		if it > 1 {
			f.train.Next(f.batch)
		}
		loss, err := f.iterate(it)
		if err != nil {
			return fmt.Errorf("iteration %d: %w", it, err)
		}
		if it%f.cfg.ValidEvery == 0 || it == f.cfg.Iterations {
			if err := f.look(ctx, it); err != nil {
				return err
			}
		}
		if progress != nil {
			progress(Progress{Iteration: it, Iterations: f.cfg.Iterations, Loss: loss,
				Valid: f.lastLoss})
		}
		if f.cfg.Patience > 0 && f.misses >= f.cfg.Patience {
			break
		}
	}
	return nil
}

// iterate moves the weights once, and returns the loss of the batch before that.
func (f *fit) iterate(it int) (float64, error) {
	loss, err := f.graph.run(f.batch)
	if err != nil {
		return 0, err
	}
	if !meter.Finite(loss) {
		return 0, f.notFinite("training", loss)
	}
	f.solver.rate = rateAt(it, f.cfg.Iterations, f.cfg.LearningRate)
	if err := f.solver.Step(f.graph.parameters()); err != nil {
		return 0, err
	}
	f.average(it)
	f.sum += loss
	f.since++
	return loss, nil
}

// averageStart makes the average short in the first iterations, whose weights are soon out of date.
const averageStart = 10

// average takes the weights of an iteration into the average of the weights.
func (f *fit) average(it int) {
	lstm, head := f.graph.lstmParams, f.graph.headParams
	if f.cfg.Averaging == 0 {
		f.averaged = Params{LSTM: lstm, Head: head}
		return
	}
	if it == 1 {
		f.averaged = Params{LSTM: slices.Clone(lstm), Head: slices.Clone(head)}
		return
	}
	share := float32(1 - min(f.cfg.Averaging, float64(it)/float64(it+averageStart)))
	for _, p := range [][2][]float32{{f.averaged.LSTM, lstm}, {f.averaged.Head, head}} {
		for i, w := range p[1] {
			p[0][i] += share * (w - p[0][i])
		}
	}
}

// look measures the weights on the validation batches and keeps them when they are the best so far.
// Without validation batches the newest weights are the best.
func (f *fit) look(ctx context.Context, it int) error {
	valid, err := validate(ctx, f.cfg, f.averaged.LSTM, f.averaged.Head, f.valid)
	if err != nil {
		return fmt.Errorf("validation at iteration %d: %w", it, err)
	}
	if !meter.Finite(valid) {
		return fmt.Errorf("iteration %d: %w", it, f.notFinite("validation", valid))
	}
	f.best.Losses = append(f.best.Losses, Point{Iteration: it, Loss: f.sum / float64(f.since),
		Valid: valid})
	f.lastLoss, f.sum, f.since = valid, 0, 0
	if len(f.valid) > 0 && valid >= f.best.Valid {
		f.misses++
		return nil
	}
	f.misses = 0
	f.best.LSTM, f.best.Head = slices.Clone(f.averaged.LSTM), slices.Clone(f.averaged.Head)
	f.best.Best, f.best.Valid = it, valid
	return nil
}

func (f *fit) notFinite(what string, loss float64) error {
	return fmt.Errorf(
		"%s loss is %v; look for extreme values in the %s data or lower the learning rate (%v)",
		what, loss, what, f.cfg.LearningRate)
}
