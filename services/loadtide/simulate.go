package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/simulator"
)

// simulateCmd plays synthetic meters.
type simulateCmd struct {
	Out      string            `placeholder:"FILE" help:"Write a CSV file (gz by its name) instead of publishing."`
	Days     int               `default:"150" help:"Days that the file holds, up to now."`
	Simulate simulator.Config  `embed:"" envprefix:"LOADTIDE_SIMULATE_"`
	NATS     service.NATSFlags `embed:""`
	Dir      service.DataFlags `embed:""`
}

// Run writes a file, or publishes until a signal. The clock of the simulation
// is kept in the data dir.
func (c *simulateCmd) Run(e *env) error {
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
		_, err = fmt.Fprintf(e.stdout, "wrote %d rows of %d meters to %s\n", rows, c.Simulate.Meters, c.Out)
		return err
	}
	dir := filepath.Join(c.Dir.Dir, "simulate")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	return role(e, "simulate", c.NATS.URL, func(ctx, cut context.Context, p *process, conn *bus.Conn) error {
		s, err := simulator.New(c.Simulate, simulator.Deps{
			Publisher: &lateReadings{conn: conn}, Dir: dir, Now: time.Now, Log: p.log, Registerer: p.registry,
		})
		if err != nil {
			return err
		}
		g := service.NewGroup(p.component("run"), drainUp)
		g.Add("simulator", s)
		return g.Run(ctx, cut)
	})
}
