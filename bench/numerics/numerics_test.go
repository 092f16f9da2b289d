package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/nn"
)

func someResults() *results {
	return &results{
		CPU: "a machine", Kernel: "avx512", hasAVX2: true, Pace: quick, Took: time.Second,
		Step: []stepResult{
			{Batch: 1, Hidden: 64, LoadtideNS: 750, OnnxruntimeNS: 7843, PytorchNS: 30127, PeakShare: 0.3, overOnnxruntime: 10.5},
			{Batch: 256, Hidden: 64, LoadtideNS: 346, OnnxruntimeNS: 586, PytorchNS: 722, PeakShare: 0.62, overOnnxruntime: 1.7, AVX2: &stepAVX2{LoadtideNS: 605, overOnnxruntime: 0.97}},
		},
		Model: []modelResult{{Batch: 256, LoadtideNS: 2900, OnnxruntimeNS: 6000, overOnnxruntime: 2.07}},
		Train: []trainResult{{Hidden: 64, Threads: 1, LoadtideMS: 13, PytorchMS: 54.7, overPytorch: 4.2}, {Hidden: 64, Threads: 2, LoadtideMS: 6.7, PytorchMS: 30, overOneThread: 1.9}},
	}
}

// Others read the figures by these names.
func TestFiguresHaveTheirNames(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "numerics.json")
	if err := someResults().writeFigures(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
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
	if string(all["cpu"]) != `"a machine"` || string(all["kernel"]) != `"avx512"` {
		t.Errorf("cpu %s, kernel %s", all["cpu"], all["kernel"])
	}
}

func TestSectionIsWrittenAnew(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "RESULTS.md")
	r := someResults()
	for _, cpu := range []string{"the first", "the second"} {
		r.CPU = cpu
		if err := r.writeSection(path); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if cpu == "the first" {
			if err := os.WriteFile(path, append(text, "What others wrote.\n"...), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		s := string(text)
		if strings.Contains(s, "the first") || strings.Count(s, "the second") != 1 || !strings.HasPrefix(s, "# ") || !strings.HasSuffix(s, "What others wrote.\n") {
			t.Errorf("the document is now\n%s", s)
		}
	}
}

func TestGoalsAreHeldAgainstFigures(t *testing.T) {
	t.Parallel()
	var missed []string
	for _, g := range someResults().allGoals() {
		if !g.met() {
			missed = append(missed, g.what)
		}
	}
	want := []string{"cell and head, hidden 64, batch 256: onnxruntime / Loadtide", "the same: share of the FMA peak", "the same by AVX2: onnxruntime / Loadtide"}
	if !slices.Equal(missed, want) {
		t.Errorf("missed %q, want %q", missed, want)
	}
}

func TestTurns(t *testing.T) {
	t.Parallel()
	rounds := turns{
		{{Seconds: 1, Passed: 1}, {Seconds: 2, Passed: 2}, {Seconds: 9, Passed: 9}},
		{{Seconds: 2, Passed: 3}, {Seconds: 8, Passed: 12}, {Seconds: 18, Passed: 9}},
	}
	if s, r, p := rounds.time(0, 1e3), rounds.ratio(1, 0), rounds.ratioPassed(1, 0); s != 2000 || r != 2 || p != 3 {
		t.Errorf("time %v, ratio %v, of what passed %v, want 2000, 2 and 3", s, r, p)
	}
	even := turns{{{Seconds: 4}, {Seconds: 1}, {Seconds: 2}, {Seconds: 3}}}
	if m := even.time(0, 1); m != 2.5 {
		t.Errorf("median %v, want 2.5", m)
	}
	if f := figure(123.456); f != 123.5 {
		t.Errorf("figure %v, want 123.5", f)
	}
}

// Every task of the side that runs Loadtide is made ready, runs and is forgotten.
func TestWorkerRunsItsTasks(t *testing.T) {
	jobs := map[string]*job{}
	ask := func(r request) answer {
		t.Helper()
		a, err := respond(jobs, r)
		if err != nil {
			t.Fatalf("%s %s: %v", r.Do, r.What, err)
		}
		return a
	}
	if a := ask(request{Do: "hello"}); a.Kernel != nn.Kernel() || a.Name == "" {
		t.Errorf("hello: %+v", a)
	}
	for what, write := range map[string]func(dir string) error{
		"step": func(dir string) error {
			return writeStep(dir, nn.Shape{Inputs: 5, Hidden: 8, Width: 1, Horizon: 2, Levels: 3}, 3)
		},
		"model": func(dir string) error { return writeModel(dir, 8, 3) },
		"train": func(dir string) error { return writeTrain(dir, modelSpec(8), windows{12, 6, 2, 3}) },
	} {
		dir := t.TempDir()
		if err := write(dir); err != nil {
			t.Fatal(err)
		}
		ask(request{Do: "prepare", Task: what, What: what, Folder: dir, Output: "out", Threads: 2, Seconds: 0.002})
		if a := ask(request{Do: "run", Task: what}); !(a.Seconds > 0) || math.IsInf(a.Seconds, 0) {
			t.Errorf("%s: a call took %v s", what, a.Seconds)
		}
	}
	ask(request{Do: "forget"})
	if _, err := respond(jobs, request{Do: "run", Task: "step"}); err == nil {
		t.Error("a forgotten task ran")
	}
	if _, err := respond(jobs, request{Do: "prepare", What: "step", Folder: t.TempDir()}); err == nil {
		t.Error("an empty folder was taken")
	}
}
