package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/nn/kernel"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/services/trainer/cycle"
)

const (
	// The cell and linear head that peers were measured at first: few inputs, three
	// levels.
	stepInputs, stepHorizon, stepLevels = 12, 24, 3
	// The default model beside what series and trainer configure.
	modelWidth, modelHorizon = 64, 24

	tolerance = 1e-5 // of outputs, before anything is timed
)

// modelSpec is the default model with another number of hidden units.
func modelSpec(hidden int) model.Spec {
	layout := series.DefaultLayout(false)
	return model.Spec{
		Schema: model.SpecSchema, Name: "bench", Interval: "1h", Hidden: hidden, Width: modelWidth, Horizon: modelHorizon,
		Levels: []float64{0.1, 0.25, 0.5, 0.75, 0.9}, Scale: model.ScalePlain,
		Inputs: layout.InputNames(), LeadFeatures: layout.LeadNames(), CurrentFeatures: layout.CurrentNames(),
	}
}

// bench is one run of all measurements.
type bench struct {
	sides   sides
	scratch string
	pace    pace
}

// point is one comparison: tasks that take turns, made ready from one folder.
type point struct {
	what, folder string
	tasks        []task
	notes        []string
}

// add makes a task ready on a side; nil is a side there is none of.
func (b *bench) add(p *point, s *side, what string, threads int, seconds float64) error {
	if s == nil {
		return nil
	}
	id := fmt.Sprintf("%s %d %d", what, threads, len(p.tasks))
	a, err := s.ask(request{Do: "prepare", Task: id, What: what, Folder: p.folder, Output: s.name + ".out", Threads: threads, Seconds: seconds})
	if err != nil {
		return err
	}
	if a.Note != "" {
		p.notes = append(p.notes, a.Note)
	}
	p.tasks = append(p.tasks, task{s, id})
	return nil
}

// agree compares what the sides wrote with Loadtide's outputs.
func (b *bench) agree(p *point) (float64, error) {
	want, err := readFloats(filepath.Join(p.folder, b.sides.loadtide.name+".out"))
	if err != nil {
		return 0, err
	}
	worst := 0.0
	for _, t := range p.tasks {
		if t.side == b.sides.loadtide {
			continue
		}
		got, err := readFloats(filepath.Join(p.folder, t.side.name+".out"))
		if err != nil {
			return 0, err
		}
		if len(got) != len(want) {
			return 0, fmt.Errorf("%s: %s gives %d outputs, loadtide %d", p.what, t.side.name, len(got), len(want))
		}
		for i, v := range got {
			d := math.Abs(float64(v - want[i]))
			if !(d <= tolerance) {
				return 0, fmt.Errorf("%s: output %d of %s is %v, of loadtide %v", p.what, i, t.side.name, v, want[i])
			}
			worst = max(worst, d)
		}
	}
	return worst, nil
}

// forget frees what the sides hold of a point.
func (b *bench) forget() error {
	for _, s := range b.sides.list() {
		if _, err := s.ask(request{Do: "forget"}); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) folder(name string) (string, error) {
	dir := filepath.Join(b.scratch, name)
	return dir, os.MkdirAll(dir, 0o755)
}

// measure runs all points.
func (b *bench) measure() (*results, error) {
	r := &results{
		CPU: cpuName(), Cores: runtime.NumCPU(), Date: time.Now().UTC(), Pace: b.pace, hasAVX2: b.sides.avx2 != nil,
		Versions: []string{b.sides.loadtide.hello.Name, b.sides.onnxruntime.hello.Name, b.sides.pytorch.hello.Name},
		Kernel:   b.sides.loadtide.hello.Kernel,
	}
	tell("%s, %d cores, kernels %s; %v", r.CPU, r.Cores, r.Kernel, r.Versions)
	for _, hidden := range []int{32, 64, 128} {
		for _, batch := range []int{1, 16, 256, 4096} {
			s, err := b.step(hidden, batch)
			if err != nil {
				return nil, err
			}
			r.Step = append(r.Step, s)
			tell("cell and head, hidden %d, batch %d: loadtide %.0f ns, onnxruntime %.0f, pytorch %.0f; %.0f %% of the peak",
				hidden, batch, s.LoadtideNS, s.OnnxruntimeNS, s.PytorchNS, 100*s.PeakShare)
		}
	}
	for _, batch := range []int{1, 16, 256} {
		m, err := b.model(batch)
		if err != nil {
			return nil, err
		}
		r.Model = append(r.Model, m)
		tell("default model, batch %d: loadtide %.0f ns, onnxruntime %.0f", batch, m.LoadtideNS, m.OnnxruntimeNS)
	}
	for _, hidden := range []int{64, 128} {
		t, note, err := b.train(hidden)
		if err != nil {
			return nil, err
		}
		r.Train = append(r.Train, t...)
		r.TrainNote = note
		for _, one := range t {
			tell("training step, hidden %d, %d threads: loadtide %.1f ms, pytorch %.1f", hidden, one.Threads, one.LoadtideMS, one.PytorchMS)
		}
	}
	return r, nil
}

// tell shows progress.
func tell(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
}

// step compares the cell and linear head.
func (b *bench) step(hidden, batch int) (stepResult, error) {
	r := stepResult{Hidden: hidden, Batch: batch}
	dir, err := b.folder(fmt.Sprintf("step-%d-%d", hidden, batch))
	if err != nil {
		return r, err
	}
	s := nn.Shape{Inputs: stepInputs, Hidden: hidden, Width: 1, Horizon: stepHorizon, Levels: stepLevels}
	if err := writeStep(dir, s, batch); err != nil {
		return r, err
	}
	p := point{what: "step", folder: dir}
	for _, side := range []*side{b.sides.loadtide, b.sides.onnxruntime, b.sides.pytorch, b.sides.avx2} {
		if err := b.add(&p, side, "step", 1, b.pace.block); err != nil {
			return r, err
		}
	}
	if r.worst, err = b.agree(&p); err != nil {
		return r, err
	}
	peaks := len(p.tasks)
	for _, side := range []*side{b.sides.loadtide, b.sides.avx2} {
		if b.sides.loadtide.hello.Kernel == kernel.Go.String() {
			break // has no vectors, so no peak
		}
		if err := b.add(&p, side, "peak", 1, b.pace.block/3); err != nil {
			return r, err
		}
	}
	t, err := takeTurns(p.tasks, b.pace.rounds)
	if err != nil {
		return r, err
	}
	ns := 1e9 / float64(batch)
	r.LoadtideNS, r.OnnxruntimeNS, r.PytorchNS = t.time(0, ns), t.time(1, ns), t.time(2, ns)
	r.overOnnxruntime, r.overPytorch = t.ratio(1, 0), t.ratio(2, 0)
	// A call of a peak is one multiply-add, a step has one for each weight.
	multiplyAdds := float64(batch * ((stepInputs+hidden)*4*hidden + hidden*stepHorizon*stepLevels))
	if peaks < len(p.tasks) {
		r.PeakShare = figure(multiplyAdds * t.ratio(peaks, 0))
	}
	if b.sides.avx2 != nil {
		r.AVX2 = &stepAVX2{LoadtideNS: t.time(3, ns), PeakShare: figure(multiplyAdds * t.ratio(peaks+1, 3)), overOnnxruntime: t.ratio(1, 3)}
	}
	return r, b.forget()
}

// model compares the whole default model.
func (b *bench) model(batch int) (modelResult, error) {
	r := modelResult{Batch: batch}
	dir, err := b.folder(fmt.Sprintf("model-%d", batch))
	if err != nil {
		return r, err
	}
	if err := writeModel(dir, cycle.DefaultConfig().Hidden, batch); err != nil {
		return r, err
	}
	p := point{what: "model", folder: dir}
	for _, side := range []*side{b.sides.loadtide, b.sides.onnxruntime, b.sides.avx2} {
		if err := b.add(&p, side, "model", 1, b.pace.block); err != nil {
			return r, err
		}
	}
	if r.worst, err = b.agree(&p); err != nil {
		return r, err
	}
	t, err := takeTurns(p.tasks, b.pace.rounds)
	if err != nil {
		return r, err
	}
	ns := 1e9 / float64(batch)
	r.LoadtideNS, r.OnnxruntimeNS, r.overOnnxruntime = t.time(0, ns), t.time(1, ns), t.ratio(1, 0)
	if b.sides.avx2 != nil {
		r.AVX2 = &modelAVX2{LoadtideNS: t.time(2, ns), overOnnxruntime: t.ratio(1, 2)}
	}
	return r, b.forget()
}

// train compares training steps on one thread and two, all in the same rounds.
func (b *bench) train(hidden int) ([]trainResult, string, error) {
	dir, err := b.folder(fmt.Sprintf("train-%d", hidden))
	if err != nil {
		return nil, "", err
	}
	c := cycle.DefaultConfig()
	if err := writeTrain(dir, modelSpec(hidden), windows{c.Window, c.BurnIn, c.Positions, c.Batch}); err != nil {
		return nil, "", err
	}
	p := point{what: "train", folder: dir}
	for _, side := range []*side{b.sides.loadtide, b.sides.pytorch, b.sides.avx2} {
		for threads := 1; threads <= 2; threads++ {
			if err := b.add(&p, side, "train", threads, b.pace.trainBlock); err != nil {
				return nil, "", err
			}
		}
	}
	t, err := takeTurns(p.tasks, b.pace.trainRounds)
	if err != nil {
		return nil, "", err
	}
	var all []trainResult
	for i := range 2 {
		r := trainResult{Hidden: hidden, Threads: i + 1, LoadtideMS: t.time(i, 1e3), PytorchMS: t.time(2+i, 1e3),
			overPytorch: t.ratio(2+i, i), overOneThread: t.ratioPassed(0, i)}
		if b.sides.avx2 != nil {
			r.AVX2 = &trainAVX2{LoadtideMS: t.time(4+i, 1e3), overPytorch: t.ratio(2+i, 4+i), overOneThread: t.ratioPassed(4, 4+i)}
		}
		all = append(all, r)
	}
	note := ""
	if len(p.notes) > 0 {
		note = p.notes[0]
	}
	return all, note, b.forget()
}
