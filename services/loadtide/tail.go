package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// tailCmd prints forecasts, or events, when they are published.
type tailCmd struct {
	Series string            `arg:"" optional:"" help:"One series, <site>.<meter>, whose newest forecast comes first; default: all."`
	Events bool              `help:"Events instead of forecasts: limits, models, trainings, series. The newest ten come first."`
	JSON   bool              `name:"json" help:"The messages themselves, one a line."`
	NATS   service.NATSFlags `embed:""`
}

// Run prints until it is interrupted.
func (c *tailCmd) Run(e *env) error {
	subject := streams.ForecastSubject(meter.ID{Site: meter.Any, Meter: meter.Any})
	if c.Series != "" {
		id, ok := meter.ParseID(c.Series)
		if !ok {
			return usageError(fmt.Sprintf("series %q is not <site>.<meter>", c.Series),
				siteHint(c.Series, "loadtide tail home.m01"))
		}
		subject = streams.ForecastSubject(id)
	}
	drain, _, release := service.Signals(context.Background(), nil, nil)
	defer release()
	ctx, stop := context.WithCancel(drain)
	defer stop()
	conn, err := bus.Connect(ctx, bus.Config{URL: c.NATS.URL, Name: "loadtide-tail"}, zerolog.Nop())
	if err != nil {
		return busError(err)
	}
	defer conn.Close()
	if c.Series != "" {
		c.tellUnknown(ctx, e, conn)
	}
	// When the program that reads the output has ended, as `| head` does, stop ends the command.
	out := tailOutput{cmd: c, env: e, stop: stop}
	if c.Events {
		subject = streams.EventSubject(">")
		err = c.pastEvents(ctx, conn, &out)
	} else {
		err = c.pastForecast(ctx, conn, subject, &out)
	}
	if err == nil {
		err = conn.Subscribe(ctx, subject, out.message)
	}
	if drain.Err() != nil || ctx.Err() != nil {
		return nil
	}
	return busError(err)
}

// pastForecast prints the head, and the newest forecast of the series. A program, which asks for
// JSON, gets new forecasts alone.
func (c *tailCmd) pastForecast(
	ctx context.Context, conn *bus.Conn, subject string, out *tailOutput,
) error {
	if c.JSON {
		return nil
	}
	fmt.Fprintf(out.env.stdout, "%-20s  %-20s  %-8s  %-14s  %-9s  %10s  %10s  %10s  %10s\n", "SERIES",
		"ORIGIN (UTC)", "INTERVAL", "SOURCE", "QUALITY", "LEAD 1", "P10", "P90", "NEXT DAY")
	if c.Series == "" {
		return nil
	}
	m, ok, err := conn.LastBySubject(ctx, topology.Forecasts, subject)
	if errors.Is(err, bus.ErrNoStream) {
		return nil // no forecaster has run on this server yet
	}
	if ok {
		out.message(m)
	}
	return err
}

// tailOutput prints messages.
type tailOutput struct {
	cmd  *tailCmd
	env  *env
	stop func() // called when nobody reads the output
}

// message prints a message, unless it is an event about another series.
func (o *tailOutput) message(m bus.Message) {
	line, err := o.cmd.line(m.Data)
	if err != nil {
		fmt.Fprintf(o.env.stderr, "warn: %s: %v\n", m.Subject, err)
		return
	}
	if line == "" {
		return
	}
	if o.cmd.JSON {
		line = string(m.Data)
	}
	if _, err := fmt.Fprintln(o.env.stdout, line); err != nil {
		o.stop()
	}
}

// line returns the line of a message for a person, "" for an event about another series. Forecasts
// that are printed as JSON are not read.
func (c *tailCmd) line(data []byte) (string, error) {
	switch {
	case c.Events:
		e, err := streams.DecodeEvent(data)
		if err != nil || c.Series != "" && e.Series != c.Series {
			return "", err
		}
		return eventLine(&e), nil
	case c.JSON:
		return string(data), nil
	}
	f, err := streams.DecodeForecast(data)
	if err != nil {
		return "", err
	}
	return tailLine(&f), nil
}

// tellUnknown says when nothing is known of the series: its forecasts may never come.
func (c *tailCmd) tellUnknown(ctx context.Context, e *env, conn *bus.Conn) {
	o := &owners{Conn: conn}
	var err error
	if o.partitions, err = topology.Partitions(ctx, conn.JetStream()); err != nil {
		fmt.Fprintf(e.stderr, "warn: no forecaster has run on this server yet (%v); waiting for %s\n",
			err, c.Series)
		return
	}
	page, err := o.ask(ctx, o.of(c.Series), streams.QuerySeries,
		streams.SeriesQuery{Series: c.Series})
	switch {
	case errors.Is(err, bus.ErrNoServer):
		fmt.Fprintf(e.stderr, "warn: no forecaster is running; waiting for %s\n", c.Series)
	case err == nil && len(page.Series) == 0:
		fmt.Fprintf(e.stderr, "warn: nothing is known of %s yet; waiting for its first forecast "+
			"(loadtide series list shows the others)\n", c.Series)
	}
}

// tailLine returns the line of a forecast: the next interval with its 80 % band, and the sum of the
// medians of the next day; of power, the sum of its energies.
func tailLine(f *streams.Forecast) string {
	n := len(f.Levels)
	at := func(level float64) string {
		i := slices.Index(f.Levels, level)
		if i < 0 || len(f.Quantiles) < n {
			return "-"
		}
		return significant(float64(f.Quantiles[i]), 3)
	}
	line := fmt.Sprintf(
		"%-20s  %-20s  %-8s  %-14s  %-9s  %10s  %10s  %10s  %10s",
		f.Series, f.Origin.Format("2006-01-02T15:04:05Z"), meter.IntervalName(f.Interval), f.Source,
		f.Quality, at(0.5), at(0.1), at(0.9), nextDay(f),
	)
	return strings.TrimRight(line, " ")
}

// nextDay is the sum of the medians of the next day with its unit, - where the forecast has no
// median or ends before.
func nextDay(f *streams.Forecast) string {
	n, median := len(f.Levels), slices.Index(f.Levels, 0.5)
	day := int(24 * time.Hour / max(f.Interval, 1))
	if median < 0 || f.Leads() < day {
		return "-"
	}
	sum := 0.0
	for k := range day {
		sum += float64(f.Quantiles[k*n+median])
	}
	if f.Unit == "" || !meter.Energy.Fits(f.Unit) {
		sum *= f.Interval.Hours()
	}
	return strings.TrimRight(significant(sum, 4)+" "+f.Unit, " ")
}
