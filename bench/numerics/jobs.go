package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/loadtide/loadtide/bench/clock"
	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/nn/kernel"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/pkg/train"
)

// modelSpec is the default model with another number of hidden units.
func modelSpec(hidden int) model.Spec {
	layout := series.DefaultLayout(false)
	return model.Spec{
		Schema: model.SpecSchema, Name: "bench", Interval: "1h", Hidden: hidden, Width: 64, Horizon: 24,
		Levels: []float64{
			0.1,
			0.25,
			0.5,
			0.75,
			0.9,
		}, Scale: model.ScalePlain, Inputs: layout.InputNames(),
		LeadFeatures: layout.LeadNames(), CurrentFeatures: layout.CurrentNames(),
	}
}

// job makes n calls.
type job func(n int) (cpu, elapsed time.Duration, err error)

// prepare makes the task ready and writes its outputs. units is how many of what is timed a call
// does.
func (t task) prepare() (j job, units float64, err error) {
	if t.what == "peak" { // is timed per multiply-add
		const loops = 100_000
		return looped(func() { kernel.Peak(loops) }), kernel.Peak(loops), nil
	}
	z, a, err := t.read()
	if err != nil {
		return nil, 0, err
	}
	s, batch := z.Shape, z.Batch
	switch t.what {
	case "train":
		return trainJob(z, a, t.threads), 1, nil
	case "step", "model":
	default:
		return nil, 0, fmt.Errorf("-task %q: must be step, model, train or peak", t.what)
	}
	lstm, ws, out := nn.NewLSTM(
		s,
		a["lstm"],
	), nn.NewWorkspace(
		s,
		batch,
	), make(
		[]float32,
		batch*s.Outputs(),
	)
	x, h, c := a["x"], a["h"], a["c"]
	head := func() { kernel.Linear(out, h, a["w"], a["b"], batch, s.Hidden, s.Outputs()) }
	if t.what == "model" {
		full, current, lead := nn.NewHead(s, a["head"]), a["current"], a["lead"]
		head = func() { full.Forward(ws, out, h, current, lead, batch) }
		folder := filepath.Join(
			t.folder,
			"artifact",
		) // onnxruntime runs the file that Loadtide writes
		if _, err := os.Stat(folder); os.IsNotExist(err) {
			if _, err := model.Write(folder, model.Artifact{
				Spec: modelSpec(s.Hidden), LSTM: a["lstm"], Head: a["head"],
			}); err != nil {
				return nil, 0, err
			}
		}
	}
	call := func() {
		lstm.Step(ws, x, h, c, batch)
		head()
	}
	call()
	return looped(call), 1, writeFloats(t.output, slices.Concat(out, h, c))
}

// looped is a job whose calls are alike.
func looped(call func()) job {
	return func(n int) (cpu, elapsed time.Duration, err error) {
		began, used := time.Now(), clock.Process()
		for range n {
			call()
		}
		return clock.Process() - used, time.Since(began), nil
	}
}

// oneBatch is a source that gives the same batch for ever.
type oneBatch dataset.Batch

func (o *oneBatch) Next(b *dataset.Batch) { *b = dataset.Batch(*o) }

// trainJob takes training steps. Those of a block follow a first one, before which the graph is
// built.
func trainJob(z sizes, a map[string][]float32, threads int) job {
	cfg := train.DefaultConfig()
	cfg.Shape, cfg.Levels, cfg.LearningRate, cfg.ClipNorm = z.Shape, z.Levels, z.Rate, z.Clip
	cfg.ValidEvery, cfg.Patience, cfg.Workers, cfg.Seed = math.MaxInt32, 0, threads, 1
	batch := &oneBatch{
		T: z.Steps, B: z.Batch, S: len(z.Positions), Positions: z.Positions, X: a["x"],
		Current: a["current"], Lead: a["lead"], Target: a["target"], Weight: a["weight"],
	}
	return func(n int) (cpu, elapsed time.Duration, err error) {
		cfg.Iterations = n + 1
		var began time.Time
		var used time.Duration
		_, err = train.Fit(context.Background(), cfg, batch, nil, func(p train.Progress) {
			if p.Iteration == 1 {
				began, used = time.Now(), clock.Process()
			}
			cpu, elapsed = clock.Process()-used, time.Since(began)
		})
		return cpu, elapsed, err
	}
}

func writeFloats(path string, values []float32) error {
	data, err := binary.Append(nil, binary.LittleEndian, values)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

func readFloats(path string) ([]float32, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	values := make([]float32, len(data)/4)
	return values, binary.Read(bytes.NewReader(data), binary.LittleEndian, values)
}
