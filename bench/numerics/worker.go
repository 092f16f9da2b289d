package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/nn/kernel"
)

// job is a task that is ready.
type job struct {
	threads int
	calls   int               // of a block
	units   float64           // what a call does, where its time is that of one of many; else 1
	run     func(n int) error // n calls
	stop    func()            // or nil
}

// work is the side that runs Loadtide: it answers requests until they end.
func work(in io.Reader, out io.Writer) error {
	if err := nn.CheckKernel(); err != nil {
		return err
	}
	requests, answers := json.NewDecoder(in), json.NewEncoder(out)
	jobs := map[string]*job{}
	for {
		var r request
		if err := requests.Decode(&r); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		a, err := respond(jobs, r)
		if err != nil {
			a.Error = err.Error()
		}
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
}

func respond(jobs map[string]*job, r request) (answer, error) {
	switch r.Do {
	case "hello":
		return answer{Name: "loadtide on " + runtime.Version(), Kernel: nn.Kernel()}, nil
	case "prepare":
		j, err := prepare(r)
		if err != nil {
			return answer{}, err
		}
		jobs[r.Task] = j
		return answer{}, j.pace(r.Seconds)
	case "run":
		j := jobs[r.Task]
		if j == nil {
			return answer{}, fmt.Errorf("task %q is not ready", r.Task)
		}
		return j.block()
	case "forget":
		for id, j := range jobs {
			if j.stop != nil {
				j.stop()
			}
			delete(jobs, id)
		}
		runtime.GC() // what is dropped is not collected inside a block
		return answer{}, nil
	default:
		return answer{}, fmt.Errorf("unknown request %q", r.Do)
	}
}

// block times the calls of a block. On a machine that does other things too, waiting
// for them is no part of a call: one thread is timed in its CPU time.
func (j *job) block() (answer, error) {
	runtime.GOMAXPROCS(j.threads)
	began, used := time.Now(), processTime()
	err := j.run(j.calls)
	passed, busy := time.Since(began), processTime()-used
	all := float64(j.calls) * j.units
	a := answer{Seconds: busy.Seconds() / all, Passed: passed.Seconds() / all}
	if j.threads > 1 {
		a.Seconds = a.Passed
	}
	return a, err
}

// pace warms up and finds how many calls fill a block.
func (j *job) pace(seconds float64) error {
	for j.calls = 1; ; j.calls *= 4 {
		a, err := j.block()
		if err != nil {
			return err
		}
		call := a.Seconds * j.units
		if call*float64(j.calls) >= seconds/2 {
			j.calls = max(1, int(seconds/call))
			return nil
		}
	}
}

func prepare(r request) (*job, error) {
	if r.What == "peak" {
		return peakJob(), nil
	}
	z, err := readSizes(r.Folder)
	if err != nil {
		return nil, err
	}
	arrays, err := readArrays(r.Folder)
	if err != nil {
		return nil, err
	}
	switch r.What {
	case "step":
		return stepJob(z, arrays, filepath.Join(r.Folder, r.Output))
	case "model":
		return modelJob(z, arrays, filepath.Join(r.Folder, r.Output))
	case "train":
		return trainJob(z, arrays, r.Threads)
	default:
		return nil, fmt.Errorf("unknown task %q", r.What)
	}
}

// readArrays is all float32 files of a folder by name.
func readArrays(dir string) (map[string][]float32, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.f32"))
	if err != nil {
		return nil, err
	}
	all := map[string][]float32{}
	for _, path := range paths {
		name := filepath.Base(path)
		if all[name[:len(name)-len(".f32")]], err = readFloats(path); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// started is for a system without CPU times.
var started = time.Now()

// looped is a job of one thread whose calls are alike.
func looped(call func()) *job {
	return &job{threads: 1, units: 1, run: func(n int) error {
		for range n {
			call()
		}
		return nil
	}}
}

func stepJob(z sizes, a map[string][]float32, output string) (*job, error) {
	s, batch := z.Shape, z.Batch
	lstm, w, b := nn.NewLSTM(s, a["lstm"]), a["w"], a["b"]
	ws, out := nn.NewWorkspace(s, batch), make([]float32, batch*s.Outputs())
	x, h, c := a["x"], a["h"], a["c"]
	call := func() {
		lstm.Step(ws, x, h, c, batch)
		kernel.Linear(out, h, w, b, batch, s.Hidden, s.Outputs())
	}
	call()
	return looped(call), writeFloats(output, slices.Concat(out, h, c))
}

func modelJob(z sizes, a map[string][]float32, output string) (*job, error) {
	s, batch := z.Shape, z.Batch
	lstm, head := nn.NewLSTM(s, a["lstm"]), nn.NewHead(s, a["head"])
	ws, out := nn.NewWorkspace(s, batch), make([]float32, batch*s.Outputs())
	x, h, c, current, lead := a["x"], a["h"], a["c"], a["current"], a["lead"]
	call := func() {
		lstm.Step(ws, x, h, c, batch)
		head.Forward(ws, out, h, current, lead, batch)
	}
	call()
	return looped(call), writeFloats(output, slices.Concat(out, h, c))
}

// peakJob is timed per multiply-add.
func peakJob() *job {
	const loops = 100_000
	j := looped(func() { kernel.Peak(loops) })
	j.units = kernel.Peak(loops)
	return j
}
