package main

import (
	"context"
	"fmt"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/tabular"
	"github.com/loadtide/loadtide/streams"
)

const (
	// historyCells is how many readings of a series one history message holds.
	historyCells = 240
	// flushReadings is how many readings are under way at most before they are confirmed. Of one
	// series they are at most historyCells: when a run breaks, the next one publishes them again,
	// and the series still remembers them and takes them for repeats.
	flushReadings = 20000
)

// publishJob is one run over a table. The messages of a table are the same in each run of a
// command, so a run that was stopped is resumed behind the messages that were stored.
type publishJob struct {
	cmd     *publishCmd
	table   *tabular.Table
	to      readingSink
	show    *screen
	eta     eta
	skipped progress // left out, as --skip says
	sent    progress // skipped or published
	stored  progress // skipped or known to be stored
	pending []int    // by series: readings that are sent and not known to be stored
	// bySeries is how many readings of each series this run sent.
	bySeries []int
}

// readingSink is the part of readingPublisher that a job uses.
type readingSink interface {
	PublishReadings(ctx context.Context, id meter.ID, readings []streams.Reading) error
	Flush(ctx context.Context) error
}

// progress counts from the first message of the files.
type progress struct{ messages, readings int }

func (p *progress) add(readings int) {
	p.messages++
	p.readings += readings
}

// run publishes the messages behind those to skip, until ctx ends. What was sent is confirmed then,
// too, unless cut ends.
func (j *publishJob) run(ctx, cut context.Context) error {
	j.pending = make([]int, len(j.table.Series))
	j.bySeries = make([]int, len(j.table.Series))
	var pace pacer
	for series, readings := range j.messages {
		if j.sent.messages < j.cmd.Skip {
			j.sent.add(len(readings))
			j.skipped, j.stored = j.sent, j.sent
			continue
		}
		if !j.cmd.History {
			err := pace.wait(
				ctx,
				readings[0].Time.Unix(),
				j.cmd.Speed,
				func() error { return j.flush(cut) },
			)
			if err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return j.flush(cut)
		}
		if err := j.send(ctx, cut, series, readings); err != nil {
			return err
		}
	}
	if j.cmd.Skip > j.sent.messages {
		return usageError(
			fmt.Sprintf(
				"--skip %d is beyond the %d messages of the files",
				j.cmd.Skip,
				j.sent.messages,
			),
			"give the number that the stopped run of the same command printed",
		)
	}
	return j.flush(cut)
}

// send publishes one message. Before that it confirms those before, when many are under way.
func (j *publishJob) send(
	ctx, cut context.Context,
	series int32,
	readings []streams.Reading,
) error {
	many := j.sent.readings-j.stored.readings+len(readings) > flushReadings
	if many || j.pending[series]+len(readings) > historyCells {
		if err := j.flush(cut); err != nil {
			return err
		}
	}
	if err := j.to.PublishReadings(ctx, j.table.Series[series], readings); err != nil {
		return err
	}
	j.pending[series] += len(readings)
	j.bySeries[series] += len(readings)
	j.sent.add(len(readings))
	return nil
}

// messages yields what is published at once: one reading, or with --history up to historyCells
// readings of a series. Whatever order the rows have, readings of a series keep theirs.
func (j *publishJob) messages(yield func(series int32, readings []streams.Reading) bool) {
	size := 1
	if j.cmd.History {
		size = historyCells
	}
	waiting := make([][]streams.Reading, len(j.table.Series))
	for row := range j.table.All() {
		w := append(waiting[row.Series], j.reading(row))
		if len(w) == size {
			if !yield(row.Series, w) {
				return
			}
			w = w[:0]
		}
		waiting[row.Series] = w
	}
	for s, w := range waiting {
		if len(w) > 0 && !yield(int32(s), w) {
			return
		}
	}
}

func (j *publishJob) reading(row tabular.Row) streams.Reading {
	terms := j.table.Terms[row.Series]
	return streams.Reading{
		Time: row.Time(), Value: row.Value, Unit: terms.Unit, Kind: terms.Kind,
		History: j.cmd.History,
	}
}

// flush waits until what was sent is stored.
func (j *publishJob) flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	if err := j.to.Flush(ctx); err != nil {
		return err
	}
	j.stored = j.sent
	clear(j.pending)
	done := j.stored.readings
	left := j.eta.left(j.published(), j.table.Len()-j.skipped.readings)
	j.show.bar(done, j.table.Len(), "readings", left)
	return nil
}

// published is the number of readings that this run stored.
func (j *publishJob) published() int { return j.stored.readings - j.skipped.readings }

// remedy says how to go on after a run that was stopped.
func (j *publishJob) remedy() string {
	return fmt.Sprintf("to go on, run the same command with --skip %d", j.stored.messages)
}
