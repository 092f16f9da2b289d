package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/nn"
)

// sizes is sizes.json of a task's folder. Beside it lie flat float32 arrays, little
// endian: lstm.f32 as nn.SplitLSTM lays it out, and what the functions below write.
type sizes struct {
	Shape     nn.Shape  `json:"shape"`
	Batch     int       `json:"batch"`
	Steps     int       `json:"steps,omitempty"`
	Positions []int     `json:"positions,omitempty"`
	Levels    []float64 `json:"levels,omitempty"`
	Rate      float64   `json:"rate,omitempty"`
	Clip      float64   `json:"clip,omitempty"`
}

// folder writes the files of a task and keeps the first error.
type folder struct {
	dir string
	rng *rand.Rand
	err error
}

func newFolder(dir string, s sizes) *folder {
	f := &folder{dir: dir, rng: rand.New(rand.NewPCG(5, 18))}
	text, err := json.Marshal(s)
	f.err = errors.Join(err, os.WriteFile(filepath.Join(dir, "sizes.json"), text, 0o644))
	return f
}

// normal writes n numbers around 0.
func (f *folder) normal(name string, n int) {
	f.write(name, n, func() float64 { return f.rng.NormFloat64() })
}

// uniform writes n numbers within bound of 0.
func (f *folder) uniform(name string, n int, bound float64) {
	f.write(name, n, func() float64 { return (2*f.rng.Float64() - 1) * bound })
}

func (f *folder) write(name string, n int, next func() float64) {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(next())
	}
	f.err = errors.Join(f.err, writeFloats(filepath.Join(f.dir, name+".f32"), values))
}

// state writes the parameters of the LSTM, an input and a state in mid-life.
func (f *folder) state(s nn.Shape, batch int) {
	f.uniform("lstm", s.LSTMParams(), 1/math.Sqrt(float64(s.Hidden)))
	f.normal("x", batch*s.Inputs)
	f.uniform("h", batch*s.Hidden, 0.8)
	f.normal("c", batch*s.Hidden)
}

// writeStep writes the cell and the linear head w [Hidden][Outputs], b [Outputs].
func writeStep(dir string, s nn.Shape, batch int) error {
	f := newFolder(dir, sizes{Shape: s, Batch: batch})
	f.state(s, batch)
	f.uniform("w", s.Hidden*s.Outputs(), 1/math.Sqrt(float64(s.Hidden)))
	f.uniform("b", s.Outputs(), 0.5)
	return f.err
}

// writeModel writes a whole model, head.f32 as nn.SplitHead lays it out, the same as
// the model folder that Loadtide ships, and what the head reads.
func writeModel(dir string, hidden, batch int) error {
	spec := modelSpec(hidden)
	s := spec.Shape()
	f := newFolder(dir, sizes{Shape: s, Batch: batch})
	f.state(s, batch)
	f.uniform("head", s.HeadParams(), 1/math.Sqrt(float64(s.Width)))
	f.normal("current", batch*s.Current)
	f.normal("lead", batch*s.Horizon*s.LeadFeatures)
	if f.err != nil {
		return f.err
	}
	arrays, err := readArrays(dir)
	if err != nil {
		return err
	}
	_, err = model.Write(filepath.Join(dir, "artifact"), model.Artifact{Spec: spec, LSTM: arrays["lstm"], Head: arrays["head"]})
	return err
}

// windows are the sizes of a training batch.
type windows struct{ steps, burnIn, positions, batch int }

// writeTrain writes one batch of windows, dataset.Batch array by array; the last
// loss position is the last step, so that no side saves any.
func writeTrain(dir string, spec model.Spec, w windows) error {
	s := spec.Shape()
	z := sizes{Shape: s, Batch: w.batch, Steps: w.steps, Levels: spec.Levels, Rate: trainRate, Clip: trainClip}
	for i := range w.positions {
		z.Positions = append(z.Positions, w.burnIn+(i+1)*(w.steps-w.burnIn)/w.positions-1)
	}
	f, rows := newFolder(dir, z), w.positions*w.batch
	f.normal("x", w.steps*w.batch*s.Inputs)
	f.normal("current", rows*s.Current)
	f.normal("lead", rows*s.Horizon*s.LeadFeatures)
	f.normal("target", rows*s.Horizon)
	f.write("weight", rows*s.Horizon, func() float64 {
		if f.rng.Float64() < 0.02 {
			return 0
		}
		return 1
	})
	return f.err
}

func readSizes(dir string) (sizes, error) {
	var z sizes
	text, err := os.ReadFile(filepath.Join(dir, "sizes.json"))
	if err != nil {
		return z, err
	}
	return z, json.Unmarshal(text, &z)
}

func writeFloats(path string, values []float32) error {
	data := make([]byte, 0, 4*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return os.WriteFile(path, data, 0o644)
}

func readFloats(path string) ([]float32, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(data)%4 != 0 {
		return nil, fmt.Errorf("%s has %d bytes, which are no float32s", path, len(data))
	}
	values := make([]float32, len(data)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return values, nil
}
