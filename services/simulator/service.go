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

// Publisher publishes readings. After an error of any method the service publishes the whole step
// again, so a Publisher must be usable after an error.
type Publisher interface {
	PublishReadings(ctx context.Context, id meter.ID, readings []streams.Reading) error
	// PublishPayload publishes a message that is no reading.
	PublishPayload(ctx context.Context, id meter.ID, payload []byte) error
	Flush(ctx context.Context) error
}

// Progress is the state of a simulation.
type Progress struct {
	Phase    Phase
	Meters   int
	Until    time.Time // all readings before it are acknowledged
	Readings int       // acknowledged since Start
	Resumed  bool      // the clock is the one of an earlier run
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

// Service publishes the readings of a fleet by the demo's clock. It is a service.Part.
type Service struct {
	cfg      Config
	deps     Deps
	log      zerolog.Logger
	metrics  *metrics
	fleet    []player
	clock    clock
	progress Progress
}

// New returns a simulator. The error has all faults of cfg.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Check(""); err != nil {
		return nil, err
	}
	if deps.Publisher == nil || deps.Dir == "" || deps.Now == nil || deps.Metrics == nil {
		return nil, errors.New("simulator: Publisher, Dir, Metrics and Now are needed")
	}
	return &Service{
		cfg: cfg, deps: deps, log: service.Component(deps.Log, "simulator"),
		metrics: newMetrics(deps.Metrics),
	}, nil
}

// Start reads the clock of the data folder, or makes one. Errors: *ClockError when the file is
// broken.
func (s *Service) Start(context.Context) error {
	c, resumed, err := loadClock(s.deps.Dir, s.cfg.tick())
	if err != nil {
		return err
	}
	if !resumed {
		c = newClock(s.cfg, s.cfg.tick(), s.deps.Now())
		// before the first reading: the base of the clock must not change
		if err := c.save(s.deps.Dir); err != nil {
			return err
		}
	}
	if c.seed != s.cfg.Seed {
		s.log.Warn().Uint64(service.FieldSeed, c.seed).Uint64(service.FieldConfigured, s.cfg.Seed).
			Msg("the demo's clock keeps its own seed")
	}
	s.clock = c
	if s.fleet, err = newPlayers(s.cfg, c); err != nil {
		return err
	}
	s.progress = Progress{
		Phase: PhaseReplay, Meters: len(s.fleet), Until: timeOf(c.next), Resumed: resumed,
	}
	switch {
	case c.next < c.live:
		s.progress.Phase = PhaseHistory
	case c.next >= floorTo(s.deps.Now().Unix(), c.tick):
		s.progress.Phase = PhaseLive
	}
	s.log.Info().Int(service.FieldMeters, len(s.fleet)).Time(service.FieldNext, timeOf(c.next)).
		Bool(service.FieldResumed, resumed).Msg("started")
	return nil
}

// Run publishes until ctx ends, and then returns nil. Errors: a step is not acknowledged after
// maxTries, or the clock cannot be saved.
func (s *Service) Run(ctx context.Context) error {
	s.report()
	earliest := s.deps.Now() // when the next step of the replay may be published
	pause := s.cfg.pause()
	for {
		from, until, history := s.clock.step()
		// the step has the newest tick that has ended, or one that has not ended yet
		live := floorTo(s.deps.Now().Unix(), s.clock.tick) <= until
		if !history {
			due := earliest
			if live {
				due = s.clock.due()
			}
			if !s.sleepUntil(ctx, due) {
				return nil
			}
			earliest = earliest.Add(pause)
			if now := s.deps.Now(); earliest.Before(now) {
				earliest = now.Add(pause) // no burst after a pause of the process
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

// Stop does nothing. The step that was not acknowledged when Run ended comes again at the next
// start.
func (s *Service) Stop(context.Context) error { return nil }

// count counts an acknowledged step and reports the progress.
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
	if phase != s.progress.Phase {
		s.log.Info().Str(service.FieldPhase, string(phase)).Time(service.FieldUntil, timeOf(until)).
			Msg("phase begins")
	}
	s.progress.Phase, s.progress.Until = phase, timeOf(until)
	s.progress.Readings += readings
	s.report()
}

// report calls Deps.Progress.
func (s *Service) report() {
	if s.deps.Progress != nil {
		s.deps.Progress(s.progress)
	}
}

// A step is tried maxTries times. The pauses between the tries add up to about 15 seconds, which is
// as long as a broker takes to start again.
const (
	maxTries   = 7
	leastPause = 250 * time.Millisecond
	mostPause  = 8 * time.Second
)

// publish publishes one step until it is acknowledged. A repeat has the same values, so it is
// harmless.
func (s *Service) publish(ctx context.Context, from, until int64, history bool) error {
	policy := retry.Policy{
		Backoff:  retry.Backoff{Least: leastPause, Most: mostPause, Jitter: true},
		Attempts: maxTries,
		Notice: &retry.Notice{Kind: retry.AnyKind, Failed: func(err error) {
			s.log.Warn().AnErr(service.FieldError, err).
				Msg("a step was not acknowledged; trying again")
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
		return fmt.Errorf("publish the readings from %s: %w", timeOf(from).Format(time.RFC3339), err)
	}
	return nil
}

// send publishes one step of every meter and waits for the acknowledgement.
func (s *Service) send(ctx context.Context, from, until int64, history bool) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	room := make([]streams.Reading, 0, maxReadings)
	for i := range s.fleet {
		err := s.fleet[i].publish(ctx, s.deps.Publisher, from, until, history, room)
		if err != nil {
			return err
		}
	}
	return s.deps.Publisher.Flush(ctx)
}

// maxSleep bounds a single sleep, so that the service notices a wall clock that is set and a
// machine that wakes.
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
