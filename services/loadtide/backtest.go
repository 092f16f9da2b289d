package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/plot"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/pkg/tabular"
	"github.com/loadtide/loadtide/services/trainer/cycle"
)

// backtestCmd measures a model on files by rolling origin.
type backtestCmd struct {
	Data           []string  `required:"" type:"files" placeholder:"FILE..." help:"CSV files, plain, gz or zst."`
	Model          string    `default:"load-1h@champion" placeholder:"DIR|NAME@ALIAS" help:"Model folder, or NAME@ALIAS or NAME@VERSION of the registry; load-1h@champion when not said."`
	TestFrom       time.Time `placeholder:"TIME" help:"First origin (RFC 3339); the last tenth of the data when not said."`
	TestUntil      time.Time `placeholder:"TIME" help:"End of what is scored."`
	OriginEvery    int       `default:"24" help:"Intervals between two origins."`
	Horizon        int       `help:"Leads that are scored; all the model has when not said."`
	Compare        string    `placeholder:"DIR|NAME@ALIAS" help:"Another model to hold it against, by a paired block bootstrap; exit code 3 when that one is better."`
	Plot           string    `placeholder:"FILE" help:"Draw fan charts, error by lead and calibration into a png or svg file."`
	TruthColumn    string    `placeholder:"NAME" help:"Column of true values, as simulate --faults writes it: the model hears the values in the order of the rows and is scored against the true ones, beside itself on true values alone."`
	JSON           bool      `name:"json" help:"Print one JSON object instead of the table."`
	Workers        int       `help:"Goroutines that share the series; one for each core when not said."`
	ExcludeFlagged bool      `help:"Add a second table that leaves out actuals which cannot be true: frozen, spikes, factor 1000."`

	CSV   csvFlags          `embed:""`
	Place placeFlags        `embed:""`
	Ahead aheadFlags        `embed:""`
	Dir   service.DataFlags `embed:""`
	Kept  registryFlags     `embed:""`
}

// measured is one backtest and what it was of.
type measured struct {
	name      string // as the user named the model
	model     *model.Model
	report    evaluate.Report
	baselines evaluate.Baselines
	config    evaluate.Config
	took      time.Duration
	board     *scoreboard // nil where no column of true values was named
}

// Run measures and prints.
func (c *backtestCmd) Run(e *env) error {
	if err := drawable(c.Plot); err != nil {
		return err
	}
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
	if err := c.Place.put(m); err != nil {
		return err
	}
	histories, feed, board, err := c.load(ctx, show)
	if err != nil {
		return err
	}
	cfg, err := c.config(m, histories)
	if err != nil {
		return err
	}
	for _, text := range dataset.Remarks(histories, cfg.From) {
		show.line("warn: %s", text)
	}
	if cfg.Ahead, err = c.Ahead.load(show, c.CSV.Timezone); err != nil {
		return err
	}
	if err := c.Ahead.fit(show, c.Model, m, cfg.Ahead, histories, cfg.Until); err != nil {
		return err
	}
	cfg.Feed = feed
	ours, err := measure(ctx, show, c.Model, m, histories, cfg)
	if err != nil {
		return err
	}
	if err := ours.scoreRules(ctx, histories); err != nil {
		return err
	}
	if ours.board = board; board != nil {
		if err := board.clean(ctx, show, &ours, histories); err != nil {
			return err
		}
	}
	var fair *measured
	if c.ExcludeFlagged {
		cfg.ExcludeFlagged = true
		second, err := measure(ctx, show, c.Model, m, histories, cfg)
		if err != nil {
			return err
		}
		if err := second.scoreRules(ctx, histories); err != nil {
			return err
		}
		fair = &second
	}
	var verdict *evaluate.Comparison
	if c.Compare != "" {
		if verdict, err = c.compare(ctx, show, &ours, histories); err != nil {
			return err
		}
	}
	if c.JSON {
		err = json.NewEncoder(e.stdout).Encode(backtestObject(&ours, fair, verdict))
	} else {
		err = printBacktest(e.stdout, &ours, fair, verdict)
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

// load reads what the model hears and what it is scored against: the same, but
// with a column of true values.
func (c *backtestCmd) load(ctx context.Context, show *screen) ([]*dataset.History, map[meter.ID][]evaluate.Arrival, *scoreboard, error) {
	if c.TruthColumn != "" {
		return loadFaulty(ctx, show, c.Data, &c.CSV, c.TruthColumn)
	}
	histories, err := loadHistories(ctx, show, c.Data, &c.CSV)
	return histories, nil, nil, err
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
	err = cycle.Files{Paths: paths, Options: options, Report: report}.Load(ctx, b)
	if closed := done(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, err
	}
	histories := b.Build()
	if text := b.RepeatsRemark(); text != "" {
		show.line("warn: %s", text)
	}
	return histories, nil
}

// config decides what is tested.
func (c *backtestCmd) config(m *model.Model, histories []*dataset.History) (evaluate.Config, error) {
	first, end := spanOf(histories)
	leads, err := leadsOf(m, c.Horizon)
	if err != nil {
		return evaluate.Config{}, err
	}
	cfg := evaluate.Config{From: end - (end-first)/10/meter.IntervalSeconds*meter.IntervalSeconds, Until: end, Every: c.OriginEvery, Horizon: leads, Workers: c.Workers}
	if cfg.Workers < 1 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	if !c.TestFrom.IsZero() {
		cfg.From = c.TestFrom.Unix()
	}
	if !c.TestUntil.IsZero() {
		cfg.Until = min(c.TestUntil.Unix(), end)
	}
	if least := 10 * int64(leads) * meter.IntervalSeconds; c.TestFrom.IsZero() && end-first < least {
		return cfg, &service.HintError{
			What:   fmt.Sprintf("the data span %.1f days; a backtest needs %.1f, so that their last tenth holds a forecast of %d h", float64(end-first)/86400, float64(least)/86400, leads),
			Fix:    []string{"give longer data, or say --test-from"},
			Reason: "test_range",
		}
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
	if errors.Is(err, evaluate.ErrNoOrigins) {
		err = &service.HintError{
			What:   fmt.Sprintf("nothing can be scored from %s until %s: a forecast needs a reading before its origin and readings over %d h after it", stamp(cfg.From), stamp(cfg.Until), cfg.Horizon),
			Fix:    []string{"give longer data, or an earlier --test-from"},
			Reason: "test_range",
		}
	}
	if err == nil && report.ByRules > 0 {
		show.line("warn: %d of %d forecasts are those of a simple rule, for their series had less than the %d readings that the network needs", report.ByRules, report.Forecasts, series.ScalerCells)
	}
	return measured{name: name, model: m, report: report, config: cfg, took: time.Since(began)}, err
}

// scoreRules scores the simple rules on the origins of the report.
func (m *measured) scoreRules(ctx context.Context, histories []*dataset.History) (err error) {
	m.baselines, err = evaluate.ScoreRules(ctx, m.report, histories, m.config)
	return err
}

// skill is the gain of the model over the rule "same hour yesterday".
func (m *measured) skill() float64 {
	return evaluate.Skill(m.report.Overall, m.baselines.SeasonalNaive())
}

func (c *backtestCmd) compare(ctx context.Context, show *screen, ours *measured, histories []*dataset.History) (*evaluate.Comparison, error) {
	m, err := openModel(ctx, c.Compare, c.Dir.Dir, c.Kept)
	if err != nil {
		return nil, err
	}
	if err := c.Place.put(m); err != nil {
		return nil, err
	}
	if err := c.Ahead.fit(show, c.Compare, m, ours.config.Ahead, histories, ours.config.Until); err != nil {
		return nil, err
	}
	theirs, err := measure(ctx, show, c.Compare, m, histories, ours.config)
	if err != nil {
		return nil, err
	}
	v, err := evaluate.Compare(ours.report.Losses, theirs.report.Losses)
	return &v, err
}
