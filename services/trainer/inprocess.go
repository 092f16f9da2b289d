package trainer

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/trainer/cycle"
)

// InProcess runs cycles in this process. Its Run is a RunFunc.
type InProcess struct {
	Config   cycle.Config
	Open     func() (source cycle.Source, done func() error, err error) // called for each cycle
	Registry registry.Registry
	// Base returns the base model of an interval; ok is false when there is none. Nil has none.
	Base     func(interval time.Duration) (base model.Artifact, ok bool, err error)
	Runs     *cycle.RunLogger // logs the runs; nil for nowhere
	Scratch  string           // folder that models are written to before they are registered
	Patience time.Duration    // how long a cycle waits for a registry that does not answer
	Log      zerolog.Logger
}

// Run runs one cycle. The last tenth of the data is the test.
func (p InProcess) Run(ctx context.Context, job Job, tell func(cycle.Event)) (cycle.Event, error) {
	source, done, err := p.Open()
	if err != nil {
		return cycle.Event{}, err
	}
	defer func() {
		if err := done(); err != nil {
			log := service.Component(p.Log, component)
			log.Warn().AnErr(service.FieldError, err).Msg("source of history not closed")
		}
	}()
	cfg := p.Config
	cfg.Model, cfg.Start = job.Model, job.Start
	if job.Quick {
		cfg = cfg.Quick()
	}
	c := &cycle.Cycle{
		ID: job.Cycle, Config: cfg, Source: source, Cut: dataset.DefaultCut, Tell: tell,
		Base: p.Base, Registry: p.Registry, Runs: p.Runs, Scratch: p.Scratch, Patience: p.Patience,
		Holds: job.Holds,
	}
	outcome, err := c.Run(ctx)
	if err != nil {
		return cycle.Event{}, err
	}
	return outcome.Event(), nil
}
