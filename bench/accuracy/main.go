package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// protocol is one entry of protocol.json in the folder of the data sets.
type protocol struct {
	Series      int    `json:"series"`
	TestFrom    string `json:"test_from"`
	Last        string `json:"last"` // start of the last hour
	OriginEvery int    `json:"origin_every"`
	Horizon     int    `json:"horizon"`
}

// measures are those of `loadtide backtest --json` that the table shows.
type measures struct {
	WAPE     float64 `json:"wape"`
	MASE     float64 `json:"mase"`
	Pinball  float64 `json:"pinball"`
	Coverage float64 `json:"coverage80"`
}

// result holds the measures of one set.
type result struct {
	Name      string              `json:"name"`
	Interval  string              `json:"interval,omitempty"` // of a native set
	Overall   measures            `json:"overall"`
	Baselines map[string]measures `json:"baselines"`
	Scale     string              `json:"scale"`
	TrainS    float64             `json:"train_seconds"`
	BacktestS float64             `json:"backtest_seconds"`
	Hours     *hourSums           `json:"hours,omitempty"`    // of a native set
	AtLeads   *measures           `json:"at_leads,omitempty"` // of a native set, at the leads of LightGBM
	LightGBM  *measures           `json:"lightgbm,omitempty"` // of native_lgbm.py, measured once
	Limits    *reliability        `json:"limits,omitempty"`   // of a set of limitSets
	Horizons  []horizon           `json:"horizons,omitempty"` // of a set of horizonSets
}

func main() {
	binary := flag.String("loadtide", "bin/loadtide", "program to measure")
	data := flag.String("data", "../shared/data", "folder with the sets, those of hours in hourly")
	document := flag.String(
		"document",
		"docs/accuracy.md",
		"document whose tables of results are replaced",
	)
	figures := flag.String(
		"figures",
		"bench/results/accuracy.json",
		"file that holds the results; sets that are not measured keep theirs",
	)
	only := flag.String(
		"only",
		"",
		"sets to measure, separated by commas; default: all sets of the table",
	)
	limits := flag.Bool("limits", false, "measure the chances of limits alone")
	horizons := flag.Bool("horizons", false, "measure horizons beyond a day alone")
	bases := flag.String("bases", "",
		"folder of base models without a set each, as go run ./bench/base -folds -out writes them; "+
			"default: sets that the base model was trained on start from random weights")
	models := flag.String("models", "",
		"folder of models for -limits and -horizons, which keeps those that are trained; default: none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	from := starts{*bases}
	measure := func() error { return run(ctx, from, *binary, *data, *document, *figures, *only) }
	if *limits {
		measure = func() error { return runLimits(ctx, from, *binary, *data, *models, *document, *figures) }
	}
	if *horizons {
		measure = func() error {
			return runHorizons(ctx, from, *binary, *data, *models, *document, *figures)
		}
	}
	if err := measure(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(
	ctx context.Context, from starts, binary, data, document, figures, only string,
) error {
	results, err := readFigures(figures)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "loadtide-accuracy-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	for _, name := range slices.Concat(sets, natives) {
		if only != "" && !slices.Contains(strings.Split(only, ","), name) {
			continue
		}
		one := measure
		if slices.Contains(natives, name) {
			one = measureNative
		}
		r, err := one(ctx, from, binary, data, scratch, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.LightGBM, r.Limits = results[name].LightGBM, results[name].Limits
		r.Horizons = results[name].Horizons
		results[name] = r
		fmt.Fprintf(
			os.Stderr,
			"%s: wQL %.4f, WAPE %.2f %%, band %.1f %%, scale %s, %.0f s training, %.0f s backtest\n",
			name,
			r.Overall.Pinball,
			100*r.Overall.WAPE,
			100*r.Overall.Coverage,
			r.Scale,
			r.TrainS,
			r.BacktestS,
		)
		if err := writeFigures(figures, results); err != nil {
			return err
		}
	}
	return writeTables(document, results)
}

// measure trains on one set and backtests on its test, with two commands of the program.
func measure(
	ctx context.Context, from starts, binary, data, scratch, name string,
) (result, error) {
	data = filepath.Join(data, "hourly")
	p, err := readProtocol(filepath.Join(data, "protocol.json"), name)
	if err != nil {
		return result{}, err
	}
	r, file, dir := result{
		Name: name,
	}, filepath.Join(
		data,
		name+".csv.gz",
	), filepath.Join(
		scratch,
		name,
	)
	began := time.Now()
	args := append([]string{
		"train", "--data", file, "--valid-until", p.TestFrom, "--out", dir, "--json",
	}, from.flags(name, "1h")...)
	if _, err := command(ctx, binary, args...); err != nil {
		return r, err
	}
	r.TrainS = time.Since(began).Seconds()
	began = time.Now()
	printed, err := command(
		ctx,
		binary,
		"backtest",
		"--data",
		file,
		"--model",
		dir,
		"--test-from",
		p.TestFrom,
		"--origin-every",
		fmt.Sprint(p.OriginEvery),
		"--horizon",
		fmt.Sprint(p.Horizon),
		"--json",
	)
	if err != nil {
		return r, err
	}
	r.BacktestS = time.Since(began).Seconds()
	var report struct {
		Protocol struct {
			Model struct {
				Scale string `json:"scale"`
			} `json:"model"`
		} `json:"protocol"`
		Overall   measures            `json:"overall"`
		Baselines map[string]measures `json:"baselines"`
	}
	if err := json.Unmarshal(printed, &report); err != nil {
		return r, fmt.Errorf("answer of backtest: %w", err)
	}
	r.Overall, r.Baselines, r.Scale = report.Overall, report.Baselines, report.Protocol.Model.Scale
	return r, nil
}

func command(ctx context.Context, binary string, args ...string) ([]byte, error) {
	printed, _, err := timed(ctx, binary, args...)
	return printed, err
}

// timed runs a command of the program and returns what it prints and the time of the processor.
func timed(
	ctx context.Context, binary string, args ...string,
) (printed []byte, processor time.Duration, err error) {
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Stderr = os.Stderr
	printed, err = cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, 0, fmt.Errorf("%s %s: exit code %d", binary, args[0], exit.ExitCode())
	}
	if err != nil {
		return nil, 0, err
	}
	return printed, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}
