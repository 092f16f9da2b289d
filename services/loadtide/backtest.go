package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/plot"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/pkg/tabular"
	"github.com/loadtide/loadtide/services/trainer"
)

// backtestCmd measures a model on files by rolling origin.
type backtestCmd struct {
	Data        []string  `required:"" placeholder:"FILE" help:"CSV files, plain, gz or zst."`
	Model       string    `default:"load-1h@champion" placeholder:"DIR|NAME@ALIAS" help:"Model folder, or NAME@ALIAS or NAME@VERSION of the registry; load-1h@champion when not said."`
	TestFrom    time.Time `placeholder:"TIME" help:"First origin (RFC 3339); the last tenth of the data when not said."`
	TestUntil   time.Time `placeholder:"TIME" help:"End of what is scored."`
	OriginEvery int       `default:"24" help:"Intervals between two origins."`
	Horizon     int       `help:"Leads that are scored; all the model has when not said."`
	Compare     string    `placeholder:"DIR|NAME@ALIAS" help:"Another model to hold it against, by a paired block bootstrap; exit code 3 when that one is better."`
	Plot        string    `placeholder:"FILE" help:"Draw fan charts, error by lead and calibration into a png or svg file."`
	JSON        bool      `name:"json" help:"Print one JSON object instead of the table."`
	Workers     int       `help:"Goroutines that share the series; one for each core when not said."`

	CSV  csvFlags          `embed:""`
	Dir  service.DataFlags `embed:""`
	Kept registryFlags     `embed:""`
}

// measured is one backtest and what it was of.
type measured struct {
	name   string // as the user named the model
	model  *model.Model
	report evaluate.Report
	config evaluate.Config
	took   time.Duration
}

// Run measures and prints.
func (c *backtestCmd) Run(e *env) error {
	if c.OriginEvery < 1 {
		return usageError(fmt.Sprintf("--origin-every %d is below 1", c.OriginEvery), "give the number of intervals between two origins, e.g. 24")
	}
	show := newScreen(e.stderr)
	ctx, _, release := service.Signals(context.Background(), nil, nil)
	defer release()
	err := c.run(ctx, e, show)
	if ctx.Err() != nil {
		return service.ErrInterrupted
	}
	return csvError(err)
}

func (c *backtestCmd) run(ctx context.Context, e *env, show *screen) error {
	m, err := openModel(ctx, c.Model, c.Dir.Dir, c.Kept)
	if err != nil {
		return err
	}
	histories, err := loadHistories(ctx, show, c.Data, &c.CSV)
	if err != nil {
		return err
	}
	cfg, err := c.config(histories)
	if err != nil {
		return err
	}
	ours, err := measure(ctx, show, c.Model, m, histories, cfg)
	if err != nil {
		return err
	}
	var verdict *evaluate.Verdict
	if c.Compare != "" {
		if verdict, err = c.compare(ctx, show, &ours, histories); err != nil {
			return err
		}
	}
	if c.JSON {
		err = json.NewEncoder(e.stdout).Encode(backtestObject(&ours, verdict))
	} else {
		err = printBacktest(e.stdout, &ours, verdict)
	}
	if err != nil {
		return err
	}
	if c.Plot != "" {
		sheet, err := backtestSheet(ctx, &ours, histories)
		if err != nil {
			return err
		}
		if err := plot.Write(c.Plot, plot.Size{}, sheet); err != nil {
			return err
		}
		show.line("drawn: %s", c.Plot)
	}
	if verdict != nil && verdict.Worse {
		return service.WithExitCode(fmt.Errorf("%s is %s than %s", c.Model, verdict.InWords, c.Compare), service.ExitNo)
	}
	return nil
}

// loadHistories reads files for measuring or forecasting.
func loadHistories(ctx context.Context, show *screen, paths []string, csv *csvFlags) ([]*dataset.History, error) {
	options, done, err := csv.open(paths)
	if err != nil {
		return nil, err
	}
	b := dataset.NewBuilder()
	report := func(r tabular.Report) {
		csv.showFiles(show, r)
		showRejected(show, r)
	}
	err = trainer.Files{Paths: paths, Options: options, Report: report}.Load(ctx, b)
	if closed := done(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, err
	}
	return b.Build(), nil
}

// config decides what is tested.
func (c *backtestCmd) config(histories []*dataset.History) (evaluate.Config, error) {
	first, end := spanOf(histories)
	cfg := evaluate.Config{From: end - (end-first)/10/dataset.Interval*dataset.Interval, Until: end, Every: c.OriginEvery, Horizon: c.Horizon, Workers: c.Workers}
	if cfg.Workers < 1 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	if !c.TestFrom.IsZero() {
		cfg.From = c.TestFrom.Unix()
	}
	if !c.TestUntil.IsZero() {
		cfg.Until = min(c.TestUntil.Unix(), end)
	}
	if cfg.From <= first || cfg.From >= cfg.Until {
		return cfg, &service.HintError{
			What:   fmt.Sprintf("the test from %s until %s lies outside of the data, %s until %s", stamp(cfg.From), stamp(cfg.Until), stamp(first), stamp(end)),
			Fix:    []string{"choose --test-from and --test-until inside of it, with a day or more between them"},
			Reason: "test_range",
		}
	}
	return cfg, nil
}

// spanOf is the first second of the data and the end of the last interval.
func spanOf(histories []*dataset.History) (first, end int64) {
	for i, h := range histories {
		from, until := h.Start(h.Ring.First()), h.Start(h.Ring.Newest+1)
		if i == 0 {
			first, end = from, until
		}
		first, end = min(first, from), max(end, until)
	}
	return first, end
}

func stamp(second int64) string { return time.Unix(second, 0).UTC().Format(time.RFC3339) }

func measure(ctx context.Context, show *screen, name string, m *model.Model, histories []*dataset.History, cfg evaluate.Config) (measured, error) {
	began := time.Now()
	var pace eta
	cfg.Progress = func(done, total int) { show.bar(done, total, "hours", pace.left(done, total)) }
	report, err := evaluate.Backtest(ctx, m, histories, cfg)
	show.barDone()
	return measured{name, m, report, cfg, time.Since(began)}, err
}

func (c *backtestCmd) compare(ctx context.Context, show *screen, ours *measured, histories []*dataset.History) (*evaluate.Verdict, error) {
	m, err := openModel(ctx, c.Compare, c.Dir.Dir, c.Kept)
	if err != nil {
		return nil, err
	}
	theirs, err := measure(ctx, show, c.Compare, m, histories, ours.config)
	if err != nil {
		return nil, err
	}
	v, err := evaluate.Compare(ours.report.Losses, theirs.report.Losses)
	return &v, err
}
