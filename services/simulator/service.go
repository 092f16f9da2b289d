package simulator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
)

// Publisher takes readings of one series a call; Flush returns when all taken so far are acknowledged. After an error
// of either, the whole step is published again, so a Publisher must be able to go on after one.
type Publisher interface {
	PublishReadings(ctx context.Context, id meter.ID, readings []streams.Reading) error
	// PublishPayload sends a message as it is: one that is no reading.
	PublishPayload(ctx context.Context, id meter.ID, payload []byte) error
	Flush(ctx context.Context) error
}

// Progress tells how far the simulation is.
type Progress struct {
	Phase    Phase
	Meters   int
	Until    time.Time // end of the newest hour that is acknowledged
	Readings int       // acknowledged since Start
	Resumed  bool      // the clock goes on from an earlier run
}

// Deps is what the simulator works with. Progress may be nil.
type Deps struct {
	Publisher Publisher
	Dir       string // data folder, which must exist; it keeps the clock
	// Progress is called from Run: once at its start and after each acknowledged step.
	Progress func(Progress)
	Metrics  prometheus.Registerer
	Log      zerolog.Logger
	Now      func() time.Time
}

// Service publishes a fleet by the demo's clock. Start, Run and Stop are those of service.Part.
type Service struct {
	cfg     Config
	deps    Deps
	log     zerolog.Logger
	metrics *metrics
	fleet   []player
	clock   clock
	told    Progress
}

// New returns a simulator that has not begun. The error holds all faults of cfg.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Check(""); err != nil {
		return nil, err
	}
	if deps.Publisher == nil || deps.Dir == "" || deps.Now == nil || deps.Metrics == nil {
		return nil, errors.New("simulator: Publisher, Dir, Metrics and Now are needed")
	}
	return &Service{
		cfg: cfg, deps: deps, log: service.Component(deps.Log, "simulator"), metrics: newMetrics(deps.Metrics),
	}, nil
}

// Start reads the clock of the data folder, or makes one. A *ClockError says that the file is broken.
func (s *Service) Start(context.Context) error {
	c, resumed, err := loadClock(s.deps.Dir)
	if err != nil {
		return err
	}
	if !resumed {
		c = newClock(s.cfg, s.deps.Now())
		if err := c.save(s.deps.Dir); err != nil { // before the first reading: its base must not move
			return err
		}
	}
	if c.seed != s.cfg.Seed {
		s.log.Warn().Uint64(service.FieldSeed, c.seed).Uint64(service.FieldConfigured, s.cfg.Seed).Msg("the demo's clock keeps its own seed")
	}
	s.clock = c
	if s.fleet, err = newPlayers(s.cfg, c.seed, c.next); err != nil {
		return err
	}
	s.told = Progress{Phase: PhaseReplay, Meters: len(s.fleet), Until: timeOf(c.next), Resumed: resumed}
	switch {
	case c.next < c.live:
		s.told.Phase = PhaseHistory
	case c.next >= hourOf(s.deps.Now()):
		s.told.Phase = PhaseLive
	}
	s.log.Info().Int(service.FieldMeters, len(s.fleet)).Time(service.FieldNext, timeOf(c.next)).Bool(service.FieldResumed, resumed).Msg("started")
	return nil
}

// Run publishes until ctx ends, then returns nil. It returns an error when a step is not acknowledged after several
// tries or the clock cannot be saved.
func (s *Service) Run(ctx context.Context) error {
	s.tell()
	earliest := s.deps.Now() // when the next hour of the replay may go out
	for {
		from, until, history := s.clock.step()
		live := hourOf(s.deps.Now()) <= until // it is the newest hour that has ended, or has not ended yet
		if !history {
			due := earliest
			if live {
				due = s.clock.due()
			}
			if !s.sleepUntil(ctx, due) {
				return nil
			}
			earliest = earliest.Add(s.cfg.Step)
			if now := s.deps.Now(); earliest.Before(now) {
				earliest = now.Add(s.cfg.Step) // no burst after a standstill
			}
		}
		if err := s.publish(ctx, from, until, history); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		s.clock.next = until
		if err := s.clock.save(s.deps.Dir); err != nil {
			return err
		}
		s.count(from, until, history, live)
	}
}

// Stop does nothing: a step under way was given up when Run ended and comes again at the next start.
func (s *Service) Stop(context.Context) error { return nil }

// count tells of an acknowledged step.
func (s *Service) count(from, until int64, history, live bool) {
	phase := PhaseReplay
	switch {
	case history:
		phase = PhaseHistory
	case live:
		phase = PhaseLive
	}
	readings, faults := 0, map[Fault]int{}
	for i := range s.fleet {
		readings += s.fleet[i].readings(from, until, faults)
	}
	for name, n := range faults {
		s.metrics.faults.WithLabelValues(string(name)).Add(float64(n))
	}
	s.metrics.readings.WithLabelValues(string(phase)).Add(float64(readings))
	s.metrics.newest.Set(float64(timeOf(until).Unix()))
	if phase != s.told.Phase {
		s.log.Info().Str(service.FieldPhase, string(phase)).Time(service.FieldUntil, timeOf(until)).Msg("phase begins")
	}
	s.told.Phase, s.told.Until = phase, timeOf(until)
	s.told.Readings += readings
	s.tell()
}

func (s *Service) tell() {
	if s.deps.Progress != nil {
		s.deps.Progress(s.told)
	}
}

// A step is tried maxTries times. The pauses between the tries add up to about 15 seconds, which is
// as long as a broker takes to start again.
const (
	maxTries   = 7
	leastPause = 250 * time.Millisecond
	mostPause  = 8 * time.Second
)

// publish sends one step until it is acknowledged. A repeat is harmless: it carries the same values.
func (s *Service) publish(ctx context.Context, from, until int64, history bool) error {
	policy := retry.Policy{
		Backoff: retry.Backoff{Least: leastPause, Most: mostPause, Jitter: true}, Attempts: maxTries,
		Notice: &retry.Notice{Kind: retry.AnyKind, Failed: func(err error) {
			s.log.Warn().AnErr(service.FieldError, err).Msg("a step was not acknowledged; trying again")
		}},
	}
	err := retry.Until(ctx, policy, func(ctx context.Context) error {
		err := s.send(ctx, from, until, history)
		if err != nil {
			s.metrics.failures.Inc()
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("publish the hours from %s: %w", timeOf(from).Format(time.RFC3339), err)
	}
	return nil
}

// send publishes one step of every meter and waits for the acknowledgement.
func (s *Service) send(ctx context.Context, from, until int64, history bool) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	room := make([]streams.Reading, 0, until-from)
	for i := range s.fleet {
		if err := s.fleet[i].publish(ctx, s.deps.Publisher, from, until, history, room); err != nil {
			return err
		}
	}
	return s.deps.Publisher.Flush(ctx)
}

// maxSleep bounds a single sleep, so that a wall clock that is set, or a laptop that wakes, is noticed.
const maxSleep = time.Minute

// sleepUntil waits until the wall clock shows t; false means that ctx has ended.
func (s *Service) sleepUntil(ctx context.Context, t time.Time) bool {
	for {
		left := t.Sub(s.deps.Now())
		if left <= 0 {
			return ctx.Err() == nil
		}
		if retry.Sleep(ctx, min(left, maxSleep)) != nil {
			return false
		}
	}
}
