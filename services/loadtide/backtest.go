package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/model/base"
	"github.com/loadtide/loadtide/pkg/service"
)

// backtestCmd measures a model on files by rolling origin.
type backtestCmd struct {
	Data           []string      `required:"" type:"files" placeholder:"FILE..." help:"Files of readings: delimited text, Green Button, JSON, line protocol, Parquet; see docs/files.md."`
	Model          string        ` placeholder:"DIR|NAME@ALIAS|base" help:"Model folder, NAME@ALIAS or NAME@VERSION of the registry, or base for the base model of the interval of the readings; default: the champion of that interval, e.g. load-15m@champion, else base, else the same of the next coarser one."`
	TestFrom       time.Time     `placeholder:"TIME" help:"First origin (RFC 3339); default: the last tenth of the data, and at least a horizon and a day."`
	TestUntil      time.Time     `placeholder:"TIME" help:"End of what is scored; default: the end of the data."`
	OriginEvery    int           `default:"24" help:"Intervals of the model between two origins."`
	Horizon        meter.Horizon `placeholder:"TIME|N" help:"How far leads are scored, a time such as 12h or a number of leads; default: all leads of the model."`
	Compare        string        `placeholder:"DIR|NAME@ALIAS" help:"Another model to compare with, by a paired block bootstrap; exit code 3 when the other model is better."`
	Plot           string        `placeholder:"FILE" help:"Draw fan charts, error by lead and calibration into a png or svg file."`
	TruthColumn    string        `placeholder:"NAME" help:"Column of true values, as simulate --faults writes it. The model reads the values in the order of the rows and is scored against the true values; the same model on true values alone is shown beside it."`
	JSON           bool          `name:"json" help:"Print one JSON object instead of the table."`
	Workers        int           `help:"Goroutines that share the series; default: one for each core."`
	ExcludeFlagged bool          `help:"Add a second table that leaves out actuals which cannot be true: frozen, spikes, factor 1000."`

	CSV   csvFlags          `embed:""`
	Marks marksFlag         `embed:""`
	Place placeFlags        `embed:""`
	Ahead aheadFlags        `embed:""`
	Dir   service.DataFlags `embed:""`
	Kept  registryFlags     `embed:""`
}

// Help returns the text of loadtide help backtest before the flags.
func (c *backtestCmd) Help() string {
	return `The model sees the readings in order, as in serving, and forecasts at each origin. Nothing is fitted again. The table has a row for the first lead, for the last lead, beyond a day for each day of the lead, and for all leads. The rows below these are simple rules at the same origins.

    n            number of values that are scored
    MAE          mean absolute error of the median, in the unit of the series
    WAPE         sum of absolute errors over the sum of the values
    MASE         MAE over that of "same hour last week" before the test, mean over the series
    wQL          quantile loss of all levels over the sum of the values; smaller is better
    80 % BAND    share of the values between P10 and P90; it should be 80 %
    IS80         interval score of that band over the mean value; smaller is better
    vs DAY       gain in wQL over the rule "same hour yesterday"
    vs BEST RULE gain in wQL over the best of the simple rules in that row`
}

// Run measures and prints.
func (c *backtestCmd) Run(e *env) error {
	if err := drawable(c.Plot); err != nil {
		return err
	}
	if c.OriginEvery < 1 {
		return usageError(fmt.Sprintf("--origin-every %d is below 1", c.OriginEvery),
			"give the number of intervals between two origins, e.g. 24")
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
	if c.Model == "" || c.Model == base.Version {
		var err error
		if c.Model, err = modelFor(ctx, c.Data, c.CSV, c.Dir.Dir, c.Kept, c.Model != ""); err != nil {
			return err
		}
	}
	m, err := c.open(ctx, c.Model)
	if err != nil {
		return err
	}
	b := &backtest{cmd: c, show: show, model: m}
	if err := b.load(ctx); err != nil {
		return err
	}
	if b.config, err = c.config(m, b.histories); err != nil {
		return err
	}
	if m.Version == base.Version {
		m = m.WithHorizon(b.config.Horizon)
		b.model = m
	}
	remarks := dataset.Remarks(b.histories, b.config.From, b.config.Until)
	if _, end, _ := c.span(b.histories); b.config.Until == end {
		if later := dataset.Later(b.histories, end); later != "" {
			remarks = append(remarks, later)
		}
	}
	for _, text := range remarks {
		show.line("warn: %s", text)
	}
	if n := dataset.Marked(b.histories, b.config.From, b.config.Until); n > 0 {
		show.line("%d measured intervals of the test are marked and not scored", n)
	}
	if b.config.Ahead, err = c.Ahead.load(show, c.CSV.Timezone); err != nil {
		return err
	}
	r, err := b.results(ctx, m)
	if err != nil {
		return err
	}
	if err := r.print(e.stdout, c.JSON); err != nil {
		return err
	}
	if c.Plot != "" {
		sheet, err := r.sheet(ctx)
		if err != nil {
			return err
		}
		if err := draw(show, c.Plot, sheet); err != nil {
			return err
		}
	}
	if r.comparison != nil && r.comparison.Worse {
		err := fmt.Errorf("%s is %s than %s", c.Model, r.comparison.InWords, c.Compare)
		return service.WithExitCode(err, service.ExitNo)
	}
	return nil
}

// open opens a model and moves it to the place that the flags name.
func (c *backtestCmd) open(ctx context.Context, name string) (*model.Model, error) {
	m, err := openModel(ctx, name, c.Dir.Dir, c.Kept)
	if err != nil {
		return nil, err
	}
	return m, c.Place.put(m)
}

// span is the time of most series, which is measured, or that of all when a flag names a time
// outside of it. reach is as dataset.Extent says.
func (c *backtestCmd) span(histories []*dataset.History) (first, end, reach int64) {
	if len(histories) == 0 {
		return 0, 0, 0
	}
	interval := histories[0].Len.Interval
	spans := dataset.SpansOf(histories)
	used := spans.Around(namedTimes(c.TestFrom, c.TestUntil), interval)
	if used == spans.Most {
		reach = spans.Reach()
	}
	return used.First, used.Last + interval, reach
}

// namedTimes returns the times that are not zero, in Unix seconds.
func namedTimes(times ...time.Time) []int64 {
	var seconds []int64
	for _, t := range times {
		if !t.IsZero() {
			seconds = append(seconds, t.Unix())
		}
	}
	return seconds
}

// config chooses the origins: those of the flags, or those in the last tenth of the data, which has at
// least a horizon and a day.
func (c *backtestCmd) config(
	m *model.Model, histories []*dataset.History,
) (evaluate.Config, error) {
	first, end, reach := c.span(histories)
	leads, err := leadsOf(m, c.Horizon)
	if err != nil {
		return evaluate.Config{}, err
	}
	interval := int64(m.Spec.Step() / time.Second)
	horizon := int64(leads) * interval
	cfg := evaluate.Config{
		From: end - dataset.TestLength(end-first, interval, horizon), Until: end, Every: c.OriginEvery, Horizon: leads, Workers: c.Workers,
	}
	if cfg.Workers < 1 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	if !c.TestFrom.IsZero() {
		cfg.From = c.TestFrom.Unix()
	}
	if !c.TestUntil.IsZero() {
		cfg.Until = min(c.TestUntil.Unix(), end)
	}
	// Before the test the network has a week for its scale.
	least := max(10*min(horizon, meter.DaySeconds), horizon+meter.DaySeconds+meter.WeekSeconds)
	first = max(min(first, end-least), first-reach)
	if c.TestFrom.IsZero() && end-first < least {
		return cfg, testRangeError("give longer data, or say --test-from",
			"the data span %.1f days; a backtest needs %.1f for forecasts of %s",
			float64(end-first)/meter.DaySeconds, float64(least)/meter.DaySeconds,
			stepWords(time.Duration(leads)*m.Spec.Step()))
	}
	if cfg.From <= first || cfg.From >= cfg.Until {
		return cfg, testRangeError("choose --test-from and --test-until inside of it, with a day "+
			"or more between them",
			"the test from %s until %s lies outside of the data, %s until %s",
			stamp(cfg.From), stamp(cfg.Until), stamp(first), stamp(end))
	}
	return cfg, nil
}

// testRangeError says that the range of the test cannot be used, and what to do.
func testRangeError(fix, format string, args ...any) error {
	return &service.HintError{What: fmt.Sprintf(format, args...), Fix: []string{fix},
		Reason: "test_range"}
}
