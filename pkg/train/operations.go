package train

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/loadtide/loadtide/pkg/nn/kernel"
)

// The shapes of the nodes.
func (n *network[T]) lstmParamsShape() tensor.Shape { return tensor.Shape{n.shape.LSTMParams()} }
func (n *network[T]) headParamsShape() tensor.Shape { return tensor.Shape{n.shape.HeadParams()} }
func (n *network[T]) xShape() tensor.Shape {
	return tensor.Shape{n.t, n.b,
		n.shape.Inputs}
}
func (n *network[T]) hiddenShape() tensor.Shape {
	return tensor.Shape{n.s * n.b,
		n.shape.Hidden}
}
func (n *network[T]) outShape() tensor.Shape {
	return tensor.Shape{n.s * n.b,
		n.shape.Outputs()}
}
func (n *network[T]) targetShape() tensor.Shape {
	return tensor.Shape{n.s * n.b,
		n.shape.Horizon}
}
func (n *network[T]) currentShape() tensor.Shape {
	return tensor.Shape{max(n.s*n.b*n.shape.Current, 1)}
}
func (n *network[T]) leadShape() tensor.Shape {
	return tensor.Shape{max(n.s*n.b*n.shape.Horizon*n.shape.LeadFeatures, 1)}
}

// operation describes one result of the network. Its value is made once, over the memory that run
// fills.
func (n *network[T]) operation(
	name string, index int, inputs []tensor.Shape, output tensor.Shape, memory []T,
	run func(in [][]T) error,
) *operation {
	value := tensorOf(memory, output...)
	return &operation{
		name: name, network: n, index: index, dtype: dtypeOf[T](), inputs: inputs, output: output,
		run: func(values []gorgonia.Value) (gorgonia.Value, error) {
			in, err := slicesOf[T](values)
			if err != nil {
				return nil, err
			}
			return value, run(in)
		},
	}
}

func (n *network[T]) lstmOperation() *operation {
	inputs := []tensor.Shape{n.lstmParamsShape(), n.xShape()}
	o := n.operation("lstm", 0, inputs, n.hiddenShape(), n.hidden,
		func(in [][]T) error { return n.runLSTM(in[0], in[1]) })
	o.wrt = []bool{true, false}
	o.diff = func(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		// The output is an input of the gradient, so that the gradient runs after the forward pass.
		d := n.operation("lstm gradient", 1, []tensor.Shape{n.hiddenShape(), n.hiddenShape()},
			n.lstmParamsShape(), n.lstmGrad,
			func(in [][]T) error { return n.runLSTMGradient(in[1]) })
		params, err := d.apply(output, grad)
		return gorgonia.Nodes{params, nil}, err
	}
	return o
}

func (n *network[T]) headOperation() *operation {
	inputs := []tensor.Shape{n.headParamsShape(), n.hiddenShape(), n.currentShape(), n.leadShape()}
	o := n.operation("head", 2, inputs, n.outShape(), n.out,
		func(in [][]T) error { return n.runHead(in[0], in[1], in[2], in[3]) })
	o.wrt = []bool{true, true, false, false}
	o.diff = func(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		// The first gradient computes both gradients. The second returns that of the hidden state;
		// the first is its input, so that it runs after the first.
		d := n.operation("head gradient", 3,
			[]tensor.Shape{n.outShape(), n.outShape(), n.hiddenShape(), n.currentShape(),
				n.leadShape()}, n.headParamsShape(), n.headGrad,
			func(in [][]T) error { return n.runHeadGradient(in[1], in[2], in[3], in[4]) })
		params, err := d.apply(output, grad, inputs[1], inputs[2], inputs[3])
		if err != nil {
			return nil, err
		}
		h := n.operation("head gradient of hidden", 4, []tensor.Shape{n.headParamsShape()},
			n.hiddenShape(), n.dHidden,
			func([][]T) error { return nil })
		hidden, err := h.apply(params)
		return gorgonia.Nodes{params, hidden, nil, nil}, err
	}
	return o
}

func (n *network[T]) lossOperation() *operation {
	inputs := []tensor.Shape{n.outShape(), n.targetShape(), n.targetShape()}
	o := &operation{
		name: "pinball", network: n, index: 5, dtype: dtypeOf[T](), inputs: inputs,
		output: tensor.ScalarShape(),
		run: func(values []gorgonia.Value) (gorgonia.Value, error) {
			in, err := slicesOf[T](values)
			if err != nil {
				return nil, err
			}
			loss, err := n.runLoss(in[0], in[1], in[2])
			return scalarOf[T](loss), err
		},
		wrt: []bool{true, false, false},
	}
	o.diff = func(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		d := n.operation("pinball gradient", 6,
			[]tensor.Shape{tensor.ScalarShape(), n.outShape(), n.targetShape(), n.targetShape(),
				tensor.ScalarShape()}, n.outShape(), n.dOut,
			func(in [][]T) error {
				return n.runLossGradient(in[1], in[2], in[3], float64(in[4][0]))
			})
		out, err := d.apply(output, inputs[0], inputs[1], inputs[2], grad)
		return gorgonia.Nodes{out, nil, nil}, err
	}
	return o
}

// slicesOf returns the memory of values; a scalar is a slice of one element.
func slicesOf[T kernel.Float](values []gorgonia.Value) ([][]T, error) {
	in := make([][]T, len(values))
	for i, v := range values {
		switch d := v.Data().(type) {
		case []T:
			in[i] = d
		case T:
			in[i] = []T{d}
		default:
			return nil, fmt.Errorf("input %d is a %T", i, d)
		}
	}
	return in, nil
}
