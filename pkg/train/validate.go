package train

import (
	"context"
	"errors"
	"fmt"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/nn"
)

// checkValid returns an error when the validation batches cannot be scored.
func checkValid(s nn.Shape, valid []*dataset.Batch) error {
	counted := len(valid) == 0
	for i, b := range valid {
		if err := checkBatch(s, b); err != nil {
			return fmt.Errorf("validation batch %d: %w", i, err)
		}
		for _, w := range b.Weight {
			counted = counted || w > 0
		}
	}
	if !counted {
		return errors.New("validation: no target has a weight; give more history or an earlier " +
			"start of the validation range")
	}
	return nil
}

// validate returns the mean pinball loss over all batches, computed by the layers that serve. The
// sums of the shards are added in their order, so the result does not depend on the number of
// workers. When ctx ends, validate returns the error of ctx.
func validate(
	ctx context.Context, cfg Config, lstm, head []float32, valid []*dataset.Batch,
) (float64, error) {
	l, d := nn.NewLSTM(cfg.Shape, lstm), nn.NewHead(cfg.Shape, head)
	var sum, count float64
	for _, b := range valid {
		shards := shardsOf(b.B)
		sums, counts := make([]float64, shards), make([]float64, shards)
		err := parallel(cfg.Workers, shards, func(i int) {
			from, to := span(b.B, i, shards)
			sums[i], counts[i] = validateShard(ctx, cfg, l, d, b, from, to)
		})
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return 0, err
		}
		for i := range sums {
			sum += sums[i]
			count += counts[i]
		}
	}
	return mean(sum, count), nil
}

func validateShard(
	ctx context.Context, cfg Config, l *nn.LSTM, d *nn.Head, b *dataset.Batch, from, to int,
) (sum, count float64) {
	s, rows := cfg.Shape, to-from
	ws := nn.NewWorkspace(s, rows)
	h, c := make([]float32, rows*s.Hidden), make([]float32, rows*s.Hidden)
	out := make([]float32, rows*s.Outputs())
	for t, k := 0, 0; k < b.S && ctx.Err() == nil; t++ {
		l.Step(ws, b.X[(t*b.B+from)*s.Inputs:(t*b.B+to)*s.Inputs], h, c, rows)
		if b.Positions[k] != t {
			continue
		}
		row, end := k*b.B+from, k*b.B+to
		leads := s.Horizon * s.LeadFeatures
		d.Forward(ws, out, h, b.Current[row*s.Current:end*s.Current], b.Lead[row*leads:end*leads],
			rows)
		some, n := pinballSum(cfg.Levels, out, b.Target[row*s.Horizon:end*s.Horizon],
			b.Weight[row*s.Horizon:end*s.Horizon])
		sum += some
		count += n
		k++
	}
	return sum, count
}
