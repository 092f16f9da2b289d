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

// publishCmd brings CSV files onto the logs.
type publishCmd struct {
	Files     []string          `arg:"" name:"file" help:"CSV files, plain, gz or zst: long (series,timestamp,value) or wide (timestamp, then a column per series)."`
	CSV       csvFlags          `embed:""`
	History   bool              `help:"These readings build state and training data and yield no forecast."`
	KeepOrder bool              `help:"Publish in the order of the files instead of sorting by time."`
	Speed     float64           `default:"0" help:"N times real time; 0 is as fast as possible."`
	Skip      int               `default:"0" help:"Leave out the first N messages: those that a stopped run of the same command says are stored."`
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
	began := time.Now()
	job := publishJob{cmd: c, table: table, to: to, show: show}
	err = job.run(ctx, cut)
	show.barDone()
	switch {
	case ctx.Err() != nil:
		show.line(
			"stopped: %d of %d readings are stored; %s",
			job.stored.readings,
			table.Len(),
			job.remedy(),
		)
		return service.ErrInterrupted
	case service.ExitCode(err) == service.ExitUsage:
		return err
	case err != nil:
		what := fmt.Sprintf(
			"%v; %d of %d readings are stored",
			err,
			job.stored.readings,
			table.Len(),
		)
		return &service.HintError{What: what, Fix: []string{job.remedy()}, Err: err}
	}
	return c.summary(e, table, job.published(), report, time.Since(began))
}

func (c *publishCmd) summary(
	e *env,
	table *tabular.Table,
	published int,
	report tabular.Report,
	took time.Duration,
) error {
	if c.JSON {
		reasons := map[meter.Reason]int{}
		for _, r := range report.Reasons {
			reasons[r.Reason] = r.Rows
		}
		return json.NewEncoder(e.stdout).Encode(map[string]any{
			"readings": published, "series": report.Series, "rejected": report.Rejected,
			"rejected_by_reason": reasons, "seconds": took.Seconds(),
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
		"published %d readings of %d series in %.1f s, all acknowledged%s\n  next: loadtide tail %s\n",
		published,
		report.Series,
		took.Seconds(),
		rejected,
		table.Name(table.Row(0)),
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
