package model

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/onnx"
)

// docs/format/model.md states the graph, the names, the fields and the limits of this package.
func TestDocumentIsTheGraph(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "format", "model.md"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	s := tinySpec()
	s.Scale = ScaleAsinh
	g := graphOf(s)
	var lines, tail []string
	for _, n := range g.Nodes {
		line := documented(n)
		switch n.Op {
		case "Clip", "Sinh":
			tail = append(tail, line)
			continue
		case "Unsqueeze", "Mul":
			if n.Inputs[0] == inUnit || n.Inputs[0] == "straight" {
				tail = append(tail, line)
				continue
			}
		}
		lines = append(lines, strings.Replace(line, "TopK(y,", "TopK(v,", 1))
	}
	for what, want := range map[string]string{"nodes": strings.Join(lines, "\n"), "nodes of asinh": strings.Join(tail, "\n")} {
		if !strings.Contains(text, "```\n"+want+"\n```") {
			t.Errorf("the %s should be\n%s", what, want)
		}
	}
	var wanted []string
	for _, v := range append(g.Inputs, g.Outputs...) {
		wanted = append(wanted, v.Name)
	}
	for _, i := range g.Initializers {
		wanted = append(wanted, i.Name)
	}
	for spec := range reflect.TypeFor[Spec]().Fields() {
		name, _, _ := strings.Cut(spec.Tag.Get("json"), ",")
		wanted = append(wanted, name)
	}
	for _, name := range append(wanted, specKey, modelFile, digestFile, metricsFile, tagsFile, cardFile) {
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("%s is not there", name)
		}
	}
	limits := fmt.Sprintf("At most: %d LSTM units, %d units of a layer of the head, %d leads and %.0f days, %d levels, %d names in a list of features, %d bytes in a name.",
		MaxHidden, MaxWidth, MaxHorizon, meter.MostHorizon.Hours()/24, MaxLevels, MaxFeatures, meter.MaxToken)
	if !strings.Contains(strings.Join(strings.Fields(text), " "), limits) {
		t.Errorf("the limits should be: %s", limits)
	}
}

func documented(n onnx.Node) string {
	dash := func(list []string) string {
		shown := make([]string, len(list))
		for i, name := range list {
			if shown[i] = name; name == "" {
				shown[i] = "-"
			}
		}
		return strings.Join(shown, ", ")
	}
	line := n.Op + "(" + dash(n.Inputs) + ")"
	for _, a := range n.Attributes {
		line += fmt.Sprintf(" %s=%d", a.Name, a.Int)
	}
	return strings.Replace(line, "hidden_size=3", "hidden_size=Hidden", 1) + " -> " + dash(n.Outputs)
}
