package train

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// operation is one fused operation of the graph. Gorgonia calls its methods. run does the work: it
// writes into the memory of the network and returns it.
type operation struct {
	name    string
	network any // the network whose memory run writes; part of the identity, see WriteHash
	index   int // which result of the network this is; part of the identity
	dtype   tensor.Dtype
	inputs  []tensor.Shape // of the inputs, in order
	output  tensor.Shape   // empty: a scalar
	run     func(inputs []gorgonia.Value) (gorgonia.Value, error)
	// wrt says which inputs have a gradient, diff builds the nodes of these gradients. Both are nil
	// for a gradient, which is not differentiated.
	wrt  []bool
	diff func(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error)
}

var _ gorgonia.SDOp = (*operation)(nil)

// apply adds the operation to the graph of its inputs. It checks the shapes of the inputs: a wrong
// shape would make run read out of range.
func (o *operation) apply(inputs ...*gorgonia.Node) (*gorgonia.Node, error) {
	if len(inputs) != len(o.inputs) {
		return nil, fmt.Errorf("%s: %d inputs, need %d", o.name, len(inputs), len(o.inputs))
	}
	for i, n := range inputs {
		if !n.Shape().Eq(o.inputs[i]) {
			return nil, fmt.Errorf("%s: input %d has shape %v, need %v", o.name, i, n.Shape(),
				o.inputs[i])
		}
	}
	n, err := gorgonia.ApplyOp(o, inputs...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.name, err)
	}
	return n, nil
}

// Do runs the operation. A panic becomes an error: in the goroutine of Gorgonia's machine it would
// end the process.
func (o *operation) Do(inputs ...gorgonia.Value) (v gorgonia.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			v, err = nil, fmt.Errorf("%s: panic: %v", o.name, r)
		}
	}()
	if len(inputs) != len(o.inputs) {
		return nil, fmt.Errorf("%s: %d values, need %d", o.name, len(inputs), len(o.inputs))
	}
	if v, err = o.run(inputs); err != nil {
		return nil, fmt.Errorf("%s: %w", o.name, err)
	}
	return v, nil
}

// Type is the type of the operation, a function of tensors of known dimensions.
func (o *operation) Type() hm.Type {
	types := make([]hm.Type, 0, len(o.inputs)+1)
	for _, s := range append(o.inputs[:len(o.inputs):len(o.inputs)], o.output) {
		if s.Dims() == 0 {
			types = append(types, o.dtype)
		} else {
			types = append(types, gorgonia.TensorType{Dims: s.Dims(), Of: o.dtype})
		}
	}
	return hm.NewFnType(types...)
}

// SymDiff adds the nodes of the gradients to the graph.
func (o *operation) SymDiff(
	inputs gorgonia.Nodes, output, grad *gorgonia.Node,
) (gorgonia.Nodes, error) {
	if o.diff == nil {
		return nil, fmt.Errorf("%s is a gradient and has none", o.name)
	}
	return o.diff(inputs, output, grad)
}

// DiffWRT says which inputs have a gradient.
func (o *operation) DiffWRT(inputs int) []bool {
	if len(o.wrt) != inputs {
		return make([]bool, inputs)
	}
	return o.wrt
}

// WriteHash writes the identity of the operation. Gorgonia merges nodes of equal hashes: without
// network and index, two gradients would become one.
func (o *operation) WriteHash(h hash.Hash) {
	fmt.Fprintf(h, "%s %d %p %v %v %v", o.name, o.index, o.network, o.dtype, o.inputs, o.output)
}

// Hashcode is the hash of WriteHash.
func (o *operation) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// InferShape is the shape of the output.
func (o *operation) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return o.output.Clone(), nil
}

// Arity is the number of inputs.
func (o *operation) Arity() int { return len(o.inputs) }

// ReturnsPtr is true: the value is memory of the network.
func (o *operation) ReturnsPtr() bool { return true }

// CallsExtern is false: the operation needs no memory from Gorgonia.
func (o *operation) CallsExtern() bool { return false }

// OverwritesInput is -1: the operation writes to no input.
func (o *operation) OverwritesInput() int { return -1 }

// String is the name of the operation.
func (o *operation) String() string { return o.name }
