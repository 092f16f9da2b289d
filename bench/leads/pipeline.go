package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"time"

	"github.com/loadtide/loadtide/bench/clock"
	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/services/forecaster"
)

const (
	pipelineSeries = 256 // a batch has a reading of each
	historyDays    = 15  // more than the features look back on
)

// pipeline is the path of one case from a message to its outputs.
type pipeline struct {
	one
	path  *forecaster.Pipeline
	next  time.Time // of the readings
	seq   uint64
	bytes int // of the last forecast
}

func newPipeline(c one, dir string) (*pipeline, error) {
	m, err := model.Load(dir)
	if err != nil {
		return nil, err
	}
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	p := &pipeline{one: c, path: forecaster.NewPipeline(0, 1, start), next: start}
	m.Version = "1"
	p.path.Use(m.Digest, m)
	record, err := json.Marshal(map[string]any{
		"schema": 1, "name": c.name(), "version": m.Version, "digest": m.Digest,
	})
	if err != nil {
		return nil, err
	}
	p.seq++
	first := []bus.Message{{Subject: "ctl.0.model", Seq: p.seq, Time: start, Data: record}}
	if _, err := p.path.Step(first); err != nil {
		return nil, err
	}
	for range historyDays * int(24*time.Hour/c.Interval) {
		if _, err := p.path.Step(p.batch(true)); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// batch is the next reading of each series.
func (p *pipeline) batch(history bool) []bus.Message {
	batch := make([]bus.Message, pipelineSeries)
	for i := range batch {
		p.seq++
		batch[i] = bus.Message{
			Subject: subject(i), Seq: p.seq, Time: p.next.Add(p.Interval),
			Data: p.reading(i, p.next, history),
		}
	}
	p.next = p.next.Add(p.Interval)
	return batch
}

// measure returns the time of the processor for a reading, over a number of batches.
func (p *pipeline) measure(batches int) (time.Duration, error) {
	all := make([][]bus.Message, batches)
	for i := range all {
		all[i] = p.batch(false)
	}
	runtime.GC()
	began := clock.Process()
	forecasts := 0
	for _, batch := range all {
		result, err := p.path.Step(batch)
		if err != nil {
			return 0, err
		}
		for i := range result.Outputs {
			if o := &result.Outputs[i]; o.To == forecaster.ToForecasts {
				forecasts++
				p.bytes = len(o.Data)
			}
		}
	}
	took := clock.Process() - began
	if want := batches * pipelineSeries; forecasts != want {
		return 0, fmt.Errorf("%s: %d forecasts of %d readings", p.one, forecasts, want)
	}
	return took / time.Duration(forecasts), nil
}
