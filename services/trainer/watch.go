package trainer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

const (
	// firstLeast and firstMost bound the pause before a first training is tried
	// again: there may be too little history yet.
	firstLeast = time.Minute
	firstMost  = time.Hour
	// registryTimeout bounds a look at the registry.
	registryTimeout = 30 * time.Second
)

// watch looks at the registry and for drift until ctx ends, and says how ready the
// trainer is.
func (s *Service) watch(ctx context.Context) {
	again, wait, said := time.Time{}, firstLeast, ""
	for {
		missing, err := s.look(ctx)
		if err != nil && ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			s.log.Warn().Err(err).Msg("model registry does not answer; training waits for it, serving does not")
		}
		switch {
		case err != nil:
		case !missing:
			said, wait = "", firstLeast
		case s.cfg.Schedule != ScheduleOff && !s.deps.Now().Before(again):
			said = ""
			if s.first(ctx) {
				again = s.deps.Now().Add(wait)
				wait = min(2*wait, firstMost)
			}
		}
		if s.cfg.Schedule != ScheduleOff {
			s.drift(ctx)
		}
		if service.Sleep(ctx, s.cfg.Watch) != nil {
			if s.deps.Ready != nil {
				s.deps.Ready.NotReady("draining")
			}
			return
		}
	}
}

// look asks for the champion; missing says that there is none yet.
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
	if s.deps.Ready == nil {
		return missing, err
	}
	if why != "" {
		s.deps.Ready.NotReady(why)
	} else {
		s.deps.Ready.Ready()
	}
	return missing, err
}

// first asks for the first training; tried is false while one is open, or what is
// waited for has not come.
func (s *Service) first(ctx context.Context) (tried bool) {
	if e, _, err := s.book.read(ctx); err != nil || e.Open() {
		return false
	}
	if s.deps.Await != nil && !s.deps.Await(ctx) {
		return false
	}
	return s.want(ctx, wish{trigger: streams.TriggerFirst}).Answer == streams.TrainingAccepted
}

// drift asks for a cycle when forecasts have become worse since the last one was
// asked for. Events come from many series at once: there is a pause between two
// cycles, and what was told in it is answered by the next.
func (s *Service) drift(ctx context.Context) {
	m, ok, err := s.deps.Conn.LastBySubject(ctx, topology.Events, streams.EventSubject(streams.EventDrift))
	if err != nil {
		if !errors.Is(err, bus.ErrNoStream) && ctx.Err() == nil {
			s.log.Debug().Err(err).Msg("drift not read")
		}
		return
	}
	if !ok {
		return
	}
	e, rev, err := s.book.read(ctx)
	since := e.Asked
	if rev == 0 {
		since = s.began
	}
	if err != nil || e.Open() || m.Seq == e.DriftSeq || !m.Time.After(since) || s.deps.Now().Sub(e.Drifted) < s.cfg.DriftPause {
		return
	}
	reason := ""
	if event, err := streams.DecodeEvent(m.Data); err == nil {
		reason = event.Series + " " + event.Text
	}
	s.want(ctx, wish{trigger: streams.TriggerDrift, driftSeq: m.Seq, reason: reason})
}
