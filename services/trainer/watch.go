package trainer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
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
	first := map[string]*firstTraining{}
	for _, name := range s.cfg.Models {
		first[name] = &firstTraining{model: name}
	}
	for {
		missing, err := s.look(ctx)
		if ctx.Err() == nil {
			away.Hear(err)
		}
		if s.cfg.Schedule != ScheduleOff {
			for _, name := range slices.Backward(s.cfg.Models) {
				if err == nil {
					first[name].turn(ctx, s, slices.Contains(missing, name))
				}
			}
			s.drift(ctx)
			if !s.firstDue(ctx, first) {
				s.follow(ctx)
			}
		}
		if !s.sleep(ctx, s.cfg.Watch) {
			if s.deps.Ready != nil {
				s.deps.Ready.NotReady("draining")
			}
			return
		}
	}
}

// look asks the registry for the champions, and sets readiness and the metric of the registry.
// missing are the names that were asked for and have no champion yet.
func (s *Service) look(ctx context.Context) (missing []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, registryTimeout)
	defer cancel()
	names := s.cfg.Models
	if len(names) > 1 {
		names = s.round.Names(s.hasChampion)
	}
	for _, name := range names {
		_, err = s.deps.Registry.ByAlias(ctx, name, registry.Champion)
		none := errors.Is(err, registry.ErrNotFound)
		if err != nil && !none {
			break
		}
		if err = nil; none {
			missing = append(missing, name)
		}
		s.mu.Lock()
		s.champions[name] = !none
		s.mu.Unlock()
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

// firstTraining asks for the first training of a model while it has no champion, with growing
// pauses.
type firstTraining struct {
	model string
	tries int       // since there was a champion
	due   time.Time // of the next try
}

func (f *firstTraining) turn(ctx context.Context, s *Service, missing bool) {
	switch {
	case s.hasChampion(f.model):
		f.tries = 0
	case !missing || s.clock.Now().Before(f.due):
	case s.refusedLately(ctx, f.model):
		f.due = s.clock.Now().Add(firstBackoff.Most)
	case s.askFirst(ctx, f.model):
		f.tries++
		f.due = s.clock.Now().Add(firstBackoff.Pause(f.tries))
	}
}

// refusedLately reports whether the gate refused a version within a day: the base model serves better,
// and a quick training on the same readings would not change that. The schedule trains on.
func (s *Service) refusedLately(ctx context.Context, model string) bool {
	ctx, cancel := context.WithTimeout(ctx, registryTimeout)
	defer cancel()
	versions, _ := s.deps.Registry.Versions(ctx, model) // the error names broken ones
	if len(versions) == 0 {
		return false
	}
	newest := versions[len(versions)-1]
	return newest.Tags[registry.Verdict] == registry.VerdictRefused &&
		s.clock.Now().Sub(newest.Created) < 24*time.Hour
}

// askFirst asks for the first training of a model. It returns false when a cycle is open, or there
// is too little history.
func (s *Service) askFirst(ctx context.Context, model string) bool {
	switch {
	case s.deps.Enough == nil && model != s.plainModel():
		return false
	case s.deps.Enough != nil && !s.deps.Enough(ctx, model):
		return false
	}
	if e, _, err := s.jobs.read(ctx); err != nil || e.Open() {
		return false
	}
	wanted := request{trigger: streams.TriggerFirst, models: []string{model}}
	return s.accept(ctx, wanted).Answer == streams.TrainingAccepted
}

// follow asks for the thorough cycles of the models that had a quick one. No first training is due
// then: series that have no model of their interval come before series that have one.
func (s *Service) follow(ctx context.Context) {
	e, _, err := s.jobs.read(ctx)
	if err != nil || e.Open() || len(e.Follow) == 0 {
		return
	}
	s.accept(ctx, request{trigger: streams.TriggerFollow, models: e.Follow})
}

// firstDue reports whether a first training is to be asked for as soon as no cycle is open.
func (s *Service) firstDue(ctx context.Context, first map[string]*firstTraining) bool {
	return s.deps.Enough != nil && slices.ContainsFunc(s.cfg.Models, func(name string) bool {
		return !s.hasChampion(name) && !s.clock.Now().Before(first[name].due) &&
			s.deps.Enough(ctx, name)
	})
}

// firstWaits reports whether a model other than one waits for its first training.
func (s *Service) firstWaits(ctx context.Context, other string) bool {
	return s.deps.Enough != nil && slices.ContainsFunc(s.cfg.Models, func(name string) bool {
		return name != other && !s.hasChampion(name) && s.deps.Enough(ctx, name)
	})
}
