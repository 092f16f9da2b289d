package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/forecaster"
	"github.com/loadtide/loadtide/services/gateway"
	"github.com/loadtide/loadtide/services/recorder"
	"github.com/loadtide/loadtide/streams/topology"
)

// forecasterCmd runs the forecaster.
type forecasterCmd struct {
	NATS       service.NATSFlags  `embed:""`
	Dir        service.DataFlags  `embed:""`
	Kept       registryFlags      `embed:""`
	Admin      service.AdminFlags `embed:"" set:"admin_listen=127.0.0.1:9464"`
	Config     forecaster.Config  `embed:""`
	Streams    string             `enum:"cluster,machine" default:"cluster" help:"How long the streams are kept, where the disk has room: cluster, logs of 3 days beside an InfluxDB or files that hold the history; machine, logs of 120 days that are the history, as with up. Counts for streams that are made."`
	Partitions partitionFlags     `embed:""`
	Replicas   int                `default:"1" env:"LOADTIDE_REPLICAS" help:"Replicas of each stream, 3 on a cluster; counts only when the streams are first made."`
}

// streamsOfMachine is the value of --streams for logs that are the history.
const streamsOfMachine = "machine"

// recorderCmd runs the recorder.
type recorderCmd struct {
	NATS   service.NATSFlags  `embed:""`
	Admin  service.AdminFlags `embed:"" set:"admin_listen=127.0.0.1:9466"`
	Record recorder.Config    `embed:""`
}

// gatewayCmd runs the gateway.
type gatewayCmd struct {
	NATS  service.NATSFlags  `embed:""`
	Dir   service.DataFlags  `embed:""`
	Kept  registryFlags      `embed:""`
	Admin service.AdminFlags `embed:"" set:"admin_listen=127.0.0.1:9467"`
	HTTP  gateway.Config     `embed:""`
}

// Validate checks the flags that no other part checks before it starts.
func (c *forecasterCmd) Validate() error {
	if c.Replicas < 1 || c.Replicas > topology.MaxReplicas {
		return fmt.Errorf("--replicas %d is outside 1 to %d", c.Replicas, topology.MaxReplicas)
	}
	return nil
}

// partitionFlags say into how many partitions the series are spread.
type partitionFlags struct {
	Number int `name:"partitions" default:"${partitions}" env:"LOADTIDE_PARTITIONS" help:"Partitions of the series; counts only when the streams are first made."`
}

// Validate refuses a number out of range.
func (f partitionFlags) Validate() error {
	if f.Number < 1 || f.Number > topology.MaxPartitions {
		return fmt.Errorf("partitions: %d is out of range; give 1 to %d", f.Number,
			topology.MaxPartitions)
	}
	return nil
}

func checkpointDir(dataDir string) string { return filepath.Join(dataDir, "checkpoints") }

// role calls fn with what every role has: contexts that signals end, a log, and a connection.
func role(
	e *env, name, natsURL string,
	fn func(ctx, cut context.Context, p *process, conn *bus.Conn) error,
) error {
	p, err := newProcess(e, e.stderr)
	if err != nil {
		return err
	}
	ctx, cut, release := service.Signals(context.Background(),
		func() { p.log.Info().Msg("draining") },
		func() {
			p.log.Warn().Msg("stopping now, input since the last checkpoint will be replayed at " +
				"the next start")
		})
	defer release()
	conn, err := bus.Connect(ctx, bus.Config{URL: natsURL, Name: "loadtide-" + name},
		p.component("bus"))
	if err != nil {
		return busError(err)
	}
	defer conn.Close()
	err = fn(ctx, cut, p, conn)
	if cut.Err() != nil {
		return service.ErrInterrupted
	}
	return busError(err)
}

// Run runs the forecaster until a signal.
func (c *forecasterCmd) Run(e *env) error {
	lock, err := service.LockDir(c.Dir.Dir)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Release() }() // the system ends the lock with the process
	return role(e, "forecaster", c.NATS.URL,
		func(ctx, cut context.Context, p *process, conn *bus.Conn) error {
			cfg := c.Config
			cfg.Streams = topology.ProductionConfig()
			if c.Streams == streamsOfMachine {
				cfg.Streams = topology.DefaultConfig()
			}
			cfg.Streams.Partitions, cfg.Streams.Replicas = c.Partitions.Number, c.Replicas
			cfg.Streams.Log = p.component("topology")
			models, err := c.Kept.open(c.Dir.Dir)
			if err != nil {
				return err
			}
			s, err := p.forecaster(conn, c.Dir.Dir, models, cfg)
			if err != nil {
				return err
			}
			return p.runRole(ctx, cut, c.Admin.Listen,
				func(g *service.Group) { g.Add("forecaster", s) })
		})
}

// Run runs the recorder until a signal.
func (c *recorderCmd) Run(e *env) error {
	if !c.Record.Enabled() {
		return usageError("the recorder has no InfluxDB to write to",
			"give --influx-url, and the token by LOADTIDE_INFLUX_TOKEN")
	}
	return role(e, "recorder", c.NATS.URL,
		func(ctx, cut context.Context, p *process, conn *bus.Conn) error {
			if err := p.awaitStreams(ctx, conn); err != nil {
				return nil
			}
			s, err := p.recorder(conn, c.Record)
			if err != nil {
				return err
			}
			return p.runRole(ctx, cut, c.Admin.Listen, func(g *service.Group) { g.Add("recorder", s) })
		})
}

// Run runs the gateway until a signal.
func (c *gatewayCmd) Run(e *env) error {
	return role(e, "gateway", c.NATS.URL,
		func(ctx, cut context.Context, p *process, conn *bus.Conn) error {
			models, err := c.Kept.open(c.Dir.Dir)
			if err != nil {
				return err
			}
			s, err := newGateway(p, conn, c.HTTP, models, false)
			if err != nil {
				return err
			}
			return p.runRole(ctx, cut, c.Admin.Listen, func(g *service.Group) { g.Add("gateway", s) })
		})
}

// newGateway builds the gateway. With admin it also serves metrics and health.
func newGateway(
	p *process, conn *bus.Conn, cfg gateway.Config, models registry.Registry, admin bool,
) (*gateway.Service, error) {
	deps := gateway.FromBus(conn)
	deps.Version, deps.Log, deps.Now = version, p.log, time.Now
	deps.Metrics, deps.Ready = p.registry, p.health.Part("gateway")
	deps.Models = models
	if admin {
		deps.Admin = service.AdminHandler(p.registry, p.health)
	}
	return gateway.New(cfg, deps)
}
