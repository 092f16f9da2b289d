package train

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/nn/kernel"
)

// graph is Gorgonia's graph of the loss of a batch, and of its gradients:
//
//	lstm(params, x)                      -> hidden     [S*B][Hidden]
//	head(params, hidden, current, lead)  -> quantiles  [S*B][Horizon*Levels]
//	loss(quantiles, target, weight)      -> scalar
//
// The graph is built once. Each batch is copied into the values that are bound to its inputs.
type graph[T kernel.Float] struct {
	network *network[T]
	vm      gorgonia.VM
	lstm    *gorgonia.Node // [LSTMParams]
	head    *gorgonia.Node // [HeadParams]
	loss    *gorgonia.Node

	lstmParams, headParams           []T
	x, current, lead, target, weight []T // the values of the inputs
}

// newGraph builds the graph for batches of the size of first, over copies of the parameters. The
// caller closes the graph.
func newGraph[T kernel.Float](
	cfg Config, first *dataset.Batch, lstmParams, headParams []T,
) (*graph[T], error) {
	n, err := newNetwork[T](cfg, first)
	if err != nil {
		return nil, err
	}
	s, rows := cfg.Shape, first.S*first.B
	eg := gorgonia.NewGraph()
	g := &graph[T]{network: n}
	var failed error
	input := func(name string, data *[]T, shape ...int) *gorgonia.Node {
		*data = make([]T, tensor.Shape(shape).TotalSize())
		node := gorgonia.NewTensor(eg, dtypeOf[T](), len(shape), gorgonia.WithName(name),
			gorgonia.WithShape(shape...))
		if err := gorgonia.Let(node, tensorOf(*data, shape...)); err != nil && failed == nil {
			failed = fmt.Errorf("bind %s: %w", name, err)
		}
		return node
	}
	// Gorgonia has no tensors without elements: an input without features gets one element, which
	// no operation reads.
	g.lstm = input("lstm", &g.lstmParams, s.LSTMParams())
	g.head = input("head", &g.headParams, s.HeadParams())
	x := input("x", &g.x, first.T, first.B, s.Inputs)
	current := input("current", &g.current, max(rows*s.Current, 1))
	lead := input("lead", &g.lead, max(rows*s.Horizon*s.LeadFeatures, 1))
	target := input("target", &g.target, rows, s.Horizon)
	weight := input("weight", &g.weight, rows, s.Horizon)
	// The graph has a seed node of its own, because Gorgonia's Grad shares one node among all
	// graphs.
	seed := gorgonia.NewScalar(eg, dtypeOf[T](), gorgonia.WithName("seed"))
	if err := gorgonia.Let(seed, T(1)); err != nil && failed == nil {
		failed = fmt.Errorf("bind seed: %w", err)
	}
	if failed != nil {
		return nil, failed
	}
	copy(g.lstmParams, lstmParams)
	copy(g.headParams, headParams)

	hidden, err := n.lstmOperation().apply(g.lstm, x)
	if err != nil {
		return nil, err
	}
	out, err := n.headOperation().apply(g.head, hidden, current, lead)
	if err != nil {
		return nil, err
	}
	if g.loss, err = n.lossOperation().apply(out, target, weight); err != nil {
		return nil, err
	}
	params := gorgonia.Nodes{g.lstm, g.head}
	if _, err := gorgonia.Backpropagate(gorgonia.Nodes{g.loss}, gorgonia.Nodes{seed},
		params); err != nil {
		return nil, fmt.Errorf("differentiate: %w", err)
	}
	// It is a TapeMachine, because after a Reset a LispMachine runs the last node only.
	g.vm = gorgonia.NewTapeMachine(eg, gorgonia.BindDualValues(params...))
	return g, nil
}

// run computes the loss of a batch and adds its gradients to the gradients of the parameters. The
// solver clears them.
func (g *graph[T]) run(b *dataset.Batch) (float64, error) {
	if err := g.network.accept(b); err != nil {
		return 0, err
	}
	convert(g.x, b.X)
	convert(g.current, b.Current)
	convert(g.lead, b.Lead)
	convert(g.target, b.Target)
	convert(g.weight, b.Weight)
	g.vm.Reset() // without a Reset, the second RunAll does nothing
	if err := g.vm.RunAll(); err != nil {
		return 0, err
	}
	switch v := g.loss.Value().Data().(type) {
	case float32:
		return float64(v), nil
	case float64:
		return v, nil
	default:
		return 0, fmt.Errorf("loss is a %T", v)
	}
}

// parameters are the nodes that the solver moves: those of the LSTM, then those of the head.
func (g *graph[T]) parameters() []gorgonia.ValueGrad { return []gorgonia.ValueGrad{g.lstm, g.head} }

// Close frees the memory of Gorgonia.
func (g *graph[T]) Close() error { return g.vm.Close() }

func dtypeOf[T kernel.Float]() tensor.Dtype {
	if any(T(0)) == any(float32(0)) {
		return tensor.Float32
	}
	return tensor.Float64
}

// tensorOf makes data a value of Gorgonia, without a copy.
func tensorOf[T kernel.Float](data []T, shape ...int) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
}

func scalarOf[T kernel.Float](v float64) gorgonia.Value {
	if dtypeOf[T]() == tensor.Float32 {
		return gorgonia.NewF32(float32(v))
	}
	return gorgonia.NewF64(v)
}

func convert[T kernel.Float](dst []T, src []float32) {
	for i, v := range src {
		dst[i] = T(v)
	}
}
