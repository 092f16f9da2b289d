package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"
)

// results are all figures. What is exported is in the file of figures, whose names
// others read.
type results struct {
	CPU    string        `json:"cpu"`
	Kernel string        `json:"kernel"`
	Step   []stepResult  `json:"step"`
	Model  []modelResult `json:"model"`
	Train  []trainResult `json:"train"`

	Cores     int           `json:"-"`
	Date      time.Time     `json:"-"`
	Versions  []string      `json:"-"`
	TrainNote string        `json:"-"`
	Pace      pace          `json:"-"`
	Took      time.Duration `json:"-"`
	hasAVX2   bool
}

// Times are nanoseconds of a series-step, a call's time divided by its batch. The
// ratios are medians within rounds, so they are not quite those of the times.
type stepResult struct {
	Batch         int       `json:"batch"`
	Hidden        int       `json:"hidden"`
	LoadtideNS    float64   `json:"loadtide_ns"`
	OnnxruntimeNS float64   `json:"onnxruntime_ns"`
	PytorchNS     float64   `json:"pytorch_ns"`
	PeakShare     float64   `json:"peak_share"` // of the fused multiply-adds that the family can do
	AVX2          *stepAVX2 `json:"avx2,omitempty"`

	overOnnxruntime, overPytorch, worst float64
}

type stepAVX2 struct {
	LoadtideNS float64 `json:"loadtide_ns"`
	PeakShare  float64 `json:"peak_share"`

	overOnnxruntime float64
}

type modelResult struct {
	Batch         int        `json:"batch"`
	LoadtideNS    float64    `json:"loadtide_ns"`
	OnnxruntimeNS float64    `json:"onnxruntime_ns"`
	AVX2          *modelAVX2 `json:"avx2,omitempty"`

	overOnnxruntime, worst float64
}

type modelAVX2 struct {
	LoadtideNS float64 `json:"loadtide_ns"`

	overOnnxruntime float64
}

type trainResult struct {
	Hidden     int        `json:"hidden"`
	Threads    int        `json:"threads"`
	LoadtideMS float64    `json:"loadtide_ms"`
	PytorchMS  float64    `json:"pytorch_ms"`
	AVX2       *trainAVX2 `json:"avx2,omitempty"`

	overPytorch, overOneThread float64
}

type trainAVX2 struct {
	LoadtideMS float64 `json:"loadtide_ms"`

	overPytorch, overOneThread float64
}

// cpuName is the processor's own name, where the system tells it.
func cpuName() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(text)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return runtime.GOOS + "/" + runtime.GOARCH
}

func (r *results) writeFigures(path string) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

const (
	beginSection = "<!-- numerics: make bench-numerics -->\n"
	endSection   = "<!-- end of numerics -->\n"
)

// writeSection puts the section between its marks, or at the end of the document.
func (r *results) writeSection(path string) error {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(text) == 0 {
		text = []byte("# Speed compared with onnxruntime and PyTorch\n\n")
	}
	head, rest, found := bytes.Cut(text, []byte(beginSection))
	_, tail, closed := bytes.Cut(rest, []byte(endSection))
	if found && !closed {
		return fmt.Errorf("%s: the mark %q is missing", path, endSection)
	}
	return os.WriteFile(path, bytes.Join([][]byte{head, []byte(beginSection), []byte(r.section()), []byte(endSection), tail}, nil), 0o644)
}
