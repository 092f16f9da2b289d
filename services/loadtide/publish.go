package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/pkg/tabular"
	"github.com/loadtide/loadtide/streams"
)

// publishCmd brings CSV files onto the logs.
type publishCmd struct {
	Files     []string          `arg:"" name:"file" help:"CSV files, plain, gz or zst: long (series,timestamp,value) or wide (timestamp, then a column per series)."`
	CSV       csvFlags          `embed:""`
	History   bool              `help:"These readings build state and training data and yield no forecast."`
	KeepOrder bool              `help:"Publish in the order of the files instead of sorting by time."`
	Speed     float64           `default:"0" help:"N times real time; 0 is as fast as possible."`
	JSON      bool              `name:"json" help:"Print one JSON object instead of the summary."`
	NATS      service.NATSFlags `embed:""`
}

// historyCells is how many readings of a series one history message holds; two
// of them fit a ring, so publishing a stopped file again repeats, and changes
// nothing.
const historyCells = 240

// Run publishes and says what became of the rows.
func (c *publishCmd) Run(e *env) error {
	if c.Speed < 0 {
		return usageError(fmt.Sprintf("--speed %v is below 0", c.Speed), "give --speed 0 for as fast as possible, or N for N times real time")
	}
	show := newScreen(e.stderr)
	ctx, _, release := service.Signals(context.Background(), nil, nil)
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
	conn, err := bus.Connect(ctx, bus.Config{URL: c.NATS.URL, Name: "loadtide-publish"}, zerolog.Nop())
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
	err = job.run(ctx)
	show.barDone()
	if ctx.Err() != nil {
		show.line("stopped after %d acknowledged readings; running it again is harmless, repeats change nothing", job.stored)
		return service.ErrInterrupted
	}
	if err != nil {
		return fmt.Errorf("after %d acknowledged readings: %w", job.stored, err)
	}
	return c.summary(e, table, report, time.Since(began))
}

func (c *publishCmd) summary(e *env, table *tabular.Table, report tabular.Report, took time.Duration) error {
	if c.JSON {
		reasons := map[string]int{}
		for _, r := range report.Reasons {
			reasons[r.Reason] = r.Rows
		}
		return json.NewEncoder(e.stdout).Encode(map[string]any{
			"readings": table.Len(), "series": report.Series, "rejected": report.Rejected, "rejected_by_reason": reasons, "seconds": took.Seconds(),
		})
	}
	rejected := ""
	if report.Rejected > 0 {
		rejected = "; " + rejectedWords(report) + "\n  first: " + report.First[0].Error()
		if c.CSV.Rejects == "" {
			rejected += "   all of them: --rejects FILE"
		}
	}
	_, err := fmt.Fprintf(e.stdout, "published %d readings of %d series in %.1f s, all acknowledged%s\n  next: loadtide tail %s\n",
		table.Len(), report.Series, took.Seconds(), rejected, table.Name(table.Row(0)))
	return err
}

// publishJob is one run over a table.
type publishJob struct {
	cmd    *publishCmd
	table  *tabular.Table
	to     *readingPublisher
	show   *screen
	stored int
	eta    eta
}

func (j *publishJob) run(ctx context.Context) error {
	if j.cmd.History {
		return j.history(ctx)
	}
	var one [1]streams.Reading
	var pace pacer
	for i, row := range allRows(j.table) {
		if err := pace.wait(ctx, row.Unix, j.cmd.Speed, func() error { return j.flush(ctx, i) }); err != nil {
			return err
		}
		one[0] = j.reading(row)
		if err := j.send(ctx, row.Series, one[:]); err != nil {
			return err
		}
		if (i+1)%flushRows == 0 {
			if err := j.flush(ctx, i+1); err != nil {
				return err
			}
		}
	}
	return j.flush(ctx, j.table.Len())
}

// flushRows is how many readings are under way before they are confirmed.
const flushRows = 20000

// history gathers the readings of each series into arrays, stretch by stretch
// of time, so that no series runs far ahead of the others.
func (j *publishJob) history(ctx context.Context) error {
	waiting := make([][]streams.Reading, len(j.table.Series))
	sent := 0
	for i, row := range allRows(j.table) {
		w := append(waiting[row.Series], j.reading(row))
		if len(w) == historyCells {
			if err := j.send(ctx, row.Series, w); err != nil {
				return err
			}
			w = w[:0]
		}
		waiting[row.Series] = w
		if i+1-sent >= flushRows {
			sent = i + 1
			if err := j.flush(ctx, sent); err != nil {
				return err
			}
		}
	}
	for s, w := range waiting {
		if len(w) > 0 {
			if err := j.send(ctx, int32(s), w); err != nil {
				return err
			}
		}
	}
	return j.flush(ctx, j.table.Len())
}

func (j *publishJob) reading(row tabular.Row) streams.Reading {
	return streams.Reading{Time: row.Time(), Value: row.Value, Unit: j.table.Unit, Kind: j.table.Kind, History: j.cmd.History}
}

func (j *publishJob) send(ctx context.Context, s int32, readings []streams.Reading) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return j.to.PublishReadings(ctx, j.table.Series[s], readings)
}

func (j *publishJob) flush(ctx context.Context, done int) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	if err := j.to.Flush(ctx); err != nil {
		return err
	}
	j.stored = done
	j.show.bar(done, j.table.Len(), "readings", j.eta.left(done, j.table.Len()))
	return nil
}

// allRows is the rows with their place.
func allRows(t *tabular.Table) func(yield func(int, tabular.Row) bool) {
	return func(yield func(int, tabular.Row) bool) {
		for i := range t.Len() {
			if !yield(i, t.Row(i)) {
				return
			}
		}
	}
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
