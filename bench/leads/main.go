package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/model"
)

// settings are the flags.
type settings struct {
	binary, document, figures string
	rounds, batches, readings int
	pipelineOnly              bool
}

func main() {
	var s settings
	flag.StringVar(&s.binary, "loadtide", "bin/loadtide", "program to measure")
	flag.StringVar(&s.document, "document", "bench/RESULTS.md", "document whose table is replaced")
	flag.StringVar(&s.figures, "figures", "bench/results/leads.json", "file of the results")
	flag.IntVar(&s.rounds, "rounds", 7, "rounds; the figures are their medians")
	flag.IntVar(&s.batches, "batches", 40, "batches of the pipeline in a round")
	flag.IntVar(&s.readings, "readings", 80, "readings of each series for the program in a round")
	flag.BoolVar(&s.pipelineOnly, "pipeline", false, "measure the pipeline alone, and write nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := s.run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func (s *settings) run(ctx context.Context, out io.Writer) (err error) {
	scratch, err := os.MkdirTemp("", "loadtide-leads-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	results := make([]result, len(cases))
	dirs := make([]string, len(cases))
	for i, c := range cases {
		results[i].Case = c.String()
		dirs[i] = filepath.Join(scratch, fmt.Sprint("model-", i))
		if _, err := model.Write(dirs[i], c.artifact()); err != nil {
			return err
		}
	}
	if err := s.pipelines(ctx, results, dirs); err != nil {
		return err
	}
	if !s.pipelineOnly {
		if err := s.forecasters(ctx, results, dirs, scratch); err != nil {
			return err
		}
	}
	table := tableOf(results)
	if _, err := fmt.Fprint(out, table); err != nil || s.pipelineOnly {
		return err
	}
	return write(s.document, s.figures, table, results)
}

// pipelines measures the pipeline of every case in turns.
func (s *settings) pipelines(ctx context.Context, results []result, dirs []string) error {
	all := make([]*pipeline, len(cases))
	for i, c := range cases {
		p, err := newPipeline(c, dirs[i])
		if err != nil {
			return err
		}
		all[i] = p
	}
	for round := range s.rounds + 1 { // the first one warms up
		for i, p := range all {
			took, err := p.measure(s.batches)
			if err = errors.Join(err, ctx.Err()); err != nil {
				return err
			}
			if round > 0 {
				results[i].Pipeline.add(micros(took))
			}
			results[i].Bytes = p.bytes
		}
	}
	return nil
}

// forecasters measures the program with the model of every case in turns.
func (s *settings) forecasters(
	ctx context.Context, results []result, dirs []string, scratch string,
) error {
	for round := range s.rounds {
		for i, c := range cases {
			dir := filepath.Join(scratch, fmt.Sprintf("run-%d-%d", round, i))
			f := fleet{one: c, dir: dir, binary: s.binary, model: dirs[i], log: zerolog.Nop()}
			cost, err := f.measure(ctx, s.readings)
			if err != nil {
				return fmt.Errorf("%s: %w", c, err)
			}
			results[i].Forecaster.add(micros(cost.forecaster))
			results[i].Broker.add(micros(cost.broker))
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
		}
	}
	return nil
}
