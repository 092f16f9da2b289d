package train

import (
	"errors"
	"fmt"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/nn/kernel"
)

// errNoForward says that a gradient needs activations that no forward pass has computed.
var errNoForward = errors.New("the forward pass has not run since the last backward pass")

// network holds the mathematics of the graph's operations and the memory that they share. An
// operation of Gorgonia returns one value, so the network keeps what a gradient needs of the
// forward pass. One graph uses a network.
type network[T kernel.Float] struct {
	shape     nn.Shape
	levels    []float64
	workers   int
	t, b, s   int
	positions []int // [s], of the current batch

	sequences []*sequence[T] // one for each shard of windows
	heads     []*headRows[T] // one for each shard of rows
	lstm      lstmWeights[T]
	head      headWeights[T]

	hidden, dHidden  []T // [S*B][Hidden]
	out, dOut        []T // [S*B][Horizon*Levels]
	lstmGrad         []T // [LSTMParams]
	headGrad         []T // [HeadParams]
	count            float64
	lstmRan, headRan bool
}

// newNetwork makes a network for batches of the size of first.
func newNetwork[T kernel.Float](cfg Config, first *dataset.Batch) (*network[T], error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := cfg.Shape
	if err := checkBatch(s, first); err != nil {
		return nil, err
	}
	rows := first.S * first.B
	n := &network[T]{
		shape: s, levels: cfg.Levels, workers: cfg.Workers, t: first.T, b: first.B, s: first.S,
		positions: make([]int, first.S),
		lstm:      newLSTMWeights[T](s), head: newHeadWeights[T](s),
		hidden: make([]T, rows*s.Hidden), dHidden: make([]T, rows*s.Hidden),
		out: make([]T, rows*s.Outputs()), dOut: make([]T, rows*s.Outputs()),
		lstmGrad: make([]T, s.LSTMParams()), headGrad: make([]T, s.HeadParams()),
	}
	shards := shardsOf(first.B)
	for i := range shards {
		from, to := span(first.B, i, shards)
		n.sequences = append(n.sequences, newSequence[T](s, first.T, to-from))
		from, to = span(rows, i, shards)
		n.heads = append(n.heads, newHeadRows[T](s, to-from))
	}
	return n, nil
}

// accept takes the loss positions of the next batch. Its size must be that of the first batch,
// because the graph is built for that size.
func (n *network[T]) accept(b *dataset.Batch) error {
	if err := checkBatch(n.shape, b); err != nil {
		return err
	}
	if b.T != n.t || b.B != n.b || b.S != n.s {
		return fmt.Errorf("batch: %d steps, %d windows, %d positions; the first had %d, %d, %d "+
			"and all must be alike (give what is missing the weight 0)",
			b.T, b.B, b.S, n.t, n.b, n.s)
	}
	copy(n.positions, b.Positions)
	return nil
}

// runLSTM computes hidden at the loss positions from x [T][B][Inputs].
func (n *network[T]) runLSTM(params, x []T) error {
	w := nn.SplitLSTM(n.shape, params)
	n.lstm.set(n.shape, w)
	steps, h := n.positions[n.s-1]+1, n.shape.Hidden
	shards := len(n.sequences)
	err := parallel(n.workers, shards, func(i int) {
		q := n.sequences[i]
		from, _ := span(n.b, i, shards)
		q.forward(n.shape, n.lstm, x, n.b, from, steps)
		for k, p := range n.positions {
			for r := range q.rows {
				copy(n.hidden[(k*n.b+from+r)*h:], q.hidden(n.shape, p, r))
			}
		}
	})
	n.lstmRan = err == nil
	return err
}

// runLSTMGradient computes lstmGrad from the gradient of hidden.
func (n *network[T]) runLSTMGradient(dHidden []T) error {
	if !n.lstmRan {
		return errNoForward
	}
	n.lstmRan = false
	shards := len(n.sequences)
	err := parallel(n.workers, shards, func(i int) {
		from, _ := span(n.b, i, shards)
		n.sequences[i].backward(n.shape, n.lstm, dHidden, n.positions, n.b, from)
	})
	clear(n.lstmGrad)
	for _, q := range n.sequences {
		add(n.lstmGrad, q.grad)
	}
	return err
}

// headShard is the part of x, of a width for each row, that belongs to one shard of the head.
func (n *network[T]) headShard(i int, width int, x []T) []T {
	from, to := span(n.s*n.b, i, len(n.heads))
	return x[from*width : to*width]
}

// runHead computes out from hidden, current [S*B][Current] and
// lead [S*B][Horizon][LeadFeatures].
func (n *network[T]) runHead(params, hidden, current, lead []T) error {
	s := n.shape
	w := nn.SplitHead(s, params)
	n.head.set(s, w)
	err := parallel(n.workers, len(n.heads), func(i int) {
		n.heads[i].forward(s, w, n.head, n.headShard(i, s.Outputs(), n.out),
			n.headShard(i, s.Hidden, hidden),
			n.headShard(i, s.Current, current), n.headShard(i, s.Horizon*s.LeadFeatures, lead))
	})
	n.headRan = err == nil
	return err
}

// runHeadGradient computes headGrad and dHidden from the gradient of out.
func (n *network[T]) runHeadGradient(dOut, hidden, current, lead []T) error {
	if !n.headRan {
		return errNoForward
	}
	n.headRan = false
	s := n.shape
	err := parallel(n.workers, len(n.heads), func(i int) {
		n.heads[i].backward(s, n.head, n.headShard(i, s.Hidden, n.dHidden),
			n.headShard(i, s.Outputs(), dOut),
			n.headShard(i, s.Hidden, hidden), n.headShard(i, s.Current, current),
			n.headShard(i, s.Horizon*s.LeadFeatures, lead))
	})
	clear(n.headGrad)
	for _, q := range n.heads {
		add(n.headGrad, q.grad)
	}
	return err
}

// runLoss returns the weighted mean pinball loss of the quantiles. It adds the sums of the shards
// in their order.
func (n *network[T]) runLoss(out, target, weight []T) (float64, error) {
	s, shards := n.shape, len(n.heads)
	sums, counts := make([]float64, shards), make([]float64, shards)
	err := parallel(n.workers, shards, func(i int) {
		sums[i], counts[i] = pinballSum(n.levels, n.headShard(i, s.Outputs(), out),
			n.headShard(i, s.Horizon, target), n.headShard(i, s.Horizon, weight))
	})
	sum := 0.0
	n.count = 0
	for i := range shards {
		sum += sums[i]
		n.count += counts[i]
	}
	return mean(sum, n.count), err
}

// runLossGradient computes dOut from the gradient of the loss.
func (n *network[T]) runLossGradient(out, target, weight []T, scale float64) error {
	s := n.shape
	return parallel(n.workers, len(n.heads), func(i int) {
		pinballGradient(n.levels, n.headShard(i, s.Outputs(), n.dOut),
			n.headShard(i, s.Outputs(), out), n.headShard(i, s.Horizon, target),
			n.headShard(i, s.Horizon, weight), n.count, scale)
	})
}
