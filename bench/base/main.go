package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/model/base"
	"github.com/loadtide/loadtide/pkg/train"
)

func main() {
	data := flag.String("data", "../shared/data", "folder with the sets")
	out := flag.String("out", "", "folder to write the model files to; default: they are measured alone")
	card := flag.String("card", "", "write the card of the models to this file, from the figures; fit nothing")
	young := flag.Bool("ages", false, "measure the base model of hours on series that begin anew; fit nothing")
	ageFigures := flag.String("age-figures", "bench/results/base_ages.json", "file that holds what was measured")
	figures := flag.String("figures", "bench/results/base.json", "file that holds what was measured")
	folds := flag.String("folds", "0", "folds to fit and to measure, such as 1,2; 0 leaves no source out")
	r := recipe{}
	flag.DurationVar(&r.interval, "interval", time.Hour, "interval of the model")
	flag.IntVar(&r.hidden, "hidden", 128, "units of the LSTM")
	flag.IntVar(&r.iterations, "iterations", 2500, "iterations of the fit")
	flag.Uint64Var(&r.seed, "seed", 1, "seed of the first weights and of the windows")
	flag.IntVar(&r.workers, "workers", 2, "goroutines of the fit; the weights depend on it in the last digits")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	do := func() error { return run(ctx, r, *data, *out, *figures, *folds) }
	if *card != "" {
		do = func() error { return writeCard(*card, *figures, *ageFigures) }
	}
	if *young {
		do = func() error {
			m, _, err := base.Of(time.Hour)
			if err != nil {
				return err
			}
			return measureAges(*data, *ageFigures, m)
		}
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run fits a model for each fold and measures it on the sets that it was not trained on. The model of
// fold 0 is the base model.
func run(ctx context.Context, r recipe, data, out, figures, folds string) error {
	for _, word := range strings.Split(folds, ",") {
		fold, err := strconv.Atoi(word)
		if err != nil || fold < 0 || fold > mostFolds {
			return fmt.Errorf("folds: %q: give numbers of 0 to %d", word, mostFolds)
		}
		a, err := r.train(ctx, data, fold)
		if err != nil {
			return err
		}
		file, _, err := a.Encode()
		if err != nil {
			return err
		}
		if err := keep(out, a.Spec.Name, fold, file); err != nil {
			return err
		}
		m, err := model.Parse(file)
		if err != nil {
			return err
		}
		if err := r.measureFold(ctx, data, figures, m, fold); err != nil {
			return err
		}
	}
	return nil
}

// keep writes a model file: that of fold 0 under the name of the model, that of another fold for each
// set that it was trained without.
func keep(out, name string, fold int, file []byte) error {
	if out == "" {
		return nil
	}
	files := []string{name + ".onnx"}
	if fold > 0 {
		files = nil
		for _, s := range sources {
			if s.fold == fold {
				files = append(files, s.name+"."+name+".onnx")
			}
		}
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(out, f), file, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// measureFold measures a model on the sets of a fold, and keeps what it measures.
func (r recipe) measureFold(
	ctx context.Context, data, figures string, m *model.Model, fold int,
) error {
	all, err := readFigures(figures)
	if err != nil {
		return err
	}
	for _, s := range sources {
		if s.fold != fold || len(s.files(r.interval)) == 0 {
			continue
		}
		measured, err := r.measure(ctx, data, m, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Fprintln(os.Stdout, measured)
		all = all.with(measured)
		if err := all.write(figures); err != nil {
			return err
		}
	}
	return nil
}

// train fits the recipe on all sources of an open licence but those of a fold.
func (r recipe) train(ctx context.Context, data string, without int) (model.Artifact, error) {
	var all []loaded
	for _, s := range sources {
		if s.licence == "" || s.fold == without && without > 0 {
			continue
		}
		histories, err := s.load(data, r.interval)
		if err != nil {
			return model.Artifact{}, fmt.Errorf("%s: %w", s.name, err)
		}
		if len(histories) > 0 {
			all = append(all, loaded{s, histories})
		}
	}
	began := time.Now()
	return r.fit(ctx, all, func(p train.Progress) {
		if p.Iteration%100 == 0 {
			fmt.Fprintf(os.Stderr, "%s, fold %d: iteration %d of %d, loss %.4f, %v\n",
				meter.IntervalName(r.interval), without, p.Iteration, p.Iterations, p.Loss,
				time.Since(began).Round(time.Second))
		}
	})
}
