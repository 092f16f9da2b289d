package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/durable"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/forecaster"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// stateCmd has the commands for the states of series.
type stateCmd struct {
	Export  stateExportCmd  `cmd:"" help:"States of series into a file, a line each."`
	Import  stateImportCmd  `cmd:"" help:"States from a file of state export, through the logs."`
	Inspect stateInspectCmd `cmd:"" help:"What is in a state: ring, flags, scale, hidden state."`
}

type stateExportCmd struct {
	Series string            `arg:"" optional:"" help:"<site>.<meter>"`
	All    bool              `help:"All series."`
	Out    string            `required:"" placeholder:"FILE" help:"Where to; a file that is there is replaced when all is written."`
	NATS   service.NATSFlags `embed:""`
}

// Validate refuses a call without a series and without --all, and one with both.
func (c *stateExportCmd) Validate() error {
	if (c.Series == "") != c.All {
		return usageError("which series?", "loadtide state export home.m01 --out FILE, or --all")
	}
	if c.Series == "" {
		return nil
	}
	return validSeries(c.Series)
}

// Run writes the file.
func (c *stateExportCmd) Run(e *env) error {
	return withOwners(c.NATS.URL, "state", func(ctx context.Context, o *owners) error {
		names := []string{c.Series}
		if c.All {
			names = nil
			if err := o.all(ctx, func(s streams.SeriesSummary) error {
				names = append(names, s.Series)
				return nil
			}); err != nil {
				return err
			}
			slices.Sort(names)
		}
		if err := o.export(ctx, names, c.Out); err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "exported %d series to %s\n", len(names), c.Out)
		return nil
	})
}

// export writes the states of the named series, a line each. The file is readable by its owner
// alone, as personal data should be.
func (o *owners) export(ctx context.Context, names []string, out string) error {
	var asked error // about a series; other errors are about the file
	err := durable.File{Path: out, Mode: 0o600}.Write(func(f io.Writer) error {
		w := bufio.NewWriter(f)
		for _, name := range names {
			var record *streams.StateControl
			if _, record, asked = o.one(ctx, name); asked != nil {
				return asked
			}
			if _, err := w.Write(append(record.AppendJSON(nil), '\n')); err != nil {
				return err
			}
		}
		return w.Flush()
	})
	if err != nil && asked == nil {
		return fmt.Errorf("--out %s: %w", out, err)
	}
	return err
}

// maxStateLine bounds a line of a file of states.
const maxStateLine = 4 * streams.MaxState

// readStates calls fn for each line of a file of states. It checks the lines as far as that is
// possible without the owner of the partition.
func readStates(path string, fn func(*streams.StateControl) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // a failed close of a file that was read loses nothing
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxStateLine)
	n := 0
	for lines.Scan() {
		n++
		record, err := streams.DecodeStateControl(lines.Bytes())
		if err == nil {
			_, err = forecaster.ReadState(&record)
		}
		if err == nil {
			err = fn(&record)
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s:%d: %w: want a file that loadtide state export wrote", path, n+1, err)
	}
	if n == 0 {
		return fmt.Errorf("%s: %w: want a file that loadtide state export wrote", path,
			io.ErrUnexpectedEOF)
	}
	return nil
}

type stateImportCmd struct {
	File    string            `arg:"" help:"A file that loadtide state export wrote."`
	Replace bool              `help:"States that are there give way; without it they stay and the file's are refused."`
	NATS    service.NATSFlags `embed:""`
}

// Run writes each state into the log of its series' partition and waits for the outcome. The
// deployment of the export may have had another number of partitions.
func (c *stateImportCmd) Run(e *env) error {
	n := 0
	seen := map[string]bool{}
	// the whole file is checked before the first state is written
	err := readStates(c.File, func(record *streams.StateControl) error {
		if seen[record.Series] {
			return fmt.Errorf("series %s stands twice: leave one line of it", record.Series)
		}
		seen[record.Series] = true
		n++
		return nil
	})
	if err != nil {
		return err
	}
	return withOwners(c.NATS.URL, "state", func(ctx context.Context, o *owners) error {
		state, err := o.StreamState(ctx, topology.Events)
		if err != nil {
			return err
		}
		err = readStates(c.File, func(record *streams.StateControl) error {
			record.Replace = c.Replace
			_, err := o.order(ctx, o.of(record.Series), streams.ControlState,
				record.AppendJSON(nil))
			return err
		})
		if err != nil {
			return err
		}
		imported, refused, err := o.outcome(ctx, e, state.LastSeq+1, seen)
		if err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "imported %d of %d series\n", imported, n)
		if refused > 0 {
			return fmt.Errorf("%d series were refused, each with its reason above", refused)
		}
		if waiting := n - imported; waiting > 0 {
			fmt.Fprintf(e.stderr,
				"warn: no forecaster has taken %d of them yet; it does when one runs\n", waiting)
		}
		return nil
	})
}

// outcome reads from the events which states were imported and which were refused.
func (o *owners) outcome(
	ctx context.Context, e *env, from uint64, series map[string]bool,
) (imported, refused int, err error) {
	log, err := o.OpenReader(ctx, bus.ReaderConfig{Stream: topology.Events, From: from})
	if err != nil {
		return 0, 0, err
	}
	defer log.Close()
	var batch []bus.Message
	for imported+refused < len(series) {
		wait, cancel := context.WithTimeout(ctx, awaitOrder)
		batch, err = log.Next(wait, batch[:0], 256)
		cancel()
		if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			return imported, refused, nil
		}
		if err != nil {
			return imported, refused, err
		}
		for i := range batch {
			event, err := streams.DecodeEvent(batch[i].Data)
			if err != nil || !series[event.Series] {
				continue
			}
			switch event.Type {
			case streams.EventSeriesImported:
				imported++
			case streams.EventSeriesImportRefused:
				refused++
				fmt.Fprintf(e.stderr, "refused %s: %s\n", event.Series, event.Text)
			}
		}
	}
	return imported, refused, nil
}

func second(s int64) string { return time.Unix(s, 0).UTC().Format(time.RFC3339) }
