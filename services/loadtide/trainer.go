package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/model/base"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/pkg/tabular"
	"github.com/loadtide/loadtide/services/trainer"
	"github.com/loadtide/loadtide/services/trainer/cycle"
)

// trainerCmd runs the role trainer.
type trainerCmd struct {
	NATS     service.NATSFlags  `embed:""`
	Dir      service.DataFlags  `embed:""`
	Kept     registryFlags      `embed:""`
	Admin    service.AdminFlags `embed:"" set:"admin_listen=127.0.0.1:9465"`
	History  historyFlags       `embed:"" set:"from=logs"`
	Fit      fitFlags           `embed:""`
	Register string             `placeholder:"NAME" help:"Train one model, and register it under this name; default: load-1h, load-15m and so on, a model for each interval that has enough series."`
	Schedule string             `name:"train-schedule" env:"LOADTIDE_TRAIN_SCHEDULE" default:"${schedule}" placeholder:"CRON|off" help:"When to train, as cron in the machine's zone; off trains on request only."`
	Quick    bool               `name:"quick-first" help:"When there is no champion yet, begin with a quick training, of half a minute for some dozen series; a thorough one follows."`
	Drift    time.Duration      `name:"drift-pause" default:"${drift_pause}" help:"Shortest time between two cycles that drift starts."`
	Patience time.Duration      `name:"registry-patience" default:"1h" help:"How long a finished model waits for a registry that does not answer."`
}

// Validate checks the flags before anything is opened.
func (c *trainerCmd) Validate() error {
	fit := c.Fit.config(cmp.Or(c.Register, registry.DefaultModel))
	own := c.service()
	faults := []error{own.Validate(), fit.Validate(), c.Fit.Target.serves(own.Models)}
	if c.Patience < 0 || c.Patience > 7*24*time.Hour {
		faults = append(faults, fmt.Errorf("--registry-patience %s is outside 0s to 168h",
			c.Patience))
	}
	return errors.Join(faults...)
}

func (c *trainerCmd) service() trainer.Config {
	cfg := trainer.DefaultConfig()
	cfg.Schedule, cfg.Start, cfg.DriftPause = c.Schedule, c.Fit.Start, c.Drift
	if c.Register != "" {
		cfg.Models = []string{c.Register}
	}
	cfg.QuickFirst, cfg.Follow = c.Quick, c.Quick
	return cfg
}

// Run runs the trainer until a signal.
func (c *trainerCmd) Run(e *env) error {
	// A wrong place or source is an error now, and not when the schedule is due.
	if err := known(c.Fit.Zone, c.Fit.Country); err != nil {
		return err
	}
	_, done, err := c.History.open(nil, nil, func(string, ...any) {})
	if err != nil {
		return err
	}
	if err := done(); err != nil {
		return err
	}
	return role(e, "trainer", c.NATS.URL, c.run)
}

func (c *trainerCmd) run(ctx, cut context.Context, p *process, conn *bus.Conn) error {
	models, err := c.Kept.open(c.Dir.Dir)
	if err != nil {
		return err
	}
	runs, err := c.Kept.runLogger(func(err error) {
		p.log.Warn().AnErr(service.FieldError, err).Msg("the run in MLflow lags behind its cycle")
	})
	if err != nil {
		return err
	}
	inProcess := trainer.InProcess{
		Config: c.Fit.config(""), Base: base.Artifact, Registry: models, Runs: runs,
		Scratch: scratchDir(c.Dir.Dir), Patience: c.Patience, Log: p.log,
		Open: func() (cycle.Source, func() error, error) {
			log := p.component("trainer")
			return c.History.open(conn, logFiles(log), func(format string, args ...any) {
				log.Warn().Str(service.FieldText, fmt.Sprintf(format, args...)).Msg("marks of a file")
			})
		},
	}
	deps := trainer.Deps{
		Conn: conn, Registry: models, Run: inProcess.Run,
		Ready: p.health.Part("trainer"), Metrics: p.registry, Log: p.log,
	}
	if c.Register == "" && c.History.From != fromFiles {
		deps.Enough = (&fleet{conn: conn, now: time.Now}).enough
	}
	s, err := trainer.New(c.service(), deps)
	if err != nil {
		return err
	}
	return p.runRole(ctx, cut, c.Admin.Listen, func(g *service.Group) { g.Add("trainer", s) })
}

// logFiles logs what was read of files.
func logFiles(log zerolog.Logger) func(tabular.Report) {
	return func(r tabular.Report) {
		for i := range r.Files {
			log.Info().Str(service.FieldFile, r.Files[i].File).
				Int(service.FieldCount, r.Files[i].Rows).Msg("file read")
		}
		if r.Rejected > 0 {
			log.Warn().Int(service.FieldCount, r.Rejected).
				Msg("rows that cannot be used are left out, --rejects FILE keeps them")
		}
	}
}
