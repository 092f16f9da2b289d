package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// publishCmd brings files of readings onto the logs.
type publishCmd struct {
	Files     []string          `arg:"" name:"file" help:"Files of readings: delimited text, Green Button, JSON, line protocol, Parquet; see docs/files.md."`
	CSV       csvFlags          `embed:""`
	History   bool              `help:"These readings build state and training data and yield no forecast."`
	KeepOrder bool              `help:"Publish in the order of the files instead of sorting by time."`
	Speed     float64           `default:"0" help:"N times real time; 0 is as fast as possible."`
	Skip      int               `default:"0" help:"Leave out the first N messages: those that a stopped run of the same command says are stored."`
	Wait      time.Duration     `default:"15s" help:"How long the forecaster, which judges the readings, may make no progress; 0s does not wait; default: 15s."`
	Strict    bool              `help:"Exit with code 3 when a reading is refused, or not judged."`
	JSON      bool              `name:"json" help:"Print one JSON object instead of the summary."`
	NATS      service.NATSFlags `embed:""`
}

// Run publishes and says what became of the rows.
func (c *publishCmd) Run(e *env) error {
	if c.Speed < 0 {
		return usageError(
			fmt.Sprintf("--speed %v is below 0", c.Speed),
			"give --speed 0 for as fast as possible, or N for N times real time",
		)
	}
	if c.Wait < 0 {
		return usageError(fmt.Sprintf("--wait %s is below 0", c.Wait), "give --wait 15s, or 0s")
	}
	if c.Skip < 0 {
		return usageError(
			fmt.Sprintf("--skip %d is below 0", c.Skip),
			"give the number that the stopped run printed",
		)
	}
	show := newScreen(e.stderr)
	ctx, cut, release := service.Signals(context.Background(), nil, nil)
	defer release()
	opts, closeRejects, err := c.CSV.open(c.Files)
	if err != nil {
		return err
	}
	table, report, err := tabular.Load(c.Files, opts)
	if err := errors.Join(err, closeRejects()); err != nil {
		return csvError(err)
	}
	c.CSV.showFiles(show, report)
	if !c.KeepOrder {
		table.SortByTime()
	}
	conn, err := bus.Connect(
		ctx,
		bus.Config{URL: c.NATS.URL, Name: "loadtide-publish"},
		zerolog.Nop(),
	)
	if err != nil {
		return busError(err)
	}
	defer conn.Close()
	to, err := newReadingPublisher(ctx, conn)
	if err != nil {
		return busError(err)
	}
	defer to.Close()
	judges := newJudge(conn, len(to.open), table.Series, c.Wait, show)
	if err := judges.begin(ctx); ctx.Err() != nil {
		return service.ErrInterrupted
	} else if err != nil {
		return busError(err)
	}
	began := time.Now()
	job := publishJob{cmd: c, table: table, to: to, show: show}
	err = job.run(ctx, cut)
	show.barDone()
	if err := job.ended(ctx, err); err != nil {
		return err
	}
	took := time.Since(began)
	v, err := c.judged(ctx, judges, &job)
	if err != nil {
		return err
	}
	if err := c.summary(e, &job, report, v, took); err != nil {
		return err
	}
	return c.strict(report, v)
}

// ended says how far a run came that was stopped or failed.
func (j *publishJob) ended(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		j.show.line("stopped: %d of %d readings are stored; %s",
			j.stored.readings, j.table.Len(), j.remedy())
		return service.ErrInterrupted
	case service.ExitCode(err) == service.ExitUsage:
		return err
	case err != nil:
		what := fmt.Sprintf("%v; %d of %d readings are stored", err, j.stored.readings, j.table.Len())
		return &service.HintError{What: what, Fix: []string{j.remedy()}, Err: err}
	}
	return nil
}

// judged asks the owners what became of the readings that job published.
func (c *publishCmd) judged(ctx context.Context, j *judge, job *publishJob) (*verdict, error) {
	err := j.end(ctx)
	var v *verdict
	if err == nil {
		v, err = j.verdict(ctx, job.table.Series, job.bySeries)
	}
	if ctx.Err() != nil {
		job.show.line("stopped: all %d readings are stored, and not yet judged", job.table.Len())
		return nil, service.ErrInterrupted
	}
	return v, busError(err)
}

// strict returns the error of a run with --strict that had refusals.
func (c *publishCmd) strict(report tabular.Report, v *verdict) error {
	if !c.Strict || report.Rejected+v.Refused+v.Unjudged == 0 {
		return nil
	}
	return service.WithExitCode(&service.HintError{
		What: fmt.Sprintf("--strict: %d rows of the files were not usable, %d readings were refused "+
			"and %d are not judged", report.Rejected, v.Refused, v.Unjudged),
		Fix: []string{"the lines above name the reasons; leave out --strict to accept that"},
	}, service.ExitNo)
}

func (c *publishCmd) summary(
	e *env, job *publishJob, report tabular.Report, v *verdict, took time.Duration,
) error {
	if c.JSON {
		reasons := map[meter.Reason]int{}
		for _, r := range report.Reasons {
			reasons[r.Reason] = r.Rows
		}
		return json.NewEncoder(e.stdout).Encode(map[string]any{
			"readings": job.published(), "series": report.Series, "rejected": report.Rejected,
			"rejected_by_reason": reasons, "judged": v, "seconds": took.Seconds(),
		})
	}
	rejected := ""
	if report.Rejected > 0 {
		rejected = "; " + rejectedWords(report) + "\n  first: " + report.First[0].Error()
		if c.CSV.Rejects == "" {
			rejected += "   all of them: --rejects FILE"
		}
	}
	_, err := fmt.Fprintf(
		e.stdout,
		"published %d readings of %d series in %.1f s, all acknowledged%s\n%s  next: loadtide tail %s\n",
		job.published(),
		report.Series,
		took.Seconds(),
		rejected,
		v.words(),
		job.table.Name(job.table.Row(0)),
	)
	return err
}

// pacer holds readings back to N times real time.
type pacer struct {
	began time.Time
	first int64
}

// wait sleeps until the time of a reading has come; before it sleeps it calls
// idle, so that what was sent is stored.
func (p *pacer) wait(ctx context.Context, unix int64, speed float64, idle func() error) error {
	if speed == 0 {
		return nil
	}
	if p.began.IsZero() {
		p.began, p.first = time.Now(), unix
	}
	due := p.began.Add(time.Duration(float64(unix-p.first) / speed * float64(time.Second)))
	left := time.Until(due)
	if left <= 0 {
		return nil
	}
	if err := idle(); err != nil {
		return err
	}
	return retry.Sleep(ctx, left)
}
