package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/onnx"
)

// checkGraph accepts a graph only if it equals the wanted one, except for the elements of the
// weights, the names of nodes, and the order of tensors and attributes. Package nn computes
// forecasts; nobody runs the graph. So a graph that says anything else would not be the model that
// serves.
func checkGraph(have *onnx.Graph, want onnx.Graph) error {
	if err := checkOperations(have.Nodes, want.Nodes); err != nil {
		return err
	}
	if err := checkTensors(have.Initializers, want.Initializers); err != nil {
		return err
	}
	if err := checkValues("input", have.Inputs, want.Inputs); err != nil {
		return err
	}
	if err := checkValues("output", have.Outputs, want.Outputs); err != nil {
		return err
	}
	return checkNodes(have.Nodes, want.Nodes)
}

// checkOperations returns the first operation of a graph that the wanted graph does not have.
func checkOperations(have, want []onnx.Node) error {
	var known []string
	for _, n := range want {
		known = append(known, n.Op)
	}
	slices.Sort(known)
	known = slices.Compact(known)
	for i, n := range have {
		if n.Domain != "" || !slices.Contains(known, n.Op) {
			return fmt.Errorf("operation %.80q of domain %.80q, node %d, is none that this "+
				"program runs in a model of this spec: %s",
				n.Op, n.Domain, i+1, strings.Join(known, " "))
		}
	}
	return nil
}

func checkTensors(have, want []onnx.Tensor) error {
	for _, w := range want {
		i := slices.IndexFunc(have, func(t onnx.Tensor) bool { return t.Name == w.Name })
		if i < 0 {
			return fmt.Errorf("tensor %s is missing", w.Name)
		}
		h := have[i]
		if h.Type != w.Type {
			return fmt.Errorf("tensor %s is of %v, must be %v", w.Name, h.Type, w.Type)
		}
		if !slices.Equal(h.Dims, w.Dims) {
			return fmt.Errorf("tensor %s has the shape %v, its spec needs %v", w.Name, h.Dims,
				w.Dims)
		}
		if !slices.Equal(h.Ints, w.Ints) || w.Floats != nil &&
			!slices.EqualFunc(h.Floats, w.Floats, sameBits) {
			return fmt.Errorf("constant %s is %v%v, its spec needs %v%v", w.Name, h.Ints, h.Floats,
				w.Ints, w.Floats)
		}
		if w.Floats != nil {
			continue
		}
		if i := slices.IndexFunc(h.Floats,
			func(x float32) bool { return !meter.Finite(x) }); i >= 0 {
			return fmt.Errorf("weight %d of tensor %s is %v", i, w.Name, h.Floats[i])
		}
	}
	// All wanted operations are found, so an operation that is left is one too many.
	seen := map[string]bool{}
	for _, h := range have {
		if seen[h.Name] || !slices.ContainsFunc(want,
			func(t onnx.Tensor) bool { return t.Name == h.Name }) {
			return fmt.Errorf("tensor %.80q is there twice, or is none of a model of this spec",
				h.Name)
		}
		seen[h.Name] = true
	}
	return nil
}

func sameBits(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }

func checkValues(what string, have, want []onnx.Value) error {
	for i, w := range want {
		if i >= len(have) || have[i].Name != w.Name || have[i].Type != w.Type ||
			!slices.Equal(have[i].Dims, w.Dims) {
			return fmt.Errorf("%s %d must be %s of %v, with dimensions %v", what, i+1, w.Name,
				w.Type, w.Dims)
		}
	}
	if len(have) > len(want) {
		return fmt.Errorf("%s %.80q: a model of this spec has %d of them", what,
			have[len(want)].Name, len(want))
	}
	return nil
}

func checkNodes(have, want []onnx.Node) error {
	for i, w := range want {
		if i >= len(have) {
			return fmt.Errorf("%d nodes, a model of this spec has %d", len(have), len(want))
		}
		h := have[i]
		if h.Op != w.Op || !slices.Equal(h.Inputs, w.Inputs) ||
			!slices.Equal(h.Outputs, w.Outputs) || !sameAttributes(h.Attributes, w.Attributes) {
			return fmt.Errorf("node %d is %.400s, must be %s", i+1, describe(h), describe(w))
		}
	}
	if len(have) > len(want) {
		return fmt.Errorf("node %d is %.400s: a model of this spec has %d nodes", len(want)+1,
			describe(have[len(want)]), len(want))
	}
	return nil
}

func sameAttributes(have, want []onnx.Attribute) bool {
	byName := func(a, b onnx.Attribute) int { return cmp.Compare(a.Name, b.Name) }
	return slices.Equal(slices.SortedFunc(slices.Values(have), byName),
		slices.SortedFunc(slices.Values(want), byName))
}

// describe returns a node on one line, as in `Squeeze(h_out const.direction) -> state`.
func describe(n onnx.Node) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s(%q)", n.Op, n.Inputs)
	for _, a := range n.Attributes {
		fmt.Fprintf(&b, " %q=%d:%v", a.Name, a.Int, a.Type)
	}
	fmt.Fprintf(&b, " -> %q", n.Outputs)
	return b.String()
}
