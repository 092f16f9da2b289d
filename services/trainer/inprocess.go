package trainer

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/services/trainer/cycle"
)

// InProcess runs cycles in this process. Its Run is a RunFunc.
type InProcess struct {
	Config   cycle.Config
	Open     func() (source cycle.Source, done func() error, err error) // called for each cycle
	Registry registry.Registry
	Recorder *cycle.Recorder // where runs are kept, nil for nowhere
	Scratch  string          // where models are written before they are registered
	Patience time.Duration   // how long a registry that is away is waited for
	Log      zerolog.Logger
}

// Run runs one cycle on the last tenth of what there is.
func (p InProcess) Run(ctx context.Context, job Job, tell func(cycle.Told)) (cycle.Told, error) {
	source, done, err := p.Open()
	if err != nil {
		return cycle.Told{}, err
	}
	defer func() {
		if err := done(); err != nil {
			p.Log.Warn().Err(err).Msg("source of history not closed")
		}
	}()
	cfg := p.Config
	cfg.Start = job.Start
	if job.Quick {
		cfg = cfg.Quick()
	}
	c := &cycle.Cycle{
		Warn: func(text string) {
			p.Log.Warn().Str("cycle", job.Cycle).Str("remark", text).Msg("something of the history is odd")
		},
		ID: job.Cycle, Config: cfg, Source: source, Cut: dataset.DefaultCut, Registry: p.Registry, Recorder: p.Recorder, Scratch: p.Scratch, Patience: p.Patience, Holds: job.Holds,
		Waiting: func(err error) {
			p.Log.Warn().Err(err).Str("cycle", job.Cycle).Msg("the model registry is away, the cycle waits for it")
		},
	}
	c.Tell(tell)
	out, err := c.Run(ctx)
	if err != nil {
		return cycle.Told{}, err
	}
	return out.Told(), nil
}
