package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/term"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/checkpoint"
	"github.com/loadtide/loadtide/pkg/model/base"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/forecaster"
	"github.com/loadtide/loadtide/services/recorder"
	"github.com/loadtide/loadtide/streams/topology"
)

// Time that a process has to drain. A person waits for `up`; a cluster waits for a role.
const (
	drainUp   = 9 * time.Second
	drainRole = 55 * time.Second
)

// checkpointsKept is how many checkpoints of a partition are kept.
const checkpointsKept = 3

// process has what every long-running command needs.
type process struct {
	log      zerolog.Logger
	registry *prometheus.Registry
	health   *service.Health
}

func newProcess(e *env, logs io.Writer) (*process, error) {
	terminal := false
	if f, ok := e.stderr.(*os.File); ok {
		terminal = term.IsTerminal(int(f.Fd()))
	}
	log, err := service.NewLogger(e.log, logs, terminal,
		service.UseColour("auto", terminal, os.Getenv))
	if err != nil {
		return nil, err
	}
	p := &process{log: log, registry: service.NewRegistry(), health: &service.Health{}}
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: service.Namespace,
		Name: "build_info", Help: "The program, value 1."}, []string{"version", "commit"})
	info.WithLabelValues(version, commit).Set(1)
	return p, p.registry.Register(info)
}

// component returns the logger of one part of the process.
func (p *process) component(name string) zerolog.Logger { return service.Component(p.log, name) }

// forecaster builds the forecaster over a data dir.
func (p *process) forecaster(
	conn *bus.Conn, dir string, models registry.Registry, cfg forecaster.Config,
) (*forecaster.Service, error) {
	store, err := checkpoint.NewFile(checkpointDir(dir), checkpointsKept)
	if err != nil {
		return nil, err
	}
	bases, err := base.OpenShelf(filepath.Join(fetchedDir(dir), "base"))
	if err != nil {
		return nil, &service.HintError{
			What: err.Error(),
			Fix:  []string{"let " + fetchedDir(dir) + " be a folder that can be written, or give another --data-dir"},
		}
	}
	return forecaster.New(cfg, forecaster.Deps{
		Conn: conn, Registry: models, Bases: bases, Checkpoints: store,
		Metrics: p.registry, Ready: p.health.Part("forecaster"), Log: p.log, Now: time.Now,
	})
}

// recorder builds the recorder.
func (p *process) recorder(conn *bus.Conn, cfg recorder.Config) (*recorder.Service, error) {
	return recorder.New(cfg, recorder.Deps{
		NATS: recorder.FromBus(conn), Metrics: p.registry, Ready: p.health.Part("recorder"),
		Log: p.log, Now: time.Now,
	})
}

// awaitStreams waits until a forecaster has made the streams. The error is the one of ctx.
func (p *process) awaitStreams(ctx context.Context, conn *bus.Conn) error {
	policy := retry.Policy{
		Backoff: retry.Backoff{Least: time.Second},
		Notice: &retry.Notice{Kind: retry.AnyKind, Failed: func(err error) {
			p.log.Info().AnErr(service.FieldError, err).Msg("waiting for the streams")
		}},
	}
	_ = retry.Until(ctx, policy, func(ctx context.Context) error { // Notice has logged the failures
		_, err := topology.Partitions(ctx, conn.JetStream())
		return err
	})
	return ctx.Err()
}

// runRole runs the parts of a role, and its admin listener, until a signal.
func (p *process) runRole(
	ctx, cut context.Context, admin string, add func(g *service.Group),
) error {
	g := service.NewGroup(p.component("run"), drainRole)
	g.Add("admin", service.NewAdmin(admin, p.registry, p.health, p.log))
	add(g)
	return g.Run(ctx, cut)
}
