package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/nn"
)

// Each task is made ready and timed.
func TestTasksAreTimed(t *testing.T) {
	shape := modelSpec(8).Shape()
	for what, z := range map[string]sizes{
		"step":  {Shape: nn.Shape{Inputs: 5, Hidden: 8, Width: 1, Horizon: 2, Levels: 3}, Batch: 3},
		"model": {Shape: shape, Batch: 3},
		"train": {Shape: shape, Batch: 3, Steps: 12, Positions: []int{8, 11}, Levels: modelSpec(8).Levels, Rate: 1e-3, Clip: 1},
		"peak":  {},
	} {
		dir := t.TempDir()
		writeCase(t, dir, z)
		var out strings.Builder
		one := task{
			what:    what,
			folder:  dir,
			output:  filepath.Join(dir, "out"),
			threads: 1,
			seconds: 1e-4,
		}
		if err := one.serve(strings.NewReader("\n\n"), &out); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		lines := strings.Fields(out.String())
		if len(lines) != 3 || lines[0] != "ready" {
			t.Fatalf("%s answers %q", what, out.String())
		}
		for _, line := range lines[1:] {
			if took, err := strconv.ParseFloat(line, 64); err != nil || !(took > 0) {
				t.Errorf("%s: a call took %s s", what, line)
			}
		}
		outputs, err := readFloats(one.output)
		if want := z.Batch * (z.Shape.Outputs() + 2*z.Shape.Hidden); what == "step" ||
			what == "model" {
			if err != nil || len(outputs) != want {
				t.Errorf("%s writes %d outputs, want %d: %v", what, len(outputs), want, err)
			}
		}
	}
	if err := (task{what: "step", folder: t.TempDir()}).serve(strings.NewReader(""), &strings.Builder{}); err == nil {
		t.Error("an empty folder was taken")
	}
}

// writeCase writes the files that numerics.py writes, with numbers that do not matter.
func writeCase(t *testing.T, dir string, z sizes) {
	t.Helper()
	s, rows, inputs := z.Shape, z.Batch*max(1, len(z.Positions)), z.Batch*max(1, z.Steps)
	text, err := json.Marshal(z)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sizes.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, n := range map[string]int{
		"lstm": s.LSTMParams(), "head": s.HeadParams(), "w": s.Hidden * s.Outputs(), "b": s.Outputs(),
		"x": inputs * s.Inputs, "h": z.Batch * s.Hidden, "c": z.Batch * s.Hidden, "current": rows * s.Current,
		"lead": rows * s.Horizon * s.LeadFeatures, "target": rows * s.Horizon, "weight": rows * s.Horizon,
	} {
		values := make([]float32, n)
		for i := range values {
			values[i] = float32(i%7) / 10
		}
		if err := writeFloats(filepath.Join(dir, name+".f32"), values); err != nil {
			t.Fatal(err)
		}
	}
}

// Others read the figures by these names.
func TestFiguresHaveTheirNames(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "results", "numerics.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil || all["cpu"] == nil || all["kernel"] == nil {
		t.Fatalf("cpu %s, kernel %s, %v", all["cpu"], all["kernel"], err)
	}
	for name, want := range map[string][]string{
		"step":  {"batch", "hidden", "loadtide_ns", "onnxruntime_ns", "pytorch_ns", "peak_share"},
		"model": {"batch", "loadtide_ns", "onnxruntime_ns"},
		"train": {"hidden", "threads", "loadtide_ms", "pytorch_ms"},
	} {
		var rows []map[string]any
		if err := json.Unmarshal(all[name], &rows); err != nil || len(rows) == 0 {
			t.Fatalf("%s: %d rows, %v", name, len(rows), err)
		}
		for _, key := range want {
			if _, ok := rows[0][key].(float64); !ok {
				t.Errorf("%s has no number %q: %v", name, key, rows[0])
			}
		}
	}
}
