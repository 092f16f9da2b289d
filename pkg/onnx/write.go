package onnx

import (
	"fmt"
	"math"
	"slices"

	pw "google.golang.org/protobuf/encoding/protowire"
)

// Append appends the file of m to b. The same model gives the same bytes. A file
// of more than MaxSize bytes is an error; that every name is tied and every
// tensor holds what its dimensions say is up to the caller.
func Append(b []byte, m *Model) ([]byte, error) {
	at := len(b)
	b = appendInt(b, modelIRVersion, IRVersion)
	b = appendText(b, modelProducer, m.Producer)
	b = appendBytes(b, modelGraph, graphBytes(&m.Graph))
	b = appendBytes(b, modelOpset, appendInt(nil, opsetVersion, Opset))
	for _, p := range m.Metadata {
		b = appendBytes(
			b, modelMetadata, appendText(appendText(nil, propertyKey, p.Key), propertyValue, p.Value),
		)
	}
	if n := len(b) - at; n > MaxSize {
		return nil, fmt.Errorf("onnx: a file of %d bytes, at most %d are read again", n, MaxSize)
	}
	return b, nil
}

func graphBytes(g *Graph) []byte {
	var b []byte
	for i := range g.Nodes {
		b = appendBytes(b, graphNode, nodeBytes(&g.Nodes[i]))
	}
	b = appendText(b, graphName, g.Name)
	for i := range g.Initializers {
		b = appendBytes(b, graphInitializer, tensorBytes(&g.Initializers[i]))
	}
	for i := range g.Inputs {
		b = appendBytes(b, graphInput, valueBytes(&g.Inputs[i]))
	}
	for i := range g.Outputs {
		b = appendBytes(b, graphOutput, valueBytes(&g.Outputs[i]))
	}
	return b
}

func nodeBytes(n *Node) []byte {
	var b []byte
	for _, name := range n.Inputs {
		// an empty one keeps its place
		b = pw.AppendString(pw.AppendTag(b, nodeInput, pw.BytesType), name)
	}
	for _, name := range n.Outputs {
		b = pw.AppendString(pw.AppendTag(b, nodeOutput, pw.BytesType), name)
	}
	b = appendText(b, nodeName, n.Name)
	b = appendText(b, nodeOp, n.Op)
	for _, a := range n.Attributes {
		one := appendText(nil, attributeName, a.Name)
		one = appendInt(one, attributeInt, a.Int)
		one = appendInt(one, attributeType, int64(a.Type))
		b = appendBytes(b, nodeAttribute, one)
	}
	return appendText(b, nodeDomain, n.Domain)
}

func tensorBytes(t *Tensor) []byte {
	b := slices.Grow([]byte(nil), 4*len(t.Floats)+8*len(t.Ints)+64+len(t.Name))
	for _, d := range t.Dims {
		b = appendInt(b, tensorDim, d)
	}
	b = appendInt(b, tensorType, int64(t.Type))
	b = appendText(b, tensorName, t.Name)
	b = pw.AppendTag(b, tensorRaw, pw.BytesType)
	b = pw.AppendVarint(b, uint64(4*len(t.Floats)+8*len(t.Ints)))
	for _, v := range t.Floats {
		b = pw.AppendFixed32(b, math.Float32bits(v))
	}
	for _, v := range t.Ints {
		b = pw.AppendFixed64(b, uint64(v))
	}
	return b
}

func valueBytes(v *Value) []byte {
	var shape []byte
	for _, d := range v.Dims {
		var dim []byte
		if d.Name != "" {
			dim = appendText(nil, dimName, d.Name)
		} else {
			dim = appendInt(nil, dimSize, d.Size)
		}
		shape = appendBytes(shape, shapeDim, dim)
	}
	tensor := appendBytes(appendInt(nil, tensorTypeElement, int64(v.Type)), tensorTypeShape, shape)
	return appendBytes(
		appendText(nil, valueName, v.Name), valueType, appendBytes(nil, typeTensor, tensor),
	)
}

func appendInt(b []byte, field pw.Number, v int64) []byte {
	return pw.AppendVarint(pw.AppendTag(b, field, pw.VarintType), uint64(v))
}

// appendText leaves out an empty text, as protobuf does.
func appendText(b []byte, field pw.Number, text string) []byte {
	if text == "" {
		return b
	}
	return pw.AppendString(pw.AppendTag(b, field, pw.BytesType), text)
}

func appendBytes(b []byte, field pw.Number, v []byte) []byte {
	return pw.AppendBytes(pw.AppendTag(b, field, pw.BytesType), v)
}
