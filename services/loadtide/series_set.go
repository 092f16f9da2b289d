package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/forecaster"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

type seriesSetCmd struct {
	Pattern  string            `arg:"" name:"series" help:"<site>.<meter>, or a pattern: '<site>.*', '*.*'."`
	Unit     string            `help:"Unit of readings that state none; readings in other units are converted to it."`
	Kind     string            `help:"Kind of readings that state none: energy, power or register."`
	Zone     string            `help:"IANA zone of the calendar features; default: that of the model."`
	Country  string            `help:"Country of the holiday feature, e.g. NL; default: that of the model."`
	Interval string            `enum:",5m,10m,15m,20m,30m,1h" default:"" placeholder:"15m|1h" help:"Grid that it is held at: 5m, 10m, 15m, 20m, 30m or 1h; default: learnt from the readings."`
	Label    string            `enum:",start,end" default:"" placeholder:"start|end" help:"What of their interval the times of readings name, from the next reading on: start or end; default: start. A register has none."`
	Limit    string            `placeholder:"QUANTITY" help:"Upper limit of the values, e.g. 40kW: an event tells when forecasts pass it. A limit of power applies to series of energy too. none removes limit and chance."`
	Chance   *float64          `name:"limit-chance" placeholder:"CHANCE" help:"Chance of a value above the limit, from which on an event tells; default: 0.1."`
	Static   string            `name:"static-features" hidden:""`
	NATS     service.NATSFlags `embed:""`
}

// noLimit is the text of --limit that takes the limit away.
const noLimit = "none"

// Validate refuses a text that is no pattern.
func (c *seriesSetCmd) Validate() error { return validPattern(c.Pattern) }

func validPattern(pattern string) error {
	if _, ok := meter.ParsePattern(pattern); !ok {
		return usageError(fmt.Sprintf("series %q is neither <site>.<meter> nor <site>.* nor *.*",
			pattern), siteHint(pattern, "loadtide series set 'north.*' --unit kWh"))
	}
	return nil
}

// Run writes the settings and waits until they are in force.
func (c *seriesSetCmd) Run(e *env) error {
	now, err := c.settings()
	if err != nil {
		return usageError(err.Error(), "loadtide help series set lists what can be set")
	}
	unlimited := c.Limit == noLimit
	if now == (streams.Settings{}) && !unlimited {
		return usageError("nothing is set", "give --unit, --kind, --zone, --country, --interval, "+
			"--label, --limit or --limit-chance; loadtide series unset takes away what is set")
	}
	return withOwners(c.NATS.URL, "series", func(ctx context.Context, o *owners) error {
		if err := o.checkLimit(ctx, c.Pattern, now.Limit); err != nil {
			return err
		}
		return o.settle(ctx, e, c.Pattern, func(before streams.Settings) (streams.Settings, error) {
			after := streams.Settings{
				Unit: cmp.Or(now.Unit, before.Unit), Kind: cmp.Or(now.Kind, before.Kind),
				Zone: cmp.Or(now.Zone, before.Zone), Country: cmp.Or(now.Country, before.Country),
				Interval:    cmp.Or(now.Interval, before.Interval),
				Label:       cmp.Or(now.Label, before.Label),
				Limit:       cmp.Or(now.Limit, before.Limit),
				LimitChance: cmp.Or(now.LimitChance, before.LimitChance),
			}
			if unlimited {
				after.Limit, after.LimitChance = "", 0
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

// settings are those that the flags name. The error names a setting that cannot be taken.
func (c *seriesSetCmd) settings() (streams.Settings, error) {
	fields := map[string]any{}
	for name, value := range map[string]string{
		"unit": c.Unit, "kind": c.Kind, "zone": c.Zone, "country": c.Country,
		"interval": c.Interval, "label": c.Label, "limit": c.Limit, "static_features": c.Static,
	} {
		if value != "" && (name != "limit" || value != noLimit) {
			fields[name] = value
		}
	}
	if c.Chance != nil {
		if fields["limit_chance"] = *c.Chance; c.Limit == noLimit {
			return streams.Settings{}, errors.New("limit none: leave --limit-chance out")
		}
		if !meter.Finite(*c.Chance) { // JSON has no such number
			return streams.Settings{}, fmt.Errorf("limit_chance %g: must be above 0 and below 1, such as 0.2",
				*c.Chance)
		}
	}
	data, err := json.Marshal(fields)
	if err != nil {
		return streams.Settings{}, err
	}
	settings, err := streams.DecodeSettings(data)
	if err != nil {
		return streams.Settings{}, err
	}
	if !meter.KnownUnit(settings.Unit) {
		return settings, fmt.Errorf("unit %q is not known: %s", settings.Unit, meter.UnitNames())
	}
	_, err = forecaster.SettingOf(settings)
	return settings, err
}

// checkLimit refuses a limit that the forecasts of a known series cannot be compared with. Of the
// series of a pattern, and of one that no forecaster answers for, an event tells it.
func (o *owners) checkLimit(ctx context.Context, pattern, limit string) error {
	if _, ok := meter.ParseID(pattern); !ok || limit == "" {
		return nil
	}
	page, err := o.ask(ctx, o.of(pattern), streams.QuerySeries, streams.SeriesQuery{Series: pattern})
	if errors.Is(err, bus.ErrNoServer) {
		return nil
	}
	if err != nil || len(page.Series) == 0 {
		return err
	}
	s := page.Series[0]
	quantity, err := meter.ParseQuantity(limit)
	if err == nil {
		_, err = quantity.In(s.Unit, time.Duration(s.Serving))
	}
	if err != nil {
		return usageError(fmt.Sprintf("--limit %v", err), "loadtide series show "+pattern+
			" prints the unit of the series")
	}
	return nil
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
