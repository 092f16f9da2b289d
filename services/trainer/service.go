package trainer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/trainer/cycle"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// Job is a cycle that is to be run.
type Job struct {
	Cycle   string
	Model   string // name to register under; it says the interval, unless it is one of a person's own
	Trigger string
	Start   string // one of cycle.Starts
	Quick   bool   // short windows, few iterations
	// Holds is cycle.Cycle.Holds.
	Holds func(context.Context) error
}

// RunFunc runs a cycle and calls tell with its events. It returns the event Done, which it does not
// tell. It ends soon after ctx does.
type RunFunc func(ctx context.Context, job Job, tell func(cycle.Event)) (cycle.Event, error)

// Deps are what a Service works with. Enough, Ready, Log and Clock may be left out.
type Deps struct {
	Conn     *bus.Conn
	Registry registry.Registry
	Run      RunFunc
	// Enough reports whether there is enough history to train a model. Without Enough, the service
	// tries a first training of one model at once, and again with growing pauses, and trains the
	// models that have a champion.
	Enough  func(ctx context.Context, model string) bool
	Ready   *service.Readiness
	Metrics prometheus.Registerer
	Log     zerolog.Logger
	// Clock is the clock of the schedule and of the looks at job store, registry and drift; nil is
	// the clock of the machine. The lease goes by the clock of the machine.
	Clock clockwork.Clock
}

// Service starts cycles. Of several services on one NATS server, one runs a cycle at a time.
type Service struct {
	cfg     Config
	deps    Deps
	log     zerolog.Logger
	clock   clockwork.Clock
	metrics *metrics
	holder  string // names this life of the process in the lease
	began   time.Time
	wake    chan struct{} // a job may be there
	jobs    jobStore
	lease   *bus.Lease

	drifts drifts // of watch alone

	round     registry.Round // of the looks at the registry
	mu        sync.Mutex
	champions map[string]bool // names that had a champion at the last look
}

// component names the trainer in log lines.
const component = "trainer"

// New returns a service that has not begun. The error holds all faults of cfg.
func New(cfg Config, d Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if d.Clock == nil {
		d.Clock = clockwork.NewRealClock()
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return &Service{
		cfg: cfg, deps: d, log: service.Component(d.Log, component), clock: d.Clock,
		metrics: newMetrics(d.Metrics), wake: make(chan struct{}, 1), champions: map[string]bool{},
		drifts: drifts{newest: map[string]driftEvent{}},
		holder: fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:8]),
	}, nil
}

// Start opens the job store. A forecaster makes its bucket, together with the streams; Start waits
// for that.
func (s *Service) Start(ctx context.Context) error {
	s.began = s.clock.Now()
	waiting := retry.Notice{Kind: retry.AnyKind, Failed: func(err error) {
		s.log.Info().AnErr(service.FieldError, err).
			Msg("waiting for a forecaster to make the streams")
	}}
	policy := retry.Policy{
		Backoff: retry.Backoff{Least: time.Second}, Notice: &waiting,
		Final: func(err error) bool { return !errors.Is(err, bus.ErrNoBucket) },
	}
	err := retry.Until(ctx, policy, func(ctx context.Context) error {
		bucket, err := s.deps.Conn.OpenBucket(ctx, topology.Training)
		if err == nil {
			s.jobs = jobStore{bucket}
			s.lease = bucket.NewLease(topology.TrainingLease, s.holder, s.cfg.LeaseTTL)
		}
		return err
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// Run accepts and runs cycles until ctx ends. A cycle that is running is then stopped, and the next
// trainer begins it again.
func (s *Service) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	if s.cfg.Schedule != ScheduleOff {
		scheduler, err := startSchedule(s.cfg.Schedule, s.clock, func(slot time.Time) {
			s.accept(ctx, request{trigger: streams.TriggerSchedule, slot: slot.Unix()})
		})
		if err != nil {
			return err
		}
		// nothing of the scheduler outlives this process
		defer func() { _ = scheduler.Shutdown() }()
	}
	served := make(chan error, 1)
	group.Go(func() { served <- s.serve(ctx) })
	group.Go(func() { s.watch(ctx) })
	return s.runJobs(ctx, served)
}

// Stop has nothing to do: Run ends with its context.
func (s *Service) Stop(context.Context) error { return nil }

// runJobs runs cycles as they are accepted, until ctx ends or serving requests does.
func (s *Service) runJobs(ctx context.Context, served <-chan error) error {
	unreadable := retry.Notice{Failed: func(err error) {
		s.log.Warn().AnErr(service.FieldError, err).
			Msg("the job store does not answer, trying again")
	}}
	for {
		if err := s.runJob(ctx); ctx.Err() == nil {
			unreadable.Hear(err)
		}
		tick := s.clock.NewTimer(s.cfg.Poll)
		select {
		case <-ctx.Done():
		case err := <-served:
			tick.Stop()
			return err
		case <-s.wake:
		case <-tick.Chan():
		}
		tick.Stop()
		if ctx.Err() != nil {
			return nil
		}
	}
}

// runJob runs the open cycle, if there is one and no other trainer runs it.
func (s *Service) runJob(ctx context.Context) error {
	e, _, err := s.jobs.read(ctx)
	if err != nil || !e.Open() {
		return err
	}
	ours, err := s.lease.Acquire(ctx)
	if err != nil || !ours {
		return err
	}
	defer s.release(ctx)
	// The trainer that had the lease before may have ended the cycle since the first look.
	e, rev, err := s.jobs.read(ctx)
	if err != nil || !e.Open() {
		return err
	}
	return s.newAttempt(e).run(ctx, rev)
}

// releaseTimeout bounds how long the lease is given back.
const releaseTimeout = 2 * time.Second

// release gives the lease back, also when ctx has ended.
func (s *Service) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	if err := s.lease.Release(ctx); err != nil {
		s.log.Debug().AnErr(service.FieldError, err).Msg("lease not given back, it ends by itself")
	}
}

// sleep waits by the clock of the service; it returns false when ctx ends before.
func (s *Service) sleep(ctx context.Context, d time.Duration) bool {
	timer := s.clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.Chan():
		return true
	}
}
