package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/nn/kernel"
)

// request is one line to a side. A side answers each with one line.
//
//	hello    who it is
//	prepare  make the task ready: read Folder, run it once, write its outputs to
//	         Folder/Output, and find how many calls fill Seconds
//	run      time one block of the task
//	forget   drop all tasks
type request struct {
	Do      string  `json:"do"`
	Task    string  `json:"task,omitempty"`
	What    string  `json:"what,omitempty"` // step, model, train or peak
	Folder  string  `json:"folder,omitempty"`
	Output  string  `json:"output,omitempty"`
	Threads int     `json:"threads,omitempty"`
	Seconds float64 `json:"seconds,omitempty"`
}

// answer is what a side says.
type answer struct {
	Name    string  `json:"name,omitempty"`    // hello: program and version
	Kernel  string  `json:"kernel,omitempty"`  // hello: family of kernels, Loadtide alone
	Note    string  `json:"note,omitempty"`    // prepare: what was chosen
	Seconds float64 `json:"seconds,omitempty"` // run: of one call, CPU time on one thread, else Passed
	Passed  float64 `json:"passed,omitempty"`  // run: time that passed for one call
	Error   string  `json:"error,omitempty"`
}

// side is a process that runs tasks. It has one user at a time.
type side struct {
	name   string // loadtide, avx2, onnxruntime, pytorch
	hello  answer
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
}

// openSide starts a side. env is added to the environment of a run that measures
// one thread and does not spin.
func openSide(ctx context.Context, name string, env []string, command string, args ...string) (*side, error) {
	cmd := exec.CommandContext(ctx, command, args...)
	cmd.Stderr = os.Stderr
	for _, v := range os.Environ() {
		// What tunes one side's libraries on this machine is no part of a comparison.
		if !strings.HasPrefix(v, "OPENBLAS_") && !strings.HasPrefix(v, "OMP_") && !strings.HasPrefix(v, "MKL_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(append(cmd.Env, "OMP_WAIT_POLICY=PASSIVE"), env...)
	cmd.WaitDelay = 10 * time.Second
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s := &side{name: name, cmd: cmd, stdin: stdin, stdout: bufio.NewReader(stdout)}
	if s.hello, err = s.ask(request{Do: "hello"}); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *side) ask(r request) (answer, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return answer{}, err
	}
	if _, err := s.stdin.Write(append(line, '\n')); err != nil {
		return answer{}, fmt.Errorf("%s has ended: %w", s.name, err)
	}
	line, err = s.stdout.ReadBytes('\n')
	if err != nil {
		return answer{}, fmt.Errorf("%s ended without an answer to %s: %w", s.name, r.Do, err)
	}
	var a answer
	if err := json.Unmarshal(line, &a); err != nil {
		return a, fmt.Errorf("%s answered %.200q: %w", s.name, line, err)
	}
	if a.Error != "" {
		return a, fmt.Errorf("%s: %s %s: %s", s.name, r.Do, r.What, a.Error)
	}
	return a, nil
}

// close ends the process by the end of its input.
func (s *side) close() error { return errors.Join(s.stdin.Close(), s.cmd.Wait()) }

// sides are all that are compared. AVX2 is nil where it is no other family than
// Loadtide's own choice.
type sides struct{ loadtide, avx2, onnxruntime, pytorch *side }

func startSides(ctx context.Context, o options) (sides, error) {
	var s sides
	self, err := os.Executable()
	if err != nil {
		return s, err
	}
	if s.loadtide, err = openSide(ctx, "loadtide", nil, self, "-worker"); err != nil {
		return s, err
	}
	if s.loadtide.hello.Kernel == kernel.AVX512.String() {
		if s.avx2, err = openSide(ctx, "avx2", []string{kernel.Variable + "=avx2"}, self, "-worker"); err != nil {
			return s, err
		}
	}
	if s.onnxruntime, err = openSide(ctx, "onnxruntime", nil, o.python, o.peers, "onnxruntime"); err != nil {
		return s, err
	}
	s.pytorch, err = openSide(ctx, "pytorch", nil, o.python, o.peers, "pytorch")
	return s, err
}

// list is the sides there are.
func (s sides) list() []*side {
	var all []*side
	for _, one := range []*side{s.loadtide, s.avx2, s.onnxruntime, s.pytorch} {
		if one != nil {
			all = append(all, one)
		}
	}
	return all
}

func (s sides) close() error {
	var errs []error
	for _, one := range s.list() {
		errs = append(errs, one.close())
	}
	return errors.Join(errs...)
}
