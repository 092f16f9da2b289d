package onnx

import (
	"errors"
	"fmt"
)

// Read reads a file. It refuses, with an error that names it: another IR version,
// opset or domain than this package writes; a file that is cut short, not ONNX,
// or beyond MaxSize; data outside the file; elements that are neither float32 nor
// int64; a tensor with more or fewer elements than its dimensions say; functions,
// sparse tensors and every other field that it does not know. Whether nodes fit
// together it does not look at. Nothing in the result belongs to b.
func Read(b []byte) (*Model, error) {
	if len(b) > MaxSize {
		return nil, fmt.Errorf("onnx: %d bytes, at most %d are read", len(b), MaxSize)
	}
	var m Model
	r := modelReader{m: &m}
	if err := fields(b, r.field); err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	return &m, nil
}

type modelReader struct {
	m         *Model
	irVersion int64
	opset     int64
	graphs    int
}

func (r *modelReader) field(f field) error {
	switch f.num {
	case modelIRVersion:
		// The first field that any writer writes: what follows in another version
		// is not looked at.
		if err := f.integer(&r.irVersion); err != nil {
			return err
		}
		return r.checkIR()
	case modelProducer:
		return f.text(&r.m.Producer, maxText)
	case modelGraph:
		if r.graphs++; r.graphs > 1 {
			return errors.New("more than one graph")
		}
		return f.message(func(f field) error { return readGraph(&r.m.Graph, f) })
	case modelOpset:
		return r.readOpset(f)
	case modelMetadata:
		if len(r.m.Metadata) == maxItems {
			return fmt.Errorf("more than %d properties", maxItems)
		}
		p, err := readProperty(f)
		r.m.Metadata = append(r.m.Metadata, p)
		return err
	case modelProducerVersion, modelDomain, modelVersion, modelDoc:
		return nil
	default:
		return fmt.Errorf("the model %w", f.unknown())
	}
}

func (r *modelReader) checkIR() error {
	if r.irVersion != IRVersion {
		return fmt.Errorf("unknown IR version %d, this program reads %d", r.irVersion, IRVersion)
	}
	return nil
}

func (r *modelReader) check() error {
	if r.irVersion == 0 {
		return errors.New("no IR version: not ONNX, or cut short")
	}
	if r.graphs == 0 {
		return errors.New("no graph: not ONNX, or cut short")
	}
	if r.opset == 0 {
		return errors.New("no opset version: not ONNX, or cut short")
	}
	return nil
}

func (r *modelReader) readOpset(f field) error {
	var domain string
	var version int64
	err := f.message(func(f field) error {
		switch f.num {
		case opsetDomain:
			return f.text(&domain, maxText)
		case opsetVersion:
			return f.integer(&version)
		default:
			return fmt.Errorf("an opset %w", f.unknown())
		}
	})
	switch {
	case err != nil:
		return err
	case domain != "":
		return fmt.Errorf("operations of domain %.80q: this program runs those of ONNX alone", domain)
	case version != Opset:
		return fmt.Errorf("unknown opset version %d, this program reads %d", version, Opset)
	}
	r.opset = version
	return nil
}

func readProperty(f field) (p Property, err error) {
	err = f.message(func(f field) error {
		switch f.num {
		case propertyKey:
			return f.text(&p.Key, maxText)
		case propertyValue:
			return f.text(&p.Value, maxProperty)
		default:
			return fmt.Errorf("a property %w", f.unknown())
		}
	})
	return p, err
}

func readGraph(g *Graph, f field) error {
	switch f.num {
	case graphNode:
		n, err := readNode(f)
		if err != nil {
			return fmt.Errorf("node %d, %.80q: %w", len(g.Nodes)+1, n.Op, err)
		}
		return add(&g.Nodes, n, "nodes")
	case graphName:
		return f.text(&g.Name, maxText)
	case graphInitializer:
		t, err := readTensor(f)
		if err != nil {
			return fmt.Errorf("tensor %.80q: %w", t.Name, err)
		}
		return add(&g.Initializers, t, "tensors")
	case graphInput:
		v, err := readValue(f)
		if err != nil {
			return fmt.Errorf("input %.80q: %w", v.Name, err)
		}
		return add(&g.Inputs, v, "inputs")
	case graphOutput:
		v, err := readValue(f)
		if err != nil {
			return fmt.Errorf("output %.80q: %w", v.Name, err)
		}
		return add(&g.Outputs, v, "outputs")
	case graphDoc, graphValueInfo:
		return nil
	default:
		return fmt.Errorf("the graph %w", f.unknown())
	}
}

func add[T any](list *[]T, item T, what string) error {
	if len(*list) == maxItems {
		return fmt.Errorf("more than %d %s", maxItems, what)
	}
	*list = append(*list, item)
	return nil
}

func readNode(f field) (n Node, err error) {
	err = f.message(func(f field) error {
		switch f.num {
		case nodeInput:
			return f.texts(&n.Inputs)
		case nodeOutput:
			return f.texts(&n.Outputs)
		case nodeName:
			return f.text(&n.Name, maxText)
		case nodeOp:
			return f.text(&n.Op, maxText)
		case nodeDomain:
			return f.text(&n.Domain, maxText)
		case nodeAttribute:
			if len(n.Attributes) == maxTerms {
				return fmt.Errorf("more than %d attributes", maxTerms)
			}
			a, err := readAttribute(f)
			n.Attributes = append(n.Attributes, a)
			return err
		case nodeDoc:
			return nil
		default:
			return f.unknown()
		}
	})
	return n, err
}

// readAttribute keeps the value of an integer alone. The type tells the others,
// so that it is the operation which is refused and not the file that holds it.
func readAttribute(f field) (a Attribute, err error) {
	err = f.message(func(f field) error {
		switch f.num {
		case attributeName:
			return f.text(&a.Name, maxText)
		case attributeInt:
			return f.integer(&a.Int)
		case attributeType:
			return f.integer((*int64)(&a.Type))
		default:
			return nil
		}
	})
	return a, err
}

func readValue(f field) (v Value, err error) {
	err = f.message(func(f field) error {
		switch f.num {
		case valueName:
			return f.text(&v.Name, maxText)
		case valueType:
			return f.message(func(f field) error {
				if f.num != typeTensor {
					return errors.New("is no tensor")
				}
				return f.message(func(f field) error { return readTensorType(&v, f) })
			})
		case valueDoc:
			return nil
		default:
			return f.unknown()
		}
	})
	return v, err
}

func readTensorType(v *Value, f field) error {
	switch f.num {
	case tensorTypeElement:
		return f.integer((*int64)(&v.Type))
	case tensorTypeShape:
		return f.message(func(f field) error {
			if f.num != shapeDim {
				return f.unknown()
			}
			if len(v.Dims) == maxDims {
				return fmt.Errorf("more than %d dimensions", maxDims)
			}
			var d Dim
			err := f.message(func(f field) error {
				switch f.num {
				case dimSize:
					return f.integer(&d.Size)
				case dimName:
					return f.text(&d.Name, maxText)
				default:
					return f.unknown()
				}
			})
			v.Dims = append(v.Dims, d)
			return err
		})
	default:
		return f.unknown()
	}
}
