package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// markHelp says what a mark does.
const markHelp = `Readings of the period are kept from the models and from the scores: their intervals are BAD and filled, whether the readings came before the mark or come later. The period may lie in the future (a planned outage), and a series need not be there yet. loadtide series unmark takes it away again; readings then count again as far as the series has them, two weeks.

A file has a header series,from,until,reason, with a period a row. The reason none takes marks away. Rows that are no marks are named and left out, and the exit code is 3.`

type seriesMarkCmd struct {
	Pattern string            `arg:"" optional:"" name:"series" help:"<site>.<meter>, or a pattern: '<site>.*', '*.*'."`
	Reason  string            `arg:"" optional:"" help:"outage, holiday or exclude."`
	From    time.Time         `placeholder:"TIME" help:"First moment of the period (RFC 3339)."`
	Until   time.Time         `placeholder:"TIME" help:"First moment after the period (RFC 3339); it may lie ahead."`
	File    string            `placeholder:"FILE" help:"CSV with series,from,until,reason: many marks at once, instead of the other flags."`
	NATS    service.NATSFlags `embed:""`
}

// Help returns the text of loadtide help series mark before the flags.
func (c *seriesMarkCmd) Help() string { return markHelp }

// Validate refuses a call that names neither one mark nor a file, and one with both.
func (c *seriesMarkCmd) Validate() error {
	one := c.Pattern != "" || c.Reason != "" || !c.From.IsZero() || !c.Until.IsZero()
	if one == (c.File != "") || one && (c.Reason == "" || c.From.IsZero() || c.Until.IsZero()) {
		return usageError("which series, and which period?", "loadtide series mark home.m01 outage "+
			"--from 2026-01-30T06:00:00Z --until 2026-01-31T18:00:00Z, or --file FILE")
	}
	if !one {
		return nil
	}
	return validPattern(c.Pattern)
}

// Run writes the marks into the logs and says what they came to.
func (c *seriesMarkCmd) Run(e *env) error {
	show := newScreen(e.stderr)
	var rows []markRow
	var bad []badRow
	if c.File == "" {
		row, err := markOf(c.Pattern, c.From, c.Until, c.Reason)
		if err != nil {
			return err
		}
		rows = []markRow{row}
	} else {
		var err error
		if rows, bad, err = readMarks(c.File); err != nil {
			return err
		}
		showBadRows(show.line, c.File, bad, len(rows)+len(bad))
		if len(rows) == 0 {
			return fmt.Errorf("%s: no row is a mark", c.File)
		}
	}
	err := withOwners(c.NATS.URL, "series", func(ctx context.Context, o *owners) error {
		return o.mark(ctx, e, show, rows)
	})
	if err == nil && len(bad) > 0 {
		err = leftOut(c.File, bad, len(rows))
	}
	return err
}

// leftOut is the error of a file some rows of which are no marks, when the others are written.
func leftOut(path string, bad []badRow, marks int) error {
	first := bad[0]
	return service.WithExitCode(&service.HintError{
		What: fmt.Sprintf("%s: %d of %d rows are no marks, the first: line %d: %v", path, len(bad),
			len(bad)+marks, first.line, first.err),
		Fix: []string{"mend these rows and run this again: a mark that is there stays as it is"},
	}, service.ExitNo)
}

// markOf checks a mark that flags name.
func markOf(series string, from, until time.Time, reason string) (markRow, error) {
	control := streams.MarkControl{Series: series, From: from, Until: until, Reason: reason}
	pattern, mark, err := control.Mark()
	if err != nil {
		return markRow{}, usageError(err.Error(), "loadtide help series mark")
	}
	return markRow{pattern, mark}, nil
}

type seriesUnmarkCmd struct {
	Pattern string            `arg:"" name:"series" help:"<site>.<meter>, or the pattern that was marked: '<site>.*', '*.*'."`
	From    time.Time         `placeholder:"TIME" help:"First moment of the period (RFC 3339); default: the first mark."`
	Until   time.Time         `placeholder:"TIME" help:"First moment after the period (RFC 3339); default: the end of the last mark."`
	NATS    service.NATSFlags `embed:""`
}

// Validate refuses a text that is no pattern.
func (c *seriesUnmarkCmd) Validate() error { return validPattern(c.Pattern) }

// Run takes the marks of a period away.
func (c *seriesUnmarkCmd) Run(e *env) error {
	from, until := c.From, c.Until
	if from.IsZero() {
		from = time.Unix(0, 0)
	}
	if until.IsZero() {
		until = time.Unix(meter.LastMark, 0)
	}
	row, err := markOf(c.Pattern, from, until, meter.Unmarked.String())
	if err != nil {
		return err
	}
	return withOwners(c.NATS.URL, "series", func(ctx context.Context, o *owners) error {
		if err := o.mark(ctx, e, newScreen(e.stderr), []markRow{row}); err != nil {
			return err
		}
		return o.warnMarked(ctx, e, row)
	})
}

// warnMarked warns when marks of a wider pattern still cover a series that was unmarked.
func (o *owners) warnMarked(ctx context.Context, e *env, row markRow) error {
	if !row.pattern.Valid() {
		return nil
	}
	marks, err := o.marks(ctx, row.pattern.String())
	if errors.Is(err, bus.ErrNoServer) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, c := range marks {
		if c.From.Unix() < row.mark.Until && c.Until.Unix() > row.mark.From {
			fmt.Fprintf(e.stderr, "warn: %s is still marked by %s, %s from %s until %s: loadtide series "+
				"unmark '%s' takes that away\n", row.pattern, c.Series, c.Reason, c.From.Format(time.RFC3339),
				c.Until.Format(time.RFC3339), c.Series)
			return nil
		}
	}
	return nil
}

// written is a record in the log of a partition.
type written struct {
	partition int
	seq       uint64
}

// mark writes marks into the logs, waits until the states have them, and says what they came to.
func (o *owners) mark(ctx context.Context, e *env, show *screen, rows []markRow) error {
	state, err := o.StreamState(ctx, topology.Events)
	if err != nil {
		return err
	}
	records, newest, err := o.writeMarks(ctx, show, rows)
	if err != nil {
		return err
	}
	what := counted(uint64(len(rows)), "mark")
	if len(rows) == 1 {
		what = markWords(rows[0])
	}
	for p, seq := range newest {
		done, err := o.await(ctx, p, seq)
		if err != nil {
			return err
		}
		if !done {
			fmt.Fprintln(e.stdout, what)
			fmt.Fprintln(e.stderr, "warn: no forecaster has taken all of it over yet; it does when one runs")
			return nil
		}
	}
	kept, returned, refused, err := o.marked(ctx, e, state.LastSeq+1, records)
	if err != nil {
		return err
	}
	switch {
	case kept > 0:
		what += fmt.Sprintf("; %s kept from the models", counted(uint64(kept), "measured interval"))
	case returned > 0:
		what += fmt.Sprintf("; %s again", counted(uint64(returned), "measured interval"))
	}
	fmt.Fprintln(e.stdout, what)
	if refused > 0 {
		return fmt.Errorf("%d records were refused, each with its reason above", refused)
	}
	return nil
}

// markWords is a mark for a person.
func markWords(row markRow) string {
	word := row.mark.Reason.String()
	if row.mark.Reason == meter.Unmarked {
		word = "no mark"
	}
	text := fmt.Sprintf("%s: %s", row.pattern, word)
	if row.mark.From > 0 {
		text += " from " + stamp(row.mark.From)
	}
	if row.mark.Until < meter.LastMark {
		text += " until " + stamp(row.mark.Until)
	}
	return text
}

// writeMarks writes marks into the logs of their partitions. newest is the last record in each log.
func (o *owners) writeMarks(
	ctx context.Context, show *screen, rows []markRow,
) (records map[written]bool, newest map[int]uint64, err error) {
	records, newest = map[written]bool{}, map[int]uint64{}
	for i, row := range rows {
		first, last := 0, o.partitions-1
		if row.pattern.Valid() {
			first = o.of(row.pattern.String())
			last = first
		}
		control := streams.NewMark(row.pattern, row.mark)
		for p := first; p <= last; p++ {
			seq, err := o.order(ctx, p, streams.ControlMark, control.AppendJSON(nil))
			if err != nil {
				return nil, nil, fmt.Errorf("%d of %d marks are written, run this again: %w", i, len(rows),
					err)
			}
			records[written{p, seq}], newest[p] = true, seq
		}
		if len(rows) > 1 {
			show.bar(i+1, len(rows), "marks", 0)
		}
	}
	show.barDone()
	return records, newest, nil
}

// marked reads from the events what records came to, and prints why any was refused.
func (o *owners) marked(
	ctx context.Context, e *env, from uint64, records map[written]bool,
) (kept, returned, refused int, err error) {
	log, err := o.OpenReader(ctx, bus.ReaderConfig{Stream: topology.Events, From: from})
	if err != nil {
		return 0, 0, 0, err
	}
	defer log.Close()
	var batch []bus.Message
	for len(records) > 0 {
		wait, cancel := context.WithTimeout(ctx, awaitOrder)
		batch, err = log.Next(wait, batch[:0], 256)
		cancel()
		if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			return kept, returned, refused, nil
		}
		if err != nil {
			return kept, returned, refused, err
		}
		for i := range batch {
			key, ok := streams.ParseOutputID(batch[i].ID)
			event, err := streams.DecodeEvent(batch[i].Data)
			record := written{key.Partition, key.Seq}
			if !ok || err != nil || !records[record] || event.Type != streams.EventSeriesMarked {
				continue
			}
			if delete(records, record); event.Mark == nil {
				refused++
				fmt.Fprintf(e.stderr, "refused %s: %s\n", event.Series, event.Text)
				continue
			}
			kept, returned = kept+event.Mark.Intervals, returned+event.Mark.Returned
		}
	}
	return kept, returned, refused, nil
}
