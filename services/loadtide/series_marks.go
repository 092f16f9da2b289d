package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
)

type seriesMarksCmd struct {
	Series string            `arg:"" optional:"" help:"<site>.<meter>: the marks that cover it; default: all marks."`
	JSON   bool              `name:"json" help:"Print one JSON object."`
	CSV    bool              `name:"csv" help:"Print the file that loadtide series mark --file reads."`
	NATS   service.NATSFlags `embed:""`
}

// Validate refuses a name that is no series.
func (c *seriesMarksCmd) Validate() error {
	if c.Series == "" {
		return nil
	}
	return validSeries(c.Series)
}

// Run lists marks, by pattern and time.
func (c *seriesMarksCmd) Run(e *env) error {
	return withOwners(c.NATS.URL, "series", func(ctx context.Context, o *owners) error {
		marks, err := o.marks(ctx, c.Series)
		switch {
		case err != nil:
			return err
		case c.JSON:
			return json.NewEncoder(e.stdout).Encode(map[string]any{"marks": marks})
		case c.CSV:
			return writeMarkFile(e.stdout, marks)
		case len(marks) == 0:
			fmt.Fprintln(e.stderr, "nothing is marked; loadtide series mark marks a period")
			return nil
		}
		return printMarks(e.stdout, marks)
	})
}

// marks asks the owners for the marks that cover a series, or for all marks. Marks of patterns stand
// in the states of all partitions and are listed once.
func (o *owners) marks(ctx context.Context, series string) ([]streams.MarkControl, error) {
	first, last := 0, o.partitions-1
	if series != "" {
		first = o.of(series)
		last = first
	}
	list, listed := []streams.MarkControl{}, map[streams.MarkControl]bool{}
	for p := first; p <= last; p++ {
		for from := 0; ; {
			query := streams.SeriesQuery{Series: series, Marks: true, From: from}
			page, err := o.ask(ctx, p, streams.QuerySeries, query)
			if err != nil {
				return nil, err
			}
			for _, c := range page.Marks {
				c.From, c.Until = c.From.UTC(), c.Until.UTC()
				if !listed[c] {
					list, listed[c] = append(list, c), true
				}
			}
			if from = page.Next; from == 0 {
				break
			}
		}
	}
	slices.SortStableFunc(list, func(a, b streams.MarkControl) int {
		return cmp.Or(strings.Compare(a.Series, b.Series), a.From.Compare(b.From))
	})
	return list, nil
}

func printMarks(w io.Writer, list []streams.MarkControl) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SERIES\tFROM (UTC)\tUNTIL (UTC)\tREASON")
	for _, c := range list {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", c.Series, c.From.Format(time.RFC3339),
			c.Until.Format(time.RFC3339), c.Reason)
	}
	return t.Flush()
}

// writeMarkFile writes a file that readMarks reads.
func writeMarkFile(w io.Writer, list []streams.MarkControl) error {
	file := csv.NewWriter(w)
	rows := [][]string{markColumns}
	for _, c := range list {
		rows = append(rows, []string{
			c.Series, c.From.Format(time.RFC3339), c.Until.Format(time.RFC3339), c.Reason,
		})
	}
	return file.WriteAll(rows)
}

// shownMarks is how many marks are shown beside a series, the latest ones.
const shownMarks = 5

// showMarks says whether the newest interval of a series is marked, and which periods are.
func showMarks(w io.Writer, s *streams.SeriesSummary, marks []streams.MarkControl) {
	if s.Mark != "" {
		fmt.Fprintf(w, "its newest interval is marked: %s\n", s.Mark)
	}
	latest := slices.SortedStableFunc(slices.Values(marks),
		func(a, b streams.MarkControl) int { return a.From.Compare(b.From) })
	for _, c := range latest[max(len(latest)-shownMarks, 0):] {
		fmt.Fprintf(w, "marked for %s: %s from %s until %s\n", c.Series, c.Reason,
			c.From.Format(time.RFC3339), c.Until.Format(time.RFC3339))
	}
}
