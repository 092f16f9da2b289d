package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/services/trainer/cycle"
)

const (
	horizon = 24 // leads
	width   = 64 // units of the head's layers
	// validBatches come before all others.
	validBatches = 4
	// yearly is the training range, in seconds, from which the day of the year is a
	// feature.
	yearly = 8700 * meter.HourSeconds
)

// header says what the batches look like. Each is the arrays of dataset.Batch one
// after the other: X, Positions, Current, Lead, Target, Weight, all as float32,
// little endian.
type header struct {
	Shape        nn.Shape  `json:"shape"`
	Levels       []float64 `json:"levels"`
	Steps        int       `json:"steps"`
	Batch        int       `json:"batch"`
	Positions    int       `json:"positions"`
	ValidBatches int       `json:"valid_batches"`
	Told         string    `json:"told"` // for people
}

// options are the flags.
type options struct {
	data, until, scale, template string
	hidden, batches              int
	seed                         uint64
}

func main() {
	var o options
	flag.StringVar(&o.data, "data", "", "CSV file as `loadtide train` reads it")
	flag.StringVar(
		&o.until, "valid-until", "",
		"look at nothing after (RFC 3339), the last fifth before it validates; empty leaves the last "+
			"tenth to test",
	)
	flag.StringVar(&o.scale, "scale", model.ScalePlain, "plain or asinh")
	flag.StringVar(&o.template, "template", "", "new model folder for the weights to be put into")
	flag.IntVar(&o.hidden, "hidden", 64, "units of the LSTM")
	flag.IntVar(&o.batches, "batches", 800, "batches to draw beside those for validation")
	flag.Uint64Var(&o.seed, "seed", 1, "of the windows drawn")
	flag.Parse()
	if err := run(o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(o options, out io.Writer) error {
	b := dataset.NewBuilder()
	b.At(meter.HourSeconds)
	if err := (dataset.Files{Paths: []string{o.data}}).Load(context.Background(), b); err != nil {
		return err
	}
	count, first, last := b.Span()
	cut, err := o.cut(first, last)
	if err != nil {
		return err
	}
	histories := b.Build()
	if o.scale == model.ScaleAsinh {
		for i, h := range histories {
			histories[i] = h.OnCurve(series.Asinh)
		}
	}
	layout, c := series.DefaultLayout(cut.TrainUntil-cut.First > yearly), cycle.DefaultConfig()
	// Where the validation range is short, all windows are.
	steps := min(c.Window, c.BurnIn+int((cut.ValidUntil-cut.TrainUntil)/meter.HourSeconds)-horizon)
	windows := dataset.WindowConfig{
		Layout:    layout,
		Horizon:   horizon,
		Steps:     steps,
		BurnIn:    c.BurnIn,
		Positions: min(c.Positions, steps-c.BurnIn),
		Batch:     c.Batch,
	}
	if windows.Positions < 1 {
		return dataset.ErrNoWindows
	}
	fit, err := dataset.NewSampler(windows, histories, cut.First, cut.TrainUntil, o.seed)
	if err != nil {
		return fmt.Errorf("training range: %w", err)
	}
	valid, err := dataset.NewSampler(windows, histories, cut.TrainUntil, cut.ValidUntil, o.seed+1)
	if err != nil {
		return fmt.Errorf("validation range: %w", err)
	}
	spec := model.Spec{
		Schema: model.SpecSchema, Name: "load-1h", Interval: "1h", Hidden: o.hidden, Width: width,
		Horizon: horizon,
		Levels:  model.DefaultLevels(), Scale: o.scale,
		Inputs: layout.InputNames(), LeadFeatures: layout.LeadNames(),
		CurrentFeatures: layout.CurrentNames(),
		TrainedFrom:     time.Unix(cut.First, 0).UTC(), TrainedUntil: time.Unix(cut.ValidUntil, 0).UTC(),
		Seed: o.seed,
	}
	shape := spec.Shape()
	if _, err := model.Write(o.template, model.Artifact{
		Spec: spec, LSTM: make([]float32, shape.LSTMParams()), Head: make([]float32, shape.HeadParams()),
	}); err != nil {
		return err
	}
	w := bufio.NewWriterSize(out, 1<<20)
	told := fmt.Sprintf("%d series, %v", count, cut)
	if err := json.NewEncoder(w).Encode(header{
		shape, spec.Levels, windows.Steps, windows.Batch, windows.Positions, validBatches, told,
	}); err != nil {
		return err
	}
	measured, _ := valid.Measured(validBatches)
	for _, one := range measured {
		if err := writeBatch(w, one); err != nil {
			return err
		}
	}
	one := &dataset.Batch{}
	for range o.batches {
		fit.Next(one)
		if err := writeBatch(w, one); err != nil {
			return err
		}
	}
	return w.Flush()
}

// cut divides time as `loadtide train` does with --valid-until, or without.
func (o options) cut(first, last int64) (dataset.Cut, error) {
	extent := dataset.Extent{
		First: first, Last: last, Interval: meter.HourSeconds, Horizon: horizon * meter.HourSeconds,
	}
	if o.until == "" {
		return dataset.DefaultCut(extent)
	}
	until, err := time.Parse(time.RFC3339, o.until)
	if err != nil {
		return dataset.Cut{}, fmt.Errorf("-valid-until: %w", err)
	}
	return dataset.CutBefore(extent, until.Unix())
}

func writeBatch(w io.Writer, b *dataset.Batch) error {
	positions := make([]float32, b.S)
	for i, p := range b.Positions {
		positions[i] = float32(p)
	}
	var data []byte
	for _, array := range [][]float32{b.X, positions, b.Current, b.Lead, b.Target, b.Weight} {
		for _, v := range array {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
	}
	_, err := w.Write(data)
	return err
}
