package train

import (
	"errors"
	"fmt"
	"slices"

	"github.com/loadtide/loadtide/pkg/dataset"
)

// Outputs computes the quantiles of a batch by the training graph in float64:
// [S*B][Horizon*Levels], in scaled units and not sorted. They are the reference for the layers that
// serve. Outputs reads only Shape, Levels and Workers of cfg.
func Outputs(cfg Config, p Params, b *dataset.Batch) (out []float64, err error) {
	sizes := DefaultConfig()
	sizes.Shape, sizes.Levels, sizes.Workers, sizes.Initial = cfg.Shape, cfg.Levels,
		max(cfg.Workers, 1), &p
	if err := sizes.Validate(); err != nil {
		return nil, err
	}
	g, err := newGraph(sizes, b, widened(p.LSTM), widened(p.Head))
	if err != nil {
		return nil, fmt.Errorf("build training graph: %w", err)
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	if _, err := g.run(b); err != nil {
		return nil, fmt.Errorf("run training graph: %w", err)
	}
	return slices.Clone(g.network.out), nil
}

func widened(x []float32) []float64 {
	wide := make([]float64, len(x))
	convert(wide, x)
	return wide
}
