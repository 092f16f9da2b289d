package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/forecaster"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// seriesCmd has the commands for series.
type seriesCmd struct {
	List   seriesListCmd   `cmd:"" help:"All series: newest reading, interval, unit, kind, who forecasts them."`
	Show   seriesShowCmd   `cmd:"" help:"One series, and what is set for it."`
	Set    seriesSetCmd    `cmd:"" help:"Set unit, kind, zone, country or interval of a series, of a site or of all."`
	Unset  seriesUnsetCmd  `cmd:"" help:"Take away what is set."`
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
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\n",
			s.Series, s.Newest.Format(time.RFC3339),
			intervalName(s.Step), intervalName(s.Interval), intervalName(s.Serving),
			orDash(s.Unit), s.Kind, orDash(string(s.Source)), s.Quality, s.Revisions)
	}
	return t.Flush()
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
		if c.JSON {
			return json.NewEncoder(e.stdout).Encode(struct {
				streams.SeriesSummary
				Partition int                         `json:"partition"`
				Settings  map[string]streams.Settings `json:"settings"`
			}{s, o.of(c.Series), set})
		}
		if err := printSeries(e.stdout, []streams.SeriesSummary{s}); err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "partition %d of %d; origin of the next forecast %s\n",
			o.of(c.Series), o.partitions, s.Origin.Format(time.RFC3339))
		for _, pattern := range patterns {
			if settings, ok := set[pattern]; ok {
				fmt.Fprintf(e.stdout, "set for %s: %s\n", pattern, settings.AppendJSON(nil))
			}
		}
		return nil
	})
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

type seriesSetCmd struct {
	Pattern  string            `arg:"" name:"series" help:"<site>.<meter>, or a pattern: '<site>.*', '*.*'."`
	Unit     string            `help:"Unit of readings that state none; readings in other units are converted to it."`
	Kind     string            `help:"Kind of readings that state none: energy, power or register."`
	Zone     string            `help:"IANA zone of the calendar features; default: that of the model."`
	Country  string            `help:"Country of the holiday feature, e.g. NL; default: that of the model."`
	Interval string            `enum:",5m,10m,15m,20m,30m,1h" default:"" help:"Grid that it is held at: 5m, 10m, 15m, 20m, 30m or 1h; default: learnt from the readings."`
	Static   string            `name:"static-features" hidden:""`
	NATS     service.NATSFlags `embed:""`
}

// Validate refuses a text that is no pattern.
func (c *seriesSetCmd) Validate() error { return validPattern(c.Pattern) }

func validPattern(pattern string) error {
	if _, ok := meter.ParsePattern(pattern); !ok {
		return usageError(fmt.Sprintf("series %q is neither <site>.<meter> nor <site>.* nor *.*",
			pattern), "loadtide series set 'north.*' --unit kWh")
	}
	return nil
}

// Run writes the settings and waits until they are in force.
func (c *seriesSetCmd) Run(e *env) error {
	fields := map[string]string{
		"unit": c.Unit, "kind": c.Kind, "zone": c.Zone, "country": c.Country,
		"interval": c.Interval, "static_features": c.Static,
	}
	said := map[string]string{}
	for name, value := range fields {
		if value != "" {
			said[name] = value
		}
	}
	data, err := json.Marshal(said)
	if err != nil {
		return err
	}
	now, err := streams.DecodeSettings(data) // the error names a field without effect
	if err == nil {
		_, err = forecaster.SettingOf(now)
	}
	if err != nil {
		return usageError(err.Error(), "loadtide help series set lists what can be set")
	}
	if len(said) == 0 {
		return usageError("nothing is set", "give --unit, --kind, --zone, --country or --interval; "+
			"loadtide series unset takes away what is set")
	}
	return withOwners(c.NATS.URL, "series", func(ctx context.Context, o *owners) error {
		return o.settle(ctx, e, c.Pattern, func(before streams.Settings) (streams.Settings, error) {
			after := streams.Settings{
				Unit: cmp.Or(now.Unit, before.Unit), Kind: cmp.Or(now.Kind, before.Kind),
				Zone: cmp.Or(now.Zone, before.Zone), Country: cmp.Or(now.Country, before.Country),
				Interval: cmp.Or(now.Interval, before.Interval),
			}
			if _, err := forecaster.SettingOf(after); err != nil {
				return after, usageError(fmt.Sprintf("%s already has %s: %v", c.Pattern,
					before.AppendJSON(nil), err), "set both in one command, or loadtide series "+
					"unset "+c.Pattern)
			}
			return after, nil
		})
	})
}

type seriesUnsetCmd struct {
	Pattern string            `arg:"" name:"series" help:"<site>.<meter>, or a pattern: '<site>.*', '*.*'."`
	NATS    service.NATSFlags `embed:""`
}

// Validate refuses a text that is no pattern.
func (c *seriesUnsetCmd) Validate() error { return validPattern(c.Pattern) }

// Run deletes the settings and waits until that is in force.
func (c *seriesUnsetCmd) Run(e *env) error {
	return withOwners(c.NATS.URL, "series", func(ctx context.Context, o *owners) error {
		return o.settle(ctx, e, c.Pattern,
			func(streams.Settings) (streams.Settings, error) { return streams.Settings{}, nil })
	})
}

// settle changes an entry of the bucket and waits until its partitions have the change.
func (o *owners) settle(
	ctx context.Context, e *env, pattern string,
	change func(streams.Settings) (streams.Settings, error),
) error {
	bucket, err := o.OpenBucket(ctx, topology.Settings)
	if err != nil {
		return err
	}
	var after streams.Settings
	var revision uint64
	for {
		before, was, err := settingsOf(ctx, bucket, pattern)
		if err != nil {
			return err
		}
		if after, err = change(before); err != nil {
			return err
		}
		data := after.AppendJSON(nil)
		if revision, err = bucket.Update(ctx, streams.SettingsKey(pattern), data, was); err == nil {
			break
		}
		if !errors.Is(err, bus.ErrConflict) {
			return err
		}
	}
	done, err := o.settled(ctx, pattern, revision)
	if err != nil {
		return err
	}
	text := string(after.AppendJSON(nil))
	if after == (streams.Settings{}) {
		text = "nothing is set any more"
	}
	fmt.Fprintf(e.stdout, "%s: %s\n", pattern, text)
	if !done {
		fmt.Fprintln(e.stderr, "warn: no forecaster has taken it over yet; it does when one runs")
		return nil
	}
	return o.warnKept(ctx, e, pattern, after)
}

// warnKept warns when a series has readings already: it keeps its unit and kind.
func (o *owners) warnKept(ctx context.Context, e *env, pattern string, set streams.Settings) error {
	if _, ok := meter.ParseID(pattern); !ok {
		return nil // an event says how many series keep theirs
	}
	page, err := o.ask(ctx, o.of(pattern), streams.QuerySeries, streams.SeriesQuery{
		Series: pattern,
	})
	if err != nil || len(page.Series) == 0 {
		return err
	}
	s := page.Series[0]
	if set.Unit != "" && s.Unit != set.Unit || set.Kind != "" && s.Kind != set.Kind {
		fmt.Fprintf(e.stderr,
			"warn: %s has readings already and stays of kind %s, unit %q; loadtide series delete "+
				"%s lets it begin anew\n", s.Series, s.Kind, s.Unit, s.Series)
	}
	return nil
}

// settled waits until the logs contain a revision of the bucket, and the states contain those
// records.
func (o *owners) settled(ctx context.Context, pattern string, revision uint64) (bool, error) {
	first, last := 0, o.partitions-1
	if _, ok := meter.ParseID(pattern); ok {
		first = o.of(pattern)
		last = first
	}
	until := time.Now().Add(awaitOrder)
	for p := first; p <= last; {
		m, ok, err := o.LastBySubject(ctx, topology.Log(p),
			streams.ControlSubject(p, streams.ControlSettings))
		if err != nil {
			return false, err
		}
		if ok {
			record, err := streams.DecodeSettingsControl(m.Data)
			if err != nil {
				return false, err
			}
			if record.Revision >= revision {
				if done, err := o.await(ctx, p, m.Seq); !done || err != nil {
					return false, err
				}
				p++
				continue
			}
		}
		_, err = o.ask(ctx, p, streams.QueryState, streams.PositionQuery())
		if errors.Is(err, bus.ErrNoServer) || time.Now().After(until) {
			return false, nil
		}
		if err := retry.Sleep(ctx, pollOrder); err != nil {
			return false, err
		}
	}
	return true, nil
}
