package onnx

import "fmt"

// What this package writes, and all it reads.
const (
	IRVersion = 8
	Opset     = 17
	// MaxSize is the largest file, in bytes.
	MaxSize = 64 << 20
)

// Limits of a file, so that a small one cannot ask for much memory.
const (
	maxItems    = 1024    // nodes, tensors, values or properties of one list
	maxTerms    = 64      // inputs, outputs or attributes of one node
	maxDims     = 8       // of one tensor or value
	maxIntegers = 4096    // elements of an int64 tensor
	maxText     = 4096    // bytes of a name
	maxProperty = 1 << 20 // bytes of a property's value
)

// Model is a file: one graph and what is said about it.
type Model struct {
	Producer string
	Graph    Graph
	Metadata []Property // metadata_props
}

// Property is a pair of a model's metadata.
type Property struct{ Key, Value string }

// Graph is operations in an order in which they can run.
type Graph struct {
	Name         string
	Nodes        []Node
	Initializers []Tensor
	Inputs       []Value
	Outputs      []Value
}

// Node is one operation. Values are tied by their names; an optional one that is
// left out has an empty name.
type Node struct {
	Name       string
	Op         string
	Domain     string // empty for ONNX's own operations
	Inputs     []string
	Outputs    []string
	Attributes []Attribute
}

// Attribute is a named constant of a node. Int is its value when Type is
// AttributeInt; values of other types are not kept.
type Attribute struct {
	Name string
	Type AttributeType
	Int  int64
}

// AttributeType is a number of ONNX's AttributeProto.AttributeType.
type AttributeType int64

// AttributeInt is the type of an attribute that is one int64.
const AttributeInt AttributeType = 2

var attributeTypes = [...]string{
	"UNDEFINED", "FLOAT", "INT", "STRING", "TENSOR", "GRAPH", "FLOATS", "INTS", "STRINGS", "TENSORS",
	"GRAPHS",
	"SPARSE_TENSOR", "SPARSE_TENSORS", "TYPE_PROTO", "TYPE_PROTOS",
}

// String is the name in ONNX's documents.
func (t AttributeType) String() string { return nameOf(attributeTypes[:], int64(t)) }

// DataType is a number of ONNX's TensorProto.DataType.
type DataType int64

// The types of elements.
const (
	Float DataType = 1 // float32
	Int64 DataType = 7
)

var dataTypes = [...]string{
	"UNDEFINED", "FLOAT", "UINT8", "INT8", "UINT16", "INT16", "INT32", "INT64", "STRING", "BOOL",
	"FLOAT16", "DOUBLE",
	"UINT32", "UINT64", "COMPLEX64", "COMPLEX128", "BFLOAT16",
}

// String is the name in ONNX's documents.
func (t DataType) String() string { return nameOf(dataTypes[:], int64(t)) }

func nameOf(names []string, i int64) string {
	if i >= 0 && i < int64(len(names)) {
		return names[i]
	}
	return fmt.Sprint(i)
}

// Tensor is a constant of a graph, row-major. Floats or Ints holds as many
// elements as Dims multiply to; a scalar has no Dims and one element.
type Tensor struct {
	Name   string
	Dims   []int64
	Type   DataType
	Floats []float32 // of type Float
	Ints   []int64   // of type Int64
}

// Value is an input or output of a graph.
type Value struct {
	Name string
	Type DataType
	Dims []Dim
}

// Dim is one dimension of a Value: a size, or a name for one that each run
// chooses.
type Dim struct {
	Size int64
	Name string
}

// String is the name, or the size.
func (d Dim) String() string {
	if d.Name != "" {
		return d.Name
	}
	return fmt.Sprint(d.Size)
}
