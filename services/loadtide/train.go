package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/model/base"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/pkg/tabular"
	"github.com/loadtide/loadtide/services/trainer/cycle"
)

// registryPatience is how long a training waits for a registry that does not answer.
const registryPatience = 10 * time.Minute

// trainCmd runs one cycle: for a person from files, or as the child of `up` from the logs.
type trainCmd struct {
	History  historyFlags `embed:"" set:"from=files"`
	Out      string       `placeholder:"DIR" help:"New folder to write the model to."`
	Register string       `placeholder:"NAME" help:"Register the model under this name; default when --out is not given: load-<interval>, e.g. load-15m. The model becomes champion when it is the first one, or better than the champion on later time."`

	TrainUntil time.Time `placeholder:"TIME" help:"Train on the data before this time (RFC 3339)."`
	ValidUntil time.Time `placeholder:"TIME" help:"Validate on the data before this time. Without the other times, the last fifth before it validates and nothing after it is used."`
	TestFrom   time.Time `placeholder:"TIME" help:"Judge the model from this time on."`
	TestUntil  time.Time `placeholder:"TIME" help:"Judge the model up to this time."`

	Interval intervalFlag `default:"auto" placeholder:"auto|15m|1h" help:"Interval of the model: auto, 5m, 10m, 15m, 20m, 30m or 1h. auto is that of the name in --register when it says one, else the finest that at least half of the series come at. Finer readings are joined, coarser series are left out."`
	Fit      fitFlags     `embed:""`
	Quick    bool         `help:"At most 150 iterations on short windows."`
	JSON     bool         `name:"json" help:"Print one JSON object instead of the summary."`
	BaseFile string       `hidden:"" placeholder:"FILE" help:"Another base model than that of the program."`
	Cycle    string       `hidden:"" help:"Id of the cycle, as the trainer stores it."`
	Child    bool         `hidden:"" help:"Report as JSON lines and end when standard input ends."`

	Ahead aheadFlags `embed:""`

	NATS service.NATSFlags `embed:""`
	Dir  service.DataFlags `embed:""`
	Kept registryFlags     `embed:""`
}

// Run runs one cycle.
func (c *trainCmd) Run(e *env) error {
	if err := errors.Join(c.validInterval(), known(c.Fit.Zone, c.Fit.Country)); err != nil {
		return err
	}
	if c.Out != "" {
		if err := model.Vacant(c.Out); err != nil { // now, not after minutes of training
			return err
		}
	}
	show := newScreen(e.stderr)
	ctx, release := c.context(e, show)
	defer release()
	training, done, err := c.cycle(ctx, e, show)
	if err != nil {
		return err
	}
	defer done()
	outcome, err := training.Run(ctx)
	if ctx.Err() != nil {
		return service.ErrInterrupted
	}
	if err != nil {
		return csvError(err)
	}
	return c.finish(e, show, outcome)
}

// context ends at a signal. The context of a child ends with the parent as well, even when the
// parent is killed: the pipe to standard input closes.
func (c *trainCmd) context(e *env, show *screen) (ctx context.Context, release func()) {
	ctx, _, ignore := service.Signals(context.Background(),
		func() { show.line("stopping; nothing was registered") }, nil)
	if !c.Child {
		return ctx, ignore
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() { // ends with the process
		_, _ = io.Copy(io.Discard, e.stdin)
		cancel()
	}()
	return ctx, func() { cancel(); ignore() }
}

// cycle makes the cycle that the flags describe. done closes the source of the history.
func (c *trainCmd) cycle(
	ctx context.Context, e *env, show *screen,
) (training *cycle.Cycle, done func(), err error) {
	source, done, err := c.source(ctx, e, show)
	if err != nil {
		return nil, nil, err
	}
	training = &cycle.Cycle{
		ID: c.Cycle, Config: c.config(), Source: source, Cut: c.cut, Out: c.Out,
		Scratch: scratchDir(c.Dir.Dir), Named: c.named(), Base: c.base,
	}
	if training.Ahead, err = c.Ahead.load(show, c.History.CSV.Timezone); err != nil {
		done()
		return nil, nil, csvError(err)
	}
	onScreen := cycleScreen{screen: show, loaded: func(e cycle.Event) string {
		return fmt.Sprintf(
			"training on %d series at %s, %d h: %s",
			e.Series,
			e.Interval,
			e.Hours,
			e.Cut,
		)
	}}
	training.Tell = onScreen.tell
	if c.Child {
		training.Tell = tellParent(json.NewEncoder(e.stdout), show)
	}
	if err := c.registry(training, show); err != nil {
		done()
		return nil, nil, err
	}
	return training, done, nil
}

// base returns the base model of an interval: that of the program, or that of --base-file.
func (c *trainCmd) base(interval time.Duration) (a model.Artifact, ok bool, err error) {
	if c.BaseFile == "" {
		return base.Artifact(interval)
	}
	data, err := os.ReadFile(c.BaseFile)
	if err != nil {
		return a, false, err
	}
	if a, err = model.ParseArtifact(data); err != nil {
		return a, false, fmt.Errorf("--base-file %s: %w", c.BaseFile, err)
	}
	return a, a.Spec.Step() == interval, nil
}

// registry opens the registry of the cycle, when the model is to be registered.
func (c *trainCmd) registry(training *cycle.Cycle, show *screen) (err error) {
	if !c.registers() {
		return nil
	}
	if training.Registry, err = c.Kept.open(c.Dir.Dir); err != nil {
		return err
	}
	training.Patience = registryPatience
	if training.Runs, err = c.Kept.runLogger(func(err error) {
		show.line("warn: %v",
			err)
	}); err != nil {
		return err
	}
	if training.Ahead != nil {
		show.line("warn: forecasters cannot read covariates yet: they refuse this model, and the " +
			"one in force goes on")
	}
	return nil
}

// finish prints the outcome. The exit code says whether the model is the champion.
func (c *trainCmd) finish(e *env, show *screen, outcome cycle.Outcome) error {
	event := outcome.Event()
	if c.Child {
		return json.NewEncoder(e.stdout).Encode(event)
	}
	show.barDone()
	var err error
	if c.JSON {
		err = json.NewEncoder(e.stdout).Encode(event)
	} else {
		_, err = fmt.Fprintf(e.stdout, "%s\n", modelLine(event))
	}
	if err != nil {
		return err
	}
	if c.registers() && !outcome.Champion {
		stays := "the champion stays"
		if outcome.Verdict.Champion == base.Version {
			stays = "the base model goes on"
		}
		return service.WithExitCode(&service.HintError{
			What: fmt.Sprintf("%s v%s is registered, but %s: %s", outcome.Name, outcome.Version, stays,
				outcome.Why),
			Fix: []string{fmt.Sprintf("loadtide models show %s --name %s prints all checks of the gate",
				outcome.Version, outcome.Name)},
			Reason: "not_champion",
		}, service.ExitNo)
	}
	c.next(show)
	return nil
}

// next shows the command that measures a model in a folder.
func (c *trainCmd) next(show *screen) {
	if c.JSON || c.Out == "" {
		return
	}
	data := "FILE"
	if len(c.History.Data) == 1 {
		data = c.History.Data[0]
	}
	show.line("  next: loadtide backtest --data %s --model %s", data, c.Out)
}

func scratchDir(dataDir string) string { return filepath.Join(dataDir, "scratch") }

// registers reports whether the model is registered: unless it only goes to a folder.
func (c *trainCmd) registers() bool { return c.Out == "" || c.Register != "" }

// validInterval refuses a name in --register that says another interval than --interval.
func (c *trainCmd) validInterval() error {
	interval, named := registry.ModelInterval(c.Register)
	if own := time.Duration(c.Interval); !named || own == 0 || own == interval {
		return nil
	}
	own := time.Duration(c.Interval)
	return usageError(
		fmt.Sprintf("--register %s names a model of %s, and --interval is %s",
			c.Register, meter.IntervalName(interval), meter.IntervalName(own)),
		fmt.Sprintf("say --register %s, or leave one of the two out", registry.ModelName(own)))
}

func (c *trainCmd) config() cycle.Config {
	cfg := c.Fit.config(c.Register)
	cfg.Interval = time.Duration(c.Interval)
	if c.Quick {
		cfg = cfg.Quick()
	}
	return cfg
}

// source opens the source of the history; done closes it.
func (c *trainCmd) source(
	ctx context.Context, e *env, show *screen,
) (source cycle.Source, done func(), err error) {
	if c.History.From != fromLogs {
		source, closeSource, err := c.History.open(nil, func(r tabular.Report) {
			c.History.CSV.showFiles(show, r)
			showRejected(show, r)
		}, show.line)
		return source, func() {
			if err := closeSource(); err != nil {
				show.line("warn: %s", err)
			}
		}, err
	}
	log, err := service.NewLogger(e.log, e.stderr, false, false)
	if err != nil {
		return nil, nil, err
	}
	cfg := bus.Config{URL: c.NATS.URL, Name: "loadtide-train"}
	conn, err := bus.Connect(ctx, cfg, service.Component(log, "bus"))
	if err != nil {
		return nil, nil, busError(err)
	}
	return cycle.Logs{Conn: conn}, conn.Close, nil
}

// named returns the ends of ranges that flags name, in Unix seconds.
func (c *trainCmd) named() []int64 {
	return namedTimes(c.TrainUntil, c.ValidUntil, c.TestFrom, c.TestUntil)
}

// cut divides the time as the flags say, and otherwise by the default cut.
func (c *trainCmd) cut(e dataset.Extent) (dataset.Cut, error) {
	if c.TrainUntil.IsZero() && c.TestFrom.IsZero() && c.TestUntil.IsZero() &&
		!c.ValidUntil.IsZero() {
		return dataset.CutBefore(e, c.ValidUntil.Unix())
	}
	cut, err := dataset.DefaultCut(e)
	if err != nil {
		return cut, err
	}
	given := false
	for _, f := range []struct {
		to   *int64
		flag time.Time
	}{
		{&cut.TrainUntil, c.TrainUntil}, {&cut.ValidUntil, c.ValidUntil},
		{&cut.TestFrom, c.TestFrom}, {&cut.TestUntil, c.TestUntil},
	} {
		if !f.flag.IsZero() {
			*f.to, given = f.flag.Unix(), true
		}
	}
	ordered := cut.TrainUntil > e.First && cut.ValidUntil > cut.TrainUntil &&
		cut.TestFrom >= cut.ValidUntil && cut.TestUntil > cut.TestFrom
	if given && !ordered {
		return cut, usageError("the ranges do not follow one another: "+cut.String(),
			"want --train-until < --valid-until <= --test-from < --test-until")
	}
	return cut, nil
}
