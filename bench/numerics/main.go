package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/services/trainer/cycle"
)

// task is what one process measures.
type task struct {
	what    string  // step, model, train or peak
	folder  string  // of the files that numerics.py writes
	output  string  // file for the outputs of the first call
	threads int     // one thread is timed in CPU time, more in the time that passes
	seconds float64 // of a block
}

func main() {
	var t task
	flag.StringVar(
		&t.what,
		"task",
		"",
		"step, model, train or peak; empty prints the sizes of the default model as JSON",
	)
	flag.StringVar(&t.folder, "folder", "", "folder of sizes.json and float32 arrays")
	flag.StringVar(&t.output, "output", "", "file for the outputs")
	flag.IntVar(&t.threads, "threads", 1, "threads")
	flag.Float64Var(&t.seconds, "seconds", 0.06, "length of a block")
	flag.Parse()
	err := nn.CheckKernel()
	switch {
	case err != nil:
	case t.what == "":
		c := cycle.DefaultConfig()
		err = json.NewEncoder(os.Stdout).Encode(map[string]any{
			"name": "loadtide on " + runtime.Version(), "kernel": nn.Kernel(),
			"shape":  modelSpec(c.Hidden).Shape(),
			"levels": modelSpec(c.Hidden).Levels, "hidden": c.Hidden,
			"steps": c.Window, "burn_in": c.BurnIn, "positions": c.Positions, "batch": c.Batch,
		})
	default:
		err = t.serve(os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// serve prepares the task, says so in one line, and times a block for each line of in: the seconds
// of a call.
func (t task) serve(in io.Reader, out io.Writer) error {
	runtime.GOMAXPROCS(t.threads)
	job, units, err := t.prepare()
	if err != nil {
		return err
	}
	calls := 1
	for ; ; calls *= 4 { // warms up and finds how many calls fill a block
		took, err := t.block(job, calls)
		if err != nil {
			return err
		}
		if took >= t.seconds/2 {
			calls = max(1, int(t.seconds/took*float64(calls)))
			break
		}
	}
	fmt.Fprintln(out, "ready")
	for lines := bufio.NewScanner(in); lines.Scan(); {
		took, err := t.block(job, calls)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, took/(float64(calls)*units)); err != nil {
			return err
		}
	}
	return nil
}

func (t task) block(job job, calls int) (seconds float64, err error) {
	cpu, elapsed, err := job(calls)
	if t.threads > 1 {
		cpu = elapsed
	}
	return cpu.Seconds(), err
}

// sizes is sizes.json. Beside it lie flat float32 arrays, little endian: lstm.f32 as nn.SplitLSTM
// lays it out, head.f32 as nn.SplitHead does, and inputs.
type sizes struct {
	Shape     nn.Shape  `json:"shape"`
	Batch     int       `json:"batch"`
	Steps     int       `json:"steps"`
	Positions []int     `json:"positions"`
	Levels    []float64 `json:"levels"`
	Rate      float64   `json:"rate"`
	Clip      float64   `json:"clip"`
}

func (t task) read() (z sizes, arrays map[string][]float32, err error) {
	text, err := os.ReadFile(filepath.Join(t.folder, "sizes.json"))
	if err == nil {
		err = json.Unmarshal(text, &z)
	}
	if err != nil {
		return z, nil, err
	}
	arrays = map[string][]float32{}
	paths, err := filepath.Glob(filepath.Join(t.folder, "*.f32"))
	for _, path := range paths {
		name := filepath.Base(path)
		if arrays[name[:len(name)-len(".f32")]], err = readFloats(path); err != nil {
			return z, nil, err
		}
	}
	return z, arrays, err
}
