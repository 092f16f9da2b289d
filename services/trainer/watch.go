package trainer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// firstBackoff is the pause before a first training is tried again: there may be too little history
// yet.
var firstBackoff = retry.Backoff{Least: time.Minute, Most: time.Hour}

// registryTimeout bounds a look at the registry.
const registryTimeout = 30 * time.Second

// watch looks at the registry and for drift until ctx ends, asks for the cycles that they give
// reason for, and says whether the trainer is ready.
func (s *Service) watch(ctx context.Context) {
	away := retry.Notice{Failed: func(err error) {
		s.log.Warn().AnErr(service.FieldError, err).
			Msg("model registry does not answer; training waits for it, serving does not")
	}}
	var first firstTraining
	for {
		missing, err := s.look(ctx)
		if ctx.Err() == nil {
			away.Hear(err)
		}
		if s.cfg.Schedule != ScheduleOff {
			if err == nil {
				first.turn(ctx, s, missing)
			}
			s.drift(ctx)
		}
		if !s.sleep(ctx, s.cfg.Watch) {
			if s.deps.Ready != nil {
				s.deps.Ready.NotReady("draining")
			}
			return
		}
	}
}

// look asks the registry for the champion, and sets readiness and the metric of the registry.
// missing reports that there is no champion yet.
func (s *Service) look(ctx context.Context) (missing bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, registryTimeout)
	defer cancel()
	_, err = s.deps.Registry.ByAlias(ctx, s.cfg.Model, registry.Champion)
	if errors.Is(err, registry.ErrNotFound) {
		missing, err = true, nil
	}
	why, up := "", 1.
	switch {
	case err != nil:
		why, up = fmt.Sprintf("model registry: %v", err), 0
	case !s.deps.Conn.Connected():
		why = "connection to NATS lost"
	}
	s.metrics.registryUp.Set(up)
	switch {
	case s.deps.Ready == nil:
	case why != "":
		s.deps.Ready.NotReady(why)
	default:
		s.deps.Ready.Ready()
	}
	return missing, err
}

// firstTraining asks for the first training while there is no champion, with growing pauses.
type firstTraining struct {
	tries int       // since there was a champion
	due   time.Time // of the next try
}

func (f *firstTraining) turn(ctx context.Context, s *Service, missing bool) {
	switch {
	case !missing:
		f.tries = 0
	case s.clock.Now().Before(f.due):
	case s.askFirst(ctx):
		f.tries++
		f.due = s.clock.Now().Add(firstBackoff.Pause(f.tries))
	}
}

// askFirst asks for the first training. It returns false when a cycle is open, or ctx ends while
// there is too little history.
func (s *Service) askFirst(ctx context.Context) bool {
	if e, _, err := s.jobs.read(ctx); err != nil || e.Open() {
		return false
	}
	if s.deps.Await != nil && !s.deps.Await(ctx) {
		return false
	}
	return s.accept(ctx, request{trigger: streams.TriggerFirst}).Answer == streams.TrainingAccepted
}

// drift asks for a cycle when forecasts have become worse since the last cycle was asked for. Many
// series may drift at once, so two cycles of drift are at least DriftPause apart. The next cycle
// answers the events in between.
func (s *Service) drift(ctx context.Context) {
	m, ok, err := s.deps.Conn.LastBySubject(ctx, topology.Events,
		streams.EventSubject(streams.EventDrift))
	if err != nil {
		if !errors.Is(err, bus.ErrNoStream) && ctx.Err() == nil {
			s.log.Debug().AnErr(service.FieldError, err).Msg("drift not read")
		}
		return
	}
	if !ok {
		return
	}
	e, rev, err := s.jobs.read(ctx)
	if err != nil || e.Open() || m.Seq == e.DriftSeq ||
		s.clock.Now().Sub(e.Drifted) < s.cfg.DriftPause {
		return
	}
	since := e.Asked
	if rev == 0 { // there was no cycle yet
		since = s.began
	}
	if !m.Time.After(since) {
		return
	}
	reason := ""
	if event, err := streams.DecodeEvent(m.Data); err == nil {
		reason = event.Series + " " + event.Text
	}
	s.accept(ctx, request{trigger: streams.TriggerDrift, driftSeq: m.Seq, reason: reason})
}
