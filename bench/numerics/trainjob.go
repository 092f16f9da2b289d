package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/train"
)

// trainRate and trainClip are those of every training step here, in PyTorch too.
const trainRate, trainClip = 1e-3, 1

// manySteps is more than any run takes. The rate rises so slowly over so many that
// it does not matter.
const manySteps = math.MaxInt32

// gate is a source of one batch for ever, that lets through as many as are asked
// for: train.Fit waits in it between two blocks.
type gate struct {
	batch   *dataset.Batch
	allowed chan int // steps of the next block
	done    chan time.Time
	left    int
}

// Next waits where a block has ended. The clock of the next starts when it is
// asked for, in run.
func (g *gate) Next(b *dataset.Batch) {
	if g.left == 0 {
		g.left = <-g.allowed
	}
	g.left--
	*b = *g.batch
}

// trainJob is train.Fit on one batch, timed from the leave to go on to the
// progress of the last step: the graph is built once, before the first block.
// This is time that passes, for threads are compared with one.
func trainJob(z sizes, a map[string][]float32, threads int) (*job, error) {
	cfg := train.DefaultConfig()
	cfg.Shape, cfg.Levels, cfg.Iterations, cfg.LearningRate, cfg.ClipNorm = z.Shape, z.Levels, manySteps, z.Rate, z.Clip
	cfg.ValidEvery, cfg.Patience, cfg.Workers, cfg.Seed = manySteps, 0, threads, 1
	g := &gate{
		batch: &dataset.Batch{
			T: z.Steps, B: z.Batch, S: len(z.Positions), Positions: z.Positions, X: a["x"],
			Current: a["current"], Lead: a["lead"], Target: a["target"], Weight: a["weight"],
		},
		allowed: make(chan int), done: make(chan time.Time, 1),
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended, stopped := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(stopped)
		_, err := train.Fit(ctx, cfg, g, nil, func(train.Progress) {
			if g.left == 0 {
				g.done <- time.Now()
			}
		})
		ended <- err
	}()
	run := func(n int) (time.Duration, error) {
		began := time.Now()
		select {
		case g.allowed <- n:
		case err := <-ended:
			return 0, fmt.Errorf("training ended: %w", err)
		}
		select {
		case at := <-g.done:
			return at.Sub(began), nil
		case err := <-ended:
			return 0, fmt.Errorf("training ended: %w", err)
		}
	}
	stop := func() {
		cancel()
		// Fit looks at its context after one more step: it waits in the source now.
		if _, err := run(1); err == nil {
			<-stopped
		}
	}
	if _, err := run(1); err != nil { // builds the graph
		return nil, errors.Join(err, ctx.Err())
	}
	return &job{threads: threads, units: 1, run: run, stop: stop}, nil
}
