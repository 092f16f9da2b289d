package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/pkg/tabular"
	"github.com/loadtide/loadtide/services/simulator"
)

// simulateCmd simulates meters, or adds faults to readings.
type simulateCmd struct {
	Out      string            `placeholder:"FILE" help:"Write a CSV file (gz by its name) instead of publishing."`
	Days     int               `default:"150" help:"Days that the file holds, up to now."`
	From     []string          `placeholder:"FILE" help:"With --faults and --out: let the readings of these CSV files go wrong instead of simulated ones."`
	CSV      csvFlags          `embed:""`
	Simulate simulator.Config  `embed:"" envprefix:"LOADTIDE_SIMULATE_"`
	NATS     service.NATSFlags `embed:""`
	Admin    string            `name:"admin-listen" placeholder:"ADDRESS" help:"Address of /metrics, /healthz and /readyz, e.g. 127.0.0.1:9468; default: none."`
	Dir      service.DataFlags `embed:""`
}

// Help returns the text of loadtide help simulate before the flags.
func (c *simulateCmd) Help() string {
	return `Meters of up to six sites with their own zones, holidays and weather, onto NATS by a clock of their own or into a file.

    loadtide simulate --out meters.csv.gz --days 60
    loadtide simulate --out quarters.csv.gz --interval 15m
    loadtide simulate --interval 15m,30m,1h --nats-url nats://127.0.0.1:4222
    loadtide simulate --out faulty.csv.gz --faults all --seed 7
    loadtide simulate --from meters.csv.gz --faults lost=2%,late=1%,spikes=0.5%,frozen=1d --out faulty.csv.gz
    loadtide backtest --data faulty.csv.gz --truth-column truth

--faults takes "all" or names, each with =RATE or at its rate in "all": a share of the readings (2%), a length for stretches (1d: once in a file, once in 30 days on NATS; 12h/30d: once in every 30 days; 1%: days that are that share of the readings), a length from the first reading on for new meters (total, unset, watthours, hundredfold, unnamed, reversed), or how often (90d). "all,lost=5%,years=off" changes one and leaves one out. A reading has one fault at most, the first in this table that hits it; the same --seed gives the same faults.

` + simulator.FaultHelp() + `
A file with faults has the rows in the order of arrival and the columns truth (what the meter should have said for that timestamp) and fault. A reading that never comes has a row without a value, which readers reject and count. A row whose time lies ahead has no truth, and stands last among the rows of its moment. --from FILE --kind register takes the faults of registers too. publish --keep-order keeps the order; --value-column truth reads what is true.`
}

// Validate checks the flags before anything is made. Whether files hold registers, which faults of
// registers need, is known when they are read.
func (c *simulateCmd) Validate() error {
	cfg := c.Simulate
	if len(c.From) > 0 {
		cfg.Registers = max(cfg.Registers, 1)
	}
	return cfg.Check("")
}

// Run writes a file, or publishes until a signal. The data dir keeps the clock of the simulation.
func (c *simulateCmd) Run(e *env) error {
	if len(c.From) > 0 {
		return c.spoil(e)
	}
	if c.Out != "" {
		ctx, _, release := service.Signals(context.Background(), nil, nil)
		defer release()
		rows, err := simulator.WriteCSV(ctx, c.Out, c.Simulate, time.Now(), c.Days)
		if ctx.Err() != nil {
			return service.ErrInterrupted
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(e.stdout, "wrote %d rows of %d meters to %s\n", rows,
			c.Simulate.Meters, c.Out)
		return err
	}
	dir := filepath.Join(c.Dir.Dir, "simulate")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	return role(e, "simulate", c.NATS.URL,
		func(ctx, cut context.Context, p *process, conn *bus.Conn) error {
			s, err := simulator.New(c.Simulate, simulator.Deps{
				Publisher: &lateReadings{conn: conn}, Dir: dir, Now: time.Now, Log: p.log,
				Metrics: p.registry,
			})
			if err != nil {
				return err
			}
			g := service.NewGroup(p.component("run"), drainUp)
			if c.Admin != "" {
				g.Add("admin", service.NewAdmin(c.Admin, p.registry, p.health, p.log))
			}
			g.Add("simulator", s)
			return g.Run(ctx, cut)
		})
}

// spoil writes the readings of files with faults in them.
func (c *simulateCmd) spoil(e *env) error {
	faults, err := simulator.ParseFaults(c.Simulate.Faults)
	if err != nil {
		return usageError(err.Error(), "loadtide help simulate lists the faults")
	}
	switch {
	case c.Out == "":
		return usageError("--from needs a file to write to", "give --out faulty.csv.gz")
	case !faults.Any():
		return usageError("--from without --faults has nothing to do",
			"give --faults all, or names such as lost=2%,frozen=1d")
	case c.Simulate.Registers > 0:
		return usageError("--registers is for simulated meters, --from for readings of files",
			"leave one of them out")
	case readsFrom(c.From, c.Out):
		return usageError(fmt.Sprintf("--out %s is one of the files to read", c.Out),
			"name another file: this one would be lost")
	}
	show := newScreen(e.stderr)
	ctx, _, release := service.Signals(context.Background(), nil, nil)
	defer release()
	options, closeRejects, err := c.CSV.open(c.From)
	if err != nil {
		return err
	}
	table, report, err := tabular.Load(c.From, options)
	if err := errors.Join(err, closeRejects()); err != nil {
		return csvError(err)
	}
	c.CSV.showFiles(show, report)
	showRejected(show, report)
	done, err := simulator.SpoilCSV(ctx, c.Out, table, faults, c.Simulate.Seed)
	if ctx.Err() != nil {
		return service.ErrInterrupted
	}
	if err != nil {
		return err
	}
	if done.Left > 0 {
		show.line("warn: %d rows that repeat a time of their series, or lie off its grid, were "+
			"left out", done.Left)
	}
	_, err = fmt.Fprintf(e.stdout, "wrote %d rows, made of %d readings of %d series, to %s: %s\n",
		done.Rows, done.Readings, done.Series, c.Out, faultWords(done.Faults))
	return err
}

// faultWords returns the number of rows of each fault, such as "412 lost, 190 late".
func faultWords(faults map[simulator.Fault]int) string {
	var words []string
	for _, name := range simulator.FaultNames() {
		if n := faults[simulator.Fault(name)]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, name))
		}
	}
	if len(words) == 0 {
		return "no fault hit"
	}
	return strings.Join(words, ", ")
}
