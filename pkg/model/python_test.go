package model

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
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
	python := pythonWithONNX(t)
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

// pythonWithONNX is the interpreter that has onnx and onnxruntime: LOADTIDE_PYTHON,
// or that of .cache/venv.
func pythonWithONNX(t *testing.T) string {
	t.Helper()
	python := os.Getenv("LOADTIDE_PYTHON")
	if python == "" {
		python = filepath.Join("..", "..", ".cache", "venv", "bin", "python")
	}
	out, err := exec.CommandContext(t.Context(), python, "-c", "import onnx, onnxruntime").CombinedOutput()
	if err == nil {
		return python
	}
	const why = "onnx and onnxruntime are not here, so model files are not held against them: `make test` installs them, or name an interpreter that has both in LOADTIDE_PYTHON"
	var exit *exec.ExitError
	switch {
	case os.Getenv("LOADTIDE_PYTHON") != "" || os.Getenv("CI") == "true":
		t.Fatalf("%s: %v %s\n%s", python, err, out, why)
	case errors.As(err, &exit), errors.Is(err, os.ErrNotExist), runtime.GOOS == "windows":
		t.Skip(why)
	default:
		t.Fatalf("%s: %v\n%s", python, err, why)
	}
	return ""
}
