package onnx_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	pw "google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/onnx"
)

// small is y = max(x w, b) with everything that a file can hold.
func small() *onnx.Model {
	return &onnx.Model{
		Producer: "test",
		Graph: onnx.Graph{
			Name: "small",
			Nodes: []onnx.Node{
				{Name: "first", Op: "Gemm", Inputs: []string{"x", "w", ""}, Outputs: []string{"z"}, Attributes: []onnx.Attribute{{Name: "transA", Type: onnx.AttributeInt, Int: -1}}},
				{Name: "second", Op: "Max", Domain: "com.acme", Inputs: []string{"z", "b"}, Outputs: []string{"y"}},
			},
			Initializers: []onnx.Tensor{
				{Name: "w", Type: onnx.Float, Dims: []int64{2, 1}, Floats: []float32{1.5, float32(math.Inf(-1))}},
				{Name: "b", Type: onnx.Float, Floats: []float32{-2}},
				{Name: "n", Type: onnx.Int64, Dims: []int64{2}, Ints: []int64{-1, math.MaxInt64}},
				{Name: "none", Type: onnx.Float, Dims: []int64{3, 0}, Floats: []float32{}},
			},
			Inputs:  []onnx.Value{{Name: "x", Type: onnx.Float, Dims: []onnx.Dim{{Name: "B"}, {Size: 2}}}},
			Outputs: []onnx.Value{{Name: "y", Type: onnx.Float, Dims: []onnx.Dim{{Name: "B"}, {Size: 1}}}},
		},
		Metadata: []onnx.Property{{Key: "a", Value: "1"}, {Key: "a", Value: "2"}},
	}
}

func bytesOf(t testing.TB, m *onnx.Model) []byte {
	t.Helper()
	b, err := onnx.Append(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	m, err := onnx.Read(bytesOf(t, small()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(small(), m); diff != "" {
		t.Errorf("(-written +read):\n%s", diff)
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	name := rapid.StringMatching(`[a-z.]{0,5}`)
	rapid.Check(t, func(t *rapid.T) {
		m := small()
		g := &m.Graph
		n := rapid.IntRange(0, 4).Draw(t, "elements")
		g.Initializers = append(g.Initializers, onnx.Tensor{Name: name.Draw(t, "tensor"), Type: onnx.Float, Dims: []int64{int64(n)},
			Floats: rapid.SliceOfN(rapid.Float32(), n, n).Draw(t, "floats")})
		g.Nodes = append(g.Nodes, onnx.Node{Op: name.Draw(t, "op"), Inputs: rapid.SliceOfN(name, 1, 3).Draw(t, "inputs"), Outputs: rapid.SliceOfN(name, 1, 3).Draw(t, "outputs"),
			Attributes: []onnx.Attribute{{Name: name.Draw(t, "attribute"), Type: onnx.AttributeInt, Int: rapid.Int64().Draw(t, "int")}}})
		b, err := onnx.Append([]byte("before"), m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := onnx.Read(b[len("before"):])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, got); diff != "" {
			t.Fatalf("(-written +read):\n%s", diff)
		}
	})
}

// Every beginning of a file is refused, or it is one that ends between fields of
// the model: then it is another, whole model, as protobuf has it.
func TestCutShort(t *testing.T) {
	t.Parallel()
	b, refused := bytesOf(t, small()), 0
	for n := range b {
		if _, err := onnx.Read(b[:n]); err != nil {
			refused++
			if text := err.Error(); !strings.Contains(text, "cut short") {
				t.Errorf("%d of %d bytes: %v", n, len(b), err)
			}
		}
	}
	if refused < len(b)-len(small().Metadata) {
		t.Errorf("%d of %d beginnings are refused", refused, len(b))
	}
}

// message, number and text are fields as some other writer may write them.
func message(field pw.Number, parts ...[]byte) []byte {
	return pw.AppendBytes(pw.AppendTag(nil, field, pw.BytesType), slices.Concat(parts...))
}

func number(field pw.Number, v int64) []byte {
	return pw.AppendVarint(pw.AppendTag(nil, field, pw.VarintType), uint64(v))
}

func text(field pw.Number, s string) []byte { return message(field, []byte(s)) }

// model is a file around the fields of a graph.
func model(graph ...[]byte) []byte {
	return slices.Concat(number(1, onnx.IRVersion), message(7, graph...), message(8, number(2, onnx.Opset)))
}

func tensor(parts ...[]byte) []byte {
	return model(message(5, text(8, "w"), slices.Concat(parts...)))
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	float, one := number(2, 1), number(1, 1)
	raw := func(n int) []byte { return message(9, make([]byte, n)) }
	cases := map[string]struct {
		file []byte
		says string
	}{
		"nothing":             {nil, "no IR version"},
		"text":                {[]byte("{\"schema\": 1}"), "not ONNX"},
		"no graph":            {slices.Concat(number(1, 8), message(8, number(2, 17))), "no graph"},
		"no opset":            {slices.Concat(number(1, 8), message(7)), "no opset version"},
		"IR version 3":        {slices.Concat(number(1, 3), text(99, "x")), "unknown IR version 3, this program reads 8"},
		"IR version is text":  {text(1, "8"), "field 1 is no integer"},
		"opset 9":             {slices.Concat(number(1, 8), message(8, number(2, 9))), "unknown opset version 9, this program reads 17"},
		"another domain":      {slices.Concat(model(), message(8, text(1, "ai.onnx.ml"), number(2, 3))), `operations of domain "ai.onnx.ml"`},
		"functions":           {slices.Concat(model(), message(25)), "the model has field 25"},
		"training":            {slices.Concat(model(), message(20)), "the model has field 20"},
		"sparse tensors":      {model(message(15)), "the graph has field 15"},
		"two graphs":          {slices.Concat(model(), message(7)), "more than one graph"},
		"a group":             {pw.AppendTag(nil, 3, pw.StartGroupType), "field 3 has wire type 3"},
		"field 0":             {[]byte{0, 0}, "not ONNX"},
		"endless number":      {[]byte{8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}, "not ONNX"},
		"no room for it":      {[]byte{0x3a, 255, 255, 255, 255, 15}, "cut short"},
		"graph is a number":   {number(7, 1), "field 7 is no message"},
		"float16":             {tensor(number(2, 10), one, raw(2)), `tensor "w": unknown data type FLOAT16, this program reads FLOAT and INT64`},
		"double":              {tensor(number(2, 11), one, raw(8)), "unknown data type DOUBLE"},
		"type 99":             {tensor(number(2, 99), one, raw(8)), "unknown data type 99"},
		"no type":             {tensor(one, raw(4)), "unknown data type UNDEFINED"},
		"external":            {tensor(float, one, message(13, text(1, "location"), text(2, "../../etc/passwd"))), `tensor "w": keeps its data in another file (external data)`},
		"external, by place":  {tensor(float, one, number(14, 1), raw(4)), "external data"},
		"too few bytes":       {tensor(float, number(1, 2), raw(4)), "holds 4 bytes, its shape [2] needs 8"},
		"too many bytes":      {tensor(float, raw(8)), "holds 8 bytes, its shape [] needs 4"},
		"no data":             {tensor(float, one), "holds 0 elements, its shape [1] needs 1"},
		"data twice":          {tensor(float, one, raw(4), raw(4)), "there twice"},
		"data in two ways":    {tensor(float, one, raw(4), message(4, make([]byte, 4))), "more than one kind"},
		"data of other kind":  {tensor(float, one, number(7, 1)), "more than one kind"},
		"half a float":        {tensor(float, one, message(4, make([]byte, 3))), "cut short within its floats"},
		"negative dimension":  {tensor(float, number(1, -1), raw(4)), "a dimension of -1"},
		"huge shape":          {tensor(float, number(1, 1<<26), number(1, 1<<26), raw(4)), "more elements than any file holds"},
		"shape overflows":     {tensor(float, number(1, 1<<40), number(1, 1<<40), raw(4)), "a dimension of 1099511627776"},
		"nine dimensions":     {tensor(float, bytesTimes(one, 9), raw(4)), "more than 8 integers"},
		"many integers":       {tensor(number(2, 7), number(1, 5000), raw(40000)), "5000 integers, at most 4096"},
		"many small integers": {tensor(number(2, 7), number(1, 5000), message(7, make([]byte, 5000))), "more than 4096 integers"},
		"segment":             {tensor(float, message(3)), "has field 3"},
		"many nodes":          {model(bytesTimes(message(1), 1025)), "more than 1024 nodes"},
		"many tensors":        {model(bytesTimes(message(5, float, number(1, 0)), 1025)), "more than 1024 tensors"},
		"many inputs":         {model(bytesTimes(message(11), 1025)), "more than 1024 inputs"},
		"many properties":     {slices.Concat(model(), bytesTimes(message(14), 1025)), "more than 1024 properties"},
		"many names":          {model(message(1, text(4, "Sum"), bytesTimes(text(1, ""), 65))), `node 1, "Sum": more than 64`},
		"many attributes":     {model(message(1, bytesTimes(message(5), 65))), "more than 64 attributes"},
		"a long name":         {model(message(1, text(4, strings.Repeat("x", 5000)))), "a text of 5000 bytes, at most 4096"},
		"overload":            {model(message(1, text(8, "x"))), "has field 8"},
		"a sequence":          {model(message(11, text(1, "x"), message(2, message(4)))), `input "x": is no tensor`},
		"nine dims of input":  {model(message(12, message(2, message(1, message(2, bytesTimes(message(1), 9)))))), "more than 8 dimensions"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := onnx.Read(c.file)
			if m != nil || err == nil || !strings.Contains(err.Error(), c.says) ||
				!strings.HasPrefix(err.Error(), "onnx: ") {
				t.Errorf("%+v, %v, want %q", m, err, c.says)
			}
		})
	}
}

func bytesTimes(b []byte, n int) []byte { return slices.Repeat(b, n) }

// What other writers do differently, and what says nothing about the network.
func TestReadTakesOtherWriters(t *testing.T) {
	t.Parallel()
	float := pw.AppendFixed32(nil, math.Float32bits(2.5))
	b := slices.Concat(
		message(14, text(1, "k"), text(2, "v")), // out of order, as protobuf allows
		number(1, onnx.IRVersion), text(2, "pytorch"), text(3, "2.12"), text(4, "org"), number(5, 7), text(6, "words"),
		message(8, number(2, onnx.Opset)),
		message(7, text(10, "words"), message(13, text(1, "z")),
			message(1, text(4, "If"), text(6, "words"), message(5, text(1, "then_branch"), number(20, 5), message(6, text(2, "inner")))),
			message(5, text(8, "packed"), message(1, []byte{2}), number(2, 1), message(4, float, float), text(12, "words")),
			message(5, text(8, "one by one"), number(2, 1), number(1, 2), pw.AppendTag(nil, 4, pw.Fixed32Type), float, pw.AppendTag(nil, 4, pw.Fixed32Type), float, number(14, 0)),
			message(5, text(8, "integers"), number(2, 7), number(1, 2), message(7, []byte{3, 4})),
		),
	)
	m, err := onnx.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	want := &onnx.Model{Producer: "pytorch", Metadata: []onnx.Property{{Key: "k", Value: "v"}}, Graph: onnx.Graph{
		Nodes: []onnx.Node{{Op: "If", Attributes: []onnx.Attribute{{Name: "then_branch", Type: 5}}}},
		Initializers: []onnx.Tensor{
			{Name: "packed", Type: onnx.Float, Dims: []int64{2}, Floats: []float32{2.5, 2.5}},
			{Name: "one by one", Type: onnx.Float, Dims: []int64{2}, Floats: []float32{2.5, 2.5}},
			{Name: "integers", Type: onnx.Int64, Dims: []int64{2}, Ints: []int64{3, 4}},
		},
	}}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s := m.Graph.Nodes[0].Attributes[0].Type.String(); s != "GRAPH" {
		t.Errorf("type %s", s)
	}
}

func TestSizeIsBounded(t *testing.T) {
	t.Parallel()
	if _, err := onnx.Read(make([]byte, onnx.MaxSize+1)); err == nil ||
		!strings.Contains(err.Error(), "67108865 bytes, at most 67108864") {
		t.Errorf("%v", err)
	}
	m := small()
	m.Graph.Initializers[0].Dims = []int64{onnx.MaxSize / 4}
	m.Graph.Initializers[0].Floats = make([]float32, onnx.MaxSize/4)
	if _, err := onnx.Append(nil, m); err == nil ||
		!strings.Contains(err.Error(), "at most 67108864") {
		t.Errorf("%v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(bytesOf(f, small()))
	f.Add(tensor(number(2, 1), number(1, 2), message(4, make([]byte, 8))))
	f.Add(model(message(11, text(1, "x"), message(2, message(1, number(1, 1), message(2, message(1, number(1, 3))))))))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := onnx.Read(b)
		if err != nil {
			return
		}
		for _, w := range m.Graph.Initializers {
			n := int64(1)
			for _, d := range w.Dims {
				n *= d
			}
			if int64(len(w.Floats)+len(w.Ints)) != n {
				t.Fatalf("%d elements, shape %v", len(w.Floats)+len(w.Ints), w.Dims)
			}
		}
		if _, err := onnx.Read(bytesOf(t, m)); err != nil {
			t.Fatalf("what was read cannot be written and read: %v", err)
		}
	})
}

func ExampleRead() {
	_, err := onnx.Read([]byte{8, 3})
	fmt.Println(err)
	// Output: onnx: unknown IR version 3, this program reads 8
}
