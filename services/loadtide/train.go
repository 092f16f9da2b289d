package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/pkg/tabular"
	"github.com/loadtide/loadtide/pkg/train"
	"github.com/loadtide/loadtide/services/forecaster"
	"github.com/loadtide/loadtide/services/trainer/cycle"
)

// registryPatience is how long a training waits for a registry that is away.
const registryPatience = 10 * time.Minute

// trainCmd runs one cycle: from files for a person, from the logs as the child
// of `up`.
type trainCmd struct {
	History  historyFlags `embed:"" set:"from=files"`
	Out      string       `placeholder:"DIR" help:"New folder to write the model to."`
	Register string       `placeholder:"NAME" help:"Register the model under this name (load-1h when --out is not given either); it becomes champion when it is the first, or better than the champion on later time."`

	TrainUntil time.Time `placeholder:"TIME" help:"Train on what is before (RFC 3339)."`
	ValidUntil time.Time `placeholder:"TIME" help:"Look at nothing after; alone, the last fifth before it validates."`
	TestFrom   time.Time `placeholder:"TIME" help:"Judge from here on."`
	TestUntil  time.Time `placeholder:"TIME" help:"Judge up to here."`

	Interval time.Duration `default:"1h" help:"Grid of the model: 1h alone for now. Finer readings are brought to it, coarser ones refused."`
	Fit      fitFlags      `embed:""`
	Quick    bool          `help:"At most 150 iterations on short windows."`
	JSON     bool          `name:"json" help:"Print one JSON object instead of the summary."`
	Cycle    string        `hidden:"" help:"Id of the cycle in the book of training."`
	Child    bool          `hidden:"" help:"Report as JSON lines and end when standard input ends."`

	Ahead aheadFlags `embed:""`

	NATS service.NATSFlags `embed:""`
	Dir  service.DataFlags `embed:""`
	Kept registryFlags     `embed:""`
}

// Run is one training cycle.
func (c *trainCmd) Run(e *env) error {
	if c.Out == "" && c.Register == "" {
		c.Register = forecaster.DefaultConfig().Model
	}
	if err := errors.Join(hourly(c.Interval), known(c.Fit.Zone, c.Fit.Country)); err != nil {
		return err
	}
	show := newScreen(e.stderr)
	ctx, _, release := service.Signals(context.Background(), func() { show.line("stopping; nothing was registered") }, nil)
	defer release()
	if c.Child {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		// A child ends with its parent, even a killed one: the pipe closes.
		go func() {
			_, _ = io.Copy(io.Discard, e.stdin)
			cancel()
		}()
	}
	source, done, err := c.source(ctx, e, show)
	if err != nil {
		return err
	}
	defer done()
	ahead, err := c.Ahead.load(show, c.History.CSV.Timezone)
	if err != nil {
		return csvError(err)
	}
	training := &cycle.Cycle{
		ID: c.Cycle, Config: c.config(), Source: source, Ahead: ahead, Cut: c.cut, Out: c.Out, Scratch: scratchDir(c.Dir.Dir),
	}
	report := &personReport{show: show, stdout: e.stdout, json: c.JSON}
	if c.Child {
		training.Tell(tellParent(json.NewEncoder(e.stdout)))
	} else {
		training.Loaded, training.Progress, training.Judging, training.Warn = report.loaded, report.progress, report.judging, report.warn
	}
	if c.Register != "" {
		if training.Registry, err = c.Kept.open(c.Dir.Dir); err != nil {
			return err
		}
		training.Patience = registryPatience
		training.Waiting = func(err error) { show.line("warn: waiting for the registry: %v", err) }
		if training.Recorder, err = c.Kept.recorder(func(err error) { show.line("warn: %v", err) }); err != nil {
			return err
		}
		if ahead != nil {
			show.line("warn: forecasters cannot read covariates yet: they refuse this model, and the one in force goes on")
		}
	}
	outcome, err := training.Run(ctx)
	if ctx.Err() != nil {
		return service.ErrInterrupted
	}
	if err != nil {
		return csvError(err)
	}
	if c.Child {
		return json.NewEncoder(e.stdout).Encode(outcome.Told())
	}
	if err := report.done(outcome.Told()); err != nil {
		return err
	}
	if c.Register != "" && !outcome.Champion {
		return service.WithExitCode(fmt.Errorf("%s v%s is registered, but the champion stays: %s", outcome.Name, outcome.Version, outcome.Why), service.ExitNo)
	}
	return nil
}

func scratchDir(dataDir string) string { return filepath.Join(dataDir, "scratch") }

func (c *trainCmd) config() cycle.Config {
	cfg := c.Fit.config(c.Register)
	if c.Quick {
		cfg = cfg.Quick()
	}
	return cfg
}

// source opens where history comes from; done closes it.
func (c *trainCmd) source(ctx context.Context, e *env, show *screen) (cycle.Source, func(), error) {
	if c.History.From != fromLogs {
		source, closeSource, err := c.History.open(nil, func(r tabular.Report) {
			c.History.CSV.showFiles(show, r)
			showRejected(show, r)
		})
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
	conn, err := bus.Connect(ctx, bus.Config{URL: c.NATS.URL, Name: "loadtide-train"}, service.Component(log, "bus"))
	if err != nil {
		return nil, nil, busError(err)
	}
	return cycle.Logs{Conn: conn}, conn.Close, nil
}

func (c *trainCmd) cut(first, last int64) (dataset.Cut, error) {
	set := func(t time.Time) bool { return !t.IsZero() }
	if !set(c.TrainUntil) && !set(c.TestFrom) && !set(c.TestUntil) {
		if set(c.ValidUntil) {
			return dataset.CutBefore(first, min(c.ValidUntil.Unix(), last+meter.IntervalSeconds))
		}
		return dataset.DefaultCut(first, last)
	}
	cut, err := dataset.DefaultCut(first, last)
	if err != nil {
		return cut, err
	}
	for _, f := range []struct {
		to    *int64
		given time.Time
	}{{&cut.TrainUntil, c.TrainUntil}, {&cut.ValidUntil, c.ValidUntil}, {&cut.TestFrom, c.TestFrom}, {&cut.TestUntil, c.TestUntil}} {
		if set(f.given) {
			*f.to = f.given.Unix()
		}
	}
	if cut.TrainUntil <= first || cut.ValidUntil <= cut.TrainUntil || cut.TestFrom < cut.ValidUntil || cut.TestUntil <= cut.TestFrom {
		return cut, usageError("the ranges do not follow one another: "+cut.String(), "want --train-until < --valid-until <= --test-from < --test-until")
	}
	return cut, nil
}

// tellParent gives the lines of a child to its parent; one that is gone is noticed
// on standard input.
func tellParent(to *json.Encoder) func(cycle.Told) {
	return func(t cycle.Told) { _ = to.Encode(t) }
}

type personReport struct {
	show   *screen
	stdout io.Writer
	json   bool
	eta    eta
}

func (r *personReport) loaded(n int, hours int64, cut dataset.Cut) {
	r.show.line("training on %d series, %d h: %s", n, hours, cut)
}

func (r *personReport) progress(p train.Progress) {
	r.show.bar(p.Iteration, p.Iterations, lossNote(p.Loss, p.Valid), r.eta.left(p.Iteration, p.Iterations))
}

func (r *personReport) judging() {
	r.show.barDone()
	r.show.line("measuring the model on later time")
}

func (r *personReport) warn(text string) { r.show.line("warn: %s", text) }

func (r *personReport) done(t cycle.Told) error {
	r.show.barDone()
	if r.json {
		return json.NewEncoder(r.stdout).Encode(t)
	}
	_, err := fmt.Fprintf(r.stdout, "%s\n", modelLine(t))
	return err
}

// modelLine says in one line what a training came to.
func modelLine(e cycle.Told) string {
	name := e.Model
	if e.Version != "" {
		name += " v" + e.Version
	}
	word := "better"
	skill := e.Skill
	if skill < 0 {
		word, skill = "WORSE", -skill
	}
	verdict := "not registered"
	switch {
	case e.Champion:
		verdict = "champion"
	case e.Version != "":
		verdict = "registered, not champion: " + e.Why
	}
	if e.WQL == 0 && e.NaiveWQL == 0 {
		return fmt.Sprintf("%s: nothing was used on the time it is judged by, so there is no score; %s", name, verdict)
	}
	return fmt.Sprintf("%s: wQL %.3g, seasonal naive %.3g -> %.0f %% %s; 80 %% band held %.0f %%; %s", name, e.WQL, e.NaiveWQL, 100*skill, word, 100*e.Coverage80, verdict)
}

func lossNote(loss, valid float64) string {
	if valid == 0 {
		return fmt.Sprintf("loss %.3f", loss)
	}
	return fmt.Sprintf("loss %.3f  valid %.3f", loss, valid)
}

// eta estimates the time left from the pace so far.
type eta struct{ began time.Time }

func (e *eta) left(done, total int) time.Duration {
	if e.began.IsZero() {
		e.began = time.Now()
		return 0
	}
	if done < 2 {
		return 0
	}
	return time.Duration(float64(time.Since(e.began)) / float64(done-1) * float64(total-done))
}

func usageError(what, fix string) error {
	return service.WithExitCode(&service.HintError{What: what, Fix: []string{fix}, Reason: "usage"}, service.ExitUsage)
}

// busError turns the bus's own errors, which know their remedy, into what is
// printed.
func busError(err error) error {
	var remedied interface {
		error
		Remedy() string
	}
	if errors.As(err, &remedied) {
		return &service.HintError{What: err.Error(), Fix: []string{remedied.Remedy()}, Err: err}
	}
	return err
}
