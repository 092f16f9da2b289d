package model

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/servertest"
)

// array is a tensor as testdata/agree.py reads and prints it.
type array struct {
	Shape []int     `json:"shape"`
	Data  []float32 `json:"data"`
}

// pythonRun is one run of the graph; a stateful one takes the sequence step by step.
type pythonRun struct {
	Stateful bool             `json:"stateful"`
	Feed     map[string]array `json:"feed"`
}

// pythonJob is what testdata/agree.py is told.
type pythonJob struct {
	Model  string      `json:"model"`
	Save   string      `json:"save"`
	Export string      `json:"export"`
	Code   string      `json:"code"`
	Runs   []pythonRun `json:"runs"`
}

// runPython checks the model file with onnx, does what else the job says, and
// returns the outputs of onnxruntime by run and name.
func runPython(t *testing.T, todo pythonJob) []map[string]array {
	t.Helper()
	python := servertest.Python(t, "onnx", "onnxruntime")
	todo.Runs = append([]pythonRun{}, todo.Runs...) // none is an empty list
	job, err := json.Marshal(todo)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	script := exec.CommandContext(ctx, python, filepath.Join("testdata", "agree.py"))
	script.Stdin = bytes.NewReader(job)
	script.Stderr = os.Stderr
	out, err := script.Output()
	if err != nil {
		t.Fatalf("agree.py: %v", err)
	}
	var answers []map[string]array
	if err := json.Unmarshal(out, &answers); err != nil { // NaN and Inf are no JSON
		t.Fatalf("agree.py printed %.300q: %v", out, err)
	}
	if len(answers) != len(todo.Runs) {
		t.Fatalf("%d answers to %d runs", len(answers), len(todo.Runs))
	}
	return answers
}
