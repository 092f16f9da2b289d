package main

import (
	"context"
	"fmt"
	"math"

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
	allowed chan int      // steps of the next block
	done    chan struct{} // it has ended
	left    int
}

// Next waits where a block has ended.
func (g *gate) Next(b *dataset.Batch) {
	if g.left == 0 {
		g.left = <-g.allowed
	}
	g.left--
	*b = *g.batch
}

// trainJob is train.Fit on one batch; the graph is built once, before the first
// block.
func trainJob(z sizes, a map[string][]float32, threads int) (*job, error) {
	cfg := train.DefaultConfig()
	cfg.Shape, cfg.Levels, cfg.Iterations, cfg.LearningRate, cfg.ClipNorm = z.Shape, z.Levels, manySteps, z.Rate, z.Clip
	cfg.ValidEvery, cfg.Patience, cfg.Workers, cfg.Seed = manySteps, 0, threads, 1
	g := &gate{
		batch: &dataset.Batch{
			T: z.Steps, B: z.Batch, S: len(z.Positions), Positions: z.Positions, X: a["x"],
			Current: a["current"], Lead: a["lead"], Target: a["target"], Weight: a["weight"],
		},
		allowed: make(chan int), done: make(chan struct{}, 1),
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended, stopped := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(stopped)
		_, err := train.Fit(ctx, cfg, g, nil, func(train.Progress) {
			if g.left == 0 {
				g.done <- struct{}{}
			}
		})
		ended <- err
	}()
	run := func(n int) error {
		select {
		case g.allowed <- n:
		case err := <-ended:
			return fmt.Errorf("training ended: %w", err)
		}
		select {
		case <-g.done:
			return nil
		case err := <-ended:
			return fmt.Errorf("training ended: %w", err)
		}
	}
	stop := func() {
		cancel()
		// Fit looks at its context after one more step: it waits in the source now.
		if run(1) == nil {
			<-stopped
		}
	}
	if err := run(1); err != nil { // builds the graph
		cancel()
		return nil, err
	}
	return &job{threads: threads, units: 1, run: run, stop: stop}, nil
}
