package model

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/onnx"
)

// edit changes a file of the folder and, when honest, makes the digest right
// again: such a folder was written by a liar, not damaged.
func edit(name string, honest bool, change func([]byte) []byte) func(t testing.TB, dir string) {
	return func(t testing.TB, dir string) {
		t.Helper()
		path := filepath.Join(dir, name)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, change(b), 0o644); err != nil {
			t.Fatal(err)
		}
		if honest {
			digest, err := digestIn(dir)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, digestFile), []byte(digest), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// damage changes the model file and leaves the digest as it was.
func damage(change func([]byte) []byte) func(t testing.TB, dir string) {
	return edit(modelFile, false, change)
}

// lie changes the model file's bytes and its digest.
func lie(change func([]byte) []byte) func(t testing.TB, dir string) {
	return edit(modelFile, true, change)
}

// forge changes what the model file says, and its digest.
func forge(change func(m *onnx.Model)) func(t testing.TB, dir string) {
	return func(t testing.TB, dir string) {
		t.Helper()
		lie(func(b []byte) []byte {
			m, err := onnx.Read(b)
			if err != nil {
				t.Fatal(err)
			}
			change(m)
			b, err = onnx.Append(nil, m)
			if err != nil {
				t.Fatal(err)
			}
			return b
		})(t, dir)
	}
}

// respec changes the text of the spec.
func respec(change func([]byte) []byte) func(t testing.TB, dir string) {
	return forge(func(m *onnx.Model) { m.Metadata[0].Value = string(change([]byte(m.Metadata[0].Value))) })
}

// retensor changes one tensor.
func retensor(name string, change func(t *onnx.Tensor)) func(t testing.TB, dir string) {
	return forge(func(m *onnx.Model) {
		i := slices.IndexFunc(m.Graph.Initializers, func(t onnx.Tensor) bool { return t.Name == name })
		change(&m.Graph.Initializers[i])
	})
}

func replace(old, new string) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(new), 1) }
}

func without(name string) func(t testing.TB, dir string) {
	return func(t testing.TB, dir string) {
		t.Helper()
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	cases := map[string]struct {
		spoil func(t testing.TB, dir string)
		file  string
		says  string
	}{
		"no model":        {without(modelFile), modelFile, "is missing"},
		"no digest":       {without(digestFile), digestFile, "is missing"},
		"another digest":  {edit(digestFile, false, replace("sha256:", "sha256:0")), digestFile, "not sha256:<64 hex digits>"},
		"wrong checksum":  {damage(func(b []byte) []byte { b[len(b)/2] ^= 1; return b }), modelFile, "wrong checksum: the file is sha256:"},
		"another spec":    {damage(replace(`"hidden":3`, `"hidden":4`)), modelFile, "wrong checksum"},
		"cut short":       {damage(func(b []byte) []byte { return b[:len(b)/2] }), modelFile, "wrong checksum: the file is sha256:"},
		"cut short, told": {damage(func(b []byte) []byte { return b[:len(b)/2] }), modelFile, ": onnx: cut short"},
		"honestly cut":    {lie(func(b []byte) []byte { return b[:len(b)/2] }), modelFile, "onnx: cut short"},
		"empty":           {lie(func([]byte) []byte { return nil }), modelFile, "no IR version: not ONNX, or cut short"},
		"goes on":         {lie(func(b []byte) []byte { return append(b, 1, 2) }), modelFile, "not ONNX"},
		"two models":      {lie(func(b []byte) []byte { return append(b, b...) }), modelFile, "more than one graph"},
		"IR version 9":    {lie(func(b []byte) []byte { b[1] = 9; return b }), modelFile, "unknown IR version 9, this program reads 8"},
		"opset 18":        {lie(replace("B\x02\x10\x11", "B\x02\x10\x12")), modelFile, "unknown opset version 18, this program reads 17"},
		"10 GB":           {func(t testing.TB, dir string) { grow(t, filepath.Join(dir, modelFile), 10<<30) }, modelFile, "at most 67108864"},
		"a byte too much": {func(t testing.TB, dir string) { grow(t, filepath.Join(dir, modelFile), MaxFile+1) }, modelFile, "has 67108865 bytes, at most 67108864"},

		"no spec":            {forge(func(m *onnx.Model) { m.Metadata = nil }), modelFile, "metadata has the key loadtide.spec 0 times"},
		"two specs":          {forge(func(m *onnx.Model) { m.Metadata = slices.Repeat(m.Metadata, 2) }), modelFile, "loadtide.spec 2 times"},
		"empty spec":         {respec(func([]byte) []byte { return nil }), modelFile, "loadtide.spec: unexpected end"},
		"torn spec":          {respec(func(b []byte) []byte { return b[:len(b)/2] }), modelFile, "unexpected end"},
		"spec goes on":       {respec(func(b []byte) []byte { return append(b, "{}"...) }), modelFile, "after top-level value"},
		"unknown field":      {respec(replace(`"hidden"`, `"layers":2,"hidden"`)), modelFile, `unknown field "layers"`},
		"later schema":       {respec(replace(`"schema":1`, `"schema":2,"more":1`)), modelFile, "schema 2: this program reads 1"},
		"unknown scale":      {respec(replace(`"plain"`, `"log"`)), modelFile, `scale "log"`},
		"hidden 513":         {respec(replace(`"hidden":3`, `"hidden":513`)), modelFile, "hidden 513: must be 1 to 512"},
		"hidden huge":        {respec(replace(`"hidden":3`, `"hidden":1e300`)), modelFile, "hidden"},
		"horizon 2017":       {respec(replace(`"horizon":2`, `"horizon":2017`)), modelFile, "horizon 2017: must be 1 to 2016"},
		"horizon too long":   {respec(replace(`"horizon":2`, `"horizon":169`)), modelFile, "a week at most"},
		"name leads outside": {respec(replace(`"load-1h"`, `"../x"`)), modelFile, `name "../x"`},
		"several faults":     {respec(replace(`"width":4`, `"width":0,"hidden":0`)), modelFile, "hidden 0: must be 1 to 512; spec: width 0"},

		"other shape":       {respec(replace(`"hidden":3`, `"hidden":4`)), modelFile, "tensor lstm.W has the shape [1 12 2], its spec needs [1 16 2]"},
		"other head":        {respec(replace(`"width":4`, `"width":5`)), modelFile, "tensor head.Wc has the shape [4 4], its spec needs [4 5]"},
		"other horizon":     {respec(replace(`"horizon":2`, `"horizon":3`)), modelFile, "tensor head.Wl has the shape [3 6], its spec needs [3 9]"},
		"other scale":       {respec(replace(`"plain"`, `"asinh"`)), modelFile, "tensor const.lowest is missing"},
		"turned round":      {retensor("head.Wo", func(t *onnx.Tensor) { slices.Reverse(t.Dims) }), modelFile, "tensor head.Wo has the shape [3 4]"},
		"NaN":               {retensor("lstm.W", func(t *onnx.Tensor) { t.Floats[7] = nan }), modelFile, "weight 7 of tensor lstm.W is NaN"},
		"Inf":               {retensor("head.bo", func(t *onnx.Tensor) { t.Floats[2] = inf }), modelFile, "weight 2 of tensor head.bo is -Inf"},
		"bias overflows":    {retensor("lstm.B", func(t *onnx.Tensor) { t.Floats[1], t.Floats[13] = math.MaxFloat32, math.MaxFloat32 }), modelFile, "lstm weight 61 is +Inf"},
		"another floor":     {retensor("const.floor", func(t *onnx.Tensor) { t.Floats[0] = 1 }), modelFile, "constant const.floor is [][1], its spec needs [][1e-06]"},
		"another axis":      {retensor("const.lead", func(t *onnx.Tensor) { t.Ints[0] = 2 }), modelFile, "constant const.lead is [2][], its spec needs [1][]"},
		"integer weights":   {retensor("head.bo", func(t *onnx.Tensor) { t.Type, t.Floats, t.Ints = onnx.Int64, nil, make([]int64, 3) }), modelFile, "tensor head.bo is of INT64, must be FLOAT"},
		"a tensor too many": {forge(func(m *onnx.Model) { m.Graph.Initializers = append(m.Graph.Initializers, scalar("more", 1)) }), modelFile, `tensor "more" is there twice, or is none`},
		"a tensor twice": {forge(func(m *onnx.Model) {
			m.Graph.Initializers = append(m.Graph.Initializers, m.Graph.Initializers[0])
		}), modelFile, `tensor "lstm.W" is there twice`},

		"unknown operation": {forge(func(m *onnx.Model) { m.Graph.Nodes[7].Op = "Softmax" }), modelFile, `operation "Softmax" of domain "", node 8, is none that this program runs`},
		"unknown domain":    {forge(func(m *onnx.Model) { m.Graph.Nodes[0].Domain = "com.acme" }), modelFile, `operation "LSTM" of domain "com.acme"`},
		"another operation": {forge(func(m *onnx.Model) { m.Graph.Nodes[18].Op = "Add" }), modelFile, `node 19 is Add(["z" "factor"]) -> ["scaled"], must be Mul(`},
		"rewired":           {forge(func(m *onnx.Model) { m.Graph.Nodes[0].Inputs[5] = "c" }), modelFile, `node 1 is LSTM(["sequence" "lstm.W" "lstm.R" "lstm.B" "" "c" "c"])`},
		"descending":        {forge(func(m *onnx.Model) { m.Graph.Nodes[21].Attributes[0].Int = 1 }), modelFile, `"largest"=1:INT`},
		"another attribute": {forge(func(m *onnx.Model) {
			m.Graph.Nodes[0].Attributes = append(m.Graph.Nodes[0].Attributes, attribute("input_forget", 1))
		}), modelFile, `"input_forget"=1:INT`},
		"a node less":    {forge(func(m *onnx.Model) { m.Graph.Nodes = m.Graph.Nodes[:21] }), modelFile, "21 nodes, a model of this spec has 22"},
		"a node more":    {forge(func(m *onnx.Model) { m.Graph.Nodes = append(m.Graph.Nodes, node("Relu", names("z"), names("more"))) }), modelFile, "node 23 is Relu("},
		"another input":  {forge(func(m *onnx.Model) { m.Graph.Inputs[0].Dims[1] = size(1) }), modelFile, "input 1 must be sequence of FLOAT, with dimensions [T B 2]"},
		"an input more":  {forge(func(m *onnx.Model) { m.Graph.Inputs = append(m.Graph.Inputs, value("more")) }), modelFile, `input "more": a model of this spec has 7`},
		"another output": {forge(func(m *onnx.Model) { m.Graph.Outputs[0].Name = "z" }), modelFile, "output 1 must be quantiles"},
		"no graph":       {forge(func(m *onnx.Model) { m.Graph = onnx.Graph{} }), modelFile, "tensor lstm.W is missing"},

		"model is a folder": {func(t testing.TB, dir string) {
			without(modelFile)(t, dir)
			if err := os.Mkdir(filepath.Join(dir, modelFile), 0o755); err != nil {
				t.Fatal(err)
			}
		}, modelFile, "not a plain file"},
		"model is a link": {func(t testing.TB, dir string) {
			path := filepath.Join(dir, modelFile)
			if err := errors.Join(os.Rename(path, path+".real"), os.Symlink(modelFile+".real", path)); err != nil {
				t.Skip(err) // a system without links
			}
		}, modelFile, "not a plain file"},
		"no folder": {func(t testing.TB, dir string) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}, "", "cannot be read"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := write(t, tinyArtifact())
			c.spoil(t, dir)
			m, err := Load(dir)
			var fe *FolderError
			if m != nil || !errors.As(err, &fe) {
				t.Fatalf("model %v, error %v", m, err)
			}
			if fe.File != c.file || fe.Folder != dir {
				t.Errorf("blames %q in %q, want %q", fe.File, fe.Folder, c.file)
			}
			text := err.Error()
			for _, want := range []string{dir, c.file, c.says, "remedy"} {
				if !strings.Contains(text, want) {
					t.Errorf("%q does not say %q", text, want)
				}
			}
			if strings.Contains(text, "\n") {
				t.Errorf("more than a line: %q", text)
			}
		})
	}
}

// grow makes a sparse file: it has the length and takes no room.
func grow(t testing.TB, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

// Whatever single byte is damaged, the folder is refused.
func TestEveryFlippedByteIsFound(t *testing.T) {
	t.Parallel()
	dir := write(t, tinyArtifact())
	for _, name := range []string{modelFile, digestFile} {
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range whole {
			if name == digestFile && i == len(whole)-1 {
				continue // the end of its line
			}
			b := slices.Clone(whole)
			b[i] ^= 1 << (i % 8)
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := Load(dir); err == nil {
				t.Fatalf("%s: byte %d", name, i)
			}
		}
		if err := os.WriteFile(path, whole, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Load(dir); err != nil {
		t.Fatal(err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, scale := range []string{ScalePlain, ScaleAsinh} {
		a := tinyArtifact()
		a.Spec.Scale = scale
		b, err := encode(a.Spec, a.LSTM, a.Head)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
		f.Add(replace(`"hidden":3`, `"hidden":512`)(b))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := decode(b)
		if err != nil {
			return
		}
		m := Model{Spec: a.Spec, LSTM: nn.NewLSTM(a.Spec.Shape(), a.LSTM), Head: nn.NewHead(a.Spec.Shape(), a.Head)}
		_ = m.SelfTest() // may refuse, must not panic
		again, err := encode(a.Spec, a.LSTM, a.Head)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		same, err := decode(again)
		if err != nil {
			t.Fatalf("what was read cannot be written and read: %v", err)
		}
		if diff := cmp.Diff(a, same); diff != "" {
			t.Fatal(diff)
		}
	})
}

func ExampleLoad() {
	_, err := Load("no-such-folder")
	var fe *FolderError
	fmt.Println(errors.As(err, &fe), fe.Folder)
	// Output: true no-such-folder
}
