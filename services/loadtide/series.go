package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// seriesCmd has the commands for series.
type seriesCmd struct {
	List   seriesListCmd   `cmd:"" help:"All series: newest reading, interval, unit, kind, who forecasts them."`
	Show   seriesShowCmd   `cmd:"" help:"One series, and what is set for it."`
	Set    seriesSetCmd    `cmd:"" help:"Set unit, kind, zone, country, interval or limit of a series, of a site or of all."`
	Unset  seriesUnsetCmd  `cmd:"" help:"Take away what is set."`
	Mark   seriesMarkCmd   `cmd:"" help:"Keep a period of a series, of a site or of all from the models and the scores."`
	Unmark seriesUnmarkCmd `cmd:"" help:"Take marks away."`
	Marks  seriesMarksCmd  `cmd:"" help:"All marks, or those that cover a series."`
	Delete seriesDeleteCmd `cmd:"" help:"Delete a series: its state, readings, forecasts, points in InfluxDB."`
}

type seriesListCmd struct {
	JSON bool              `name:"json" help:"Print one JSON object."`
	NATS service.NATSFlags `embed:""`
}

// Run prints a line for each series, in the order of their names.
func (c *seriesListCmd) Run(e *env) error {
	return withOwners(c.NATS.URL, "series", func(ctx context.Context, o *owners) error {
		list := []streams.SeriesSummary{}
		err := o.all(ctx, func(s streams.SeriesSummary) error {
			list = append(list, s)
			return nil
		})
		if err != nil {
			return err
		}
		slices.SortFunc(list,
			func(a, b streams.SeriesSummary) int { return strings.Compare(a.Series, b.Series) })
		if c.JSON {
			return json.NewEncoder(e.stdout).Encode(map[string]any{"series": list})
		}
		if len(list) == 0 {
			fmt.Fprintln(e.stderr, "no series yet; loadtide publish FILE brings some")
			return nil
		}
		return printSeries(e.stdout, list)
	})
}

func printSeries(w io.Writer, list []streams.SeriesSummary) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SERIES\tNEWEST READING (UTC)\tREADINGS\tINTERVAL\tFORECASTS\tUNIT\tKIND\t"+
		"SOURCE\tQUALITY\tREVISIONS")
	for _, s := range list {
		interval, serving := intervalName(s.Interval), intervalName(s.Serving)
		if tooSeldom(&s) {
			interval, serving = "-", "-"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\n",
			s.Series, s.Newest.Format(time.RFC3339),
			intervalName(s.Step), interval, serving,
			orDash(s.Unit), s.Kind, orDash(string(s.Source)), s.Quality, s.Revisions)
	}
	return t.Flush()
}

// tooSeldom reports whether a series has no interval to be forecast on: its readings come less often
// than hourly, or at a step that does not divide the hour.
func tooSeldom(s *streams.SeriesSummary) bool {
	step := time.Duration(s.Step)
	return s.Source == meter.SourceNone && step > 0 && (step > time.Hour || time.Hour%step != 0)
}

// intervalName is an interval in a table; - is one at irregular moments, or that is not known.
func intervalName(i streams.Interval) string {
	if i == 0 {
		return "-"
	}
	return meter.IntervalName(time.Duration(i))
}

type seriesShowCmd struct {
	Series string            `arg:"" help:"<site>.<meter>"`
	JSON   bool              `name:"json" help:"Print one JSON object."`
	NATS   service.NATSFlags `embed:""`
}

// Validate refuses a name that is no series.
func (c *seriesShowCmd) Validate() error { return validSeries(c.Series) }

// Run prints one series.
func (c *seriesShowCmd) Run(e *env) error {
	return withOwners(c.NATS.URL, "series", func(ctx context.Context, o *owners) error {
		s, _, err := o.one(ctx, c.Series)
		if err != nil {
			return err
		}
		id, _ := meter.ParseID(c.Series)
		bucket, err := o.OpenBucket(ctx, topology.Settings)
		if err != nil {
			return err
		}
		set := map[string]streams.Settings{}
		patterns := []string{
			c.Series, meter.ID{Site: id.Site, Meter: meter.Any}.String(),
			meter.ID{Site: meter.Any, Meter: meter.Any}.String(),
		}
		for _, pattern := range patterns {
			settings, _, err := settingsOf(ctx, bucket, pattern)
			if err != nil {
				return err
			}
			if settings != (streams.Settings{}) {
				set[pattern] = settings
			}
		}
		marks, err := o.marks(ctx, c.Series)
		if err != nil {
			return err
		}
		passing, err := o.passing(ctx, id, &s)
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(e.stdout).Encode(struct {
				streams.SeriesSummary
				Partition int                         `json:"partition"`
				Settings  map[string]streams.Settings `json:"settings"`
				Marks     []streams.MarkControl       `json:"marks"`
				Passing   *streams.Limit              `json:"limit_passing,omitempty"`
			}{s, o.of(c.Series), set, marks, passing})
		}
		if err := printSeries(e.stdout, []streams.SeriesSummary{s}); err != nil {
			return err
		}
		next := "no interval of it is known yet, and nothing is forecast"
		if !s.Origin.IsZero() {
			next = "origin of the next forecast " + s.Origin.Format(time.RFC3339)
		}
		fmt.Fprintf(e.stdout, "partition %d of %d; %s\n", o.of(c.Series), o.partitions, next)
		if s.LimitPassed {
			fmt.Fprintln(e.stdout, "its forecasts pass its limit"+passingWords(passing))
		}
		showMarks(e.stdout, &s, marks)
		for _, pattern := range patterns {
			if settings, ok := set[pattern]; ok {
				fmt.Fprintf(e.stdout, "set for %s: %s\n", pattern, settings.AppendJSON(nil))
			}
		}
		return nil
	})
}

// passing returns what the newest event about the limit of a series says, nil when its forecasts do not
// pass it or the event is not kept any more.
func (o *owners) passing(
	ctx context.Context, id meter.ID, s *streams.SeriesSummary,
) (*streams.Limit, error) {
	if !s.LimitPassed {
		return nil, nil
	}
	m, ok, err := o.LastBySubject(ctx, topology.Events, streams.LimitSubject(id))
	if err != nil || !ok {
		return nil, err
	}
	event, err := streams.DecodeEvent(m.Data)
	if err != nil {
		return nil, fmt.Errorf("newest event of %s: %w", m.Subject, err)
	}
	return event.Limit, nil
}

// passingWords says when a limit is passed, and with which chance.
func passingWords(l *streams.Limit) string {
	if l == nil {
		return ""
	}
	return fmt.Sprintf(" of %s in the interval from %s on, with a chance of %.3g; the chance that is set "+
		"is %g (the forecast of %s first said so)", l.Limit, l.Target.Format(time.RFC3339), l.Chance,
		l.LimitChance, l.Origin.Format(time.RFC3339))
}

// settingsOf returns the settings of a pattern, and the revision of their entry.
func settingsOf(
	ctx context.Context, bucket *bus.Bucket, pattern string,
) (streams.Settings, uint64, error) {
	data, revision, ok, err := bucket.Get(ctx, streams.SettingsKey(pattern))
	if err != nil || !ok {
		return streams.Settings{}, 0, err
	}
	settings, err := streams.DecodeSettings(data)
	return settings, revision, err
}
