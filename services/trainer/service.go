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
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/trainer/cycle"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// Job is a cycle that is to be run.
type Job struct {
	Cycle   string
	Trigger string
	Start   string // cycle.StartScratch or cycle.StartChampion
	Quick   bool   // short windows, few iterations
	// Holds is that of cycle.Cycle: to be asked before anything is written to the registry.
	Holds func(context.Context) error
}

// RunFunc runs a cycle and tells of its way; the answer is the last thing told, of
// event Done. It ends soon after ctx does.
type RunFunc func(ctx context.Context, job Job, tell func(cycle.Event)) (cycle.Event, error)

// Deps are what a Service works with. Await, Ready and the log may be left out.
type Deps struct {
	Conn     *bus.Conn
	Registry registry.Registry
	Run      RunFunc
	// Await waits until a first training is worth a try; false when ctx ended
	// before. Without it one is tried at once, and again with growing pauses.
	Await   func(context.Context) bool
	Ready   *service.Readiness
	Metrics prometheus.Registerer
	Log     zerolog.Logger
	Now     func() time.Time
	Clock   clockwork.Clock // that the schedule goes by; the machine's when nil
}

// Service starts cycles: by the clock, on request, on drift, and where there is no
// champion yet. Of several on one NATS server one runs a cycle at a time.
type Service struct {
	cfg     ServiceConfig
	deps    Deps
	log     zerolog.Logger
	metrics *instruments
	holder  string
	began   time.Time
	wake    chan struct{}
	book    book
	lease   *bus.Lease
}

// New returns a service that has not begun. The error holds all faults of cfg.
func New(cfg ServiceConfig, d Deps) (*Service, error) {
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
		cfg: cfg, deps: d, log: d.Log, metrics: newInstruments(d.Metrics), wake: make(chan struct{}, 1),
		holder: fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:8]),
	}, nil
}

// Start opens the book, which a forecaster makes with the streams; it waits for
// one.
func (s *Service) Start(ctx context.Context) error {
	s.began = s.deps.Now()
	for told := false; ; told = true {
		bucket, err := s.deps.Conn.OpenBucket(ctx, topology.Training)
		if err == nil {
			s.book, s.lease = book{bucket}, bucket.NewLease(topology.TrainingLease, s.holder, s.cfg.LeaseTTL)
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !errors.Is(err, bus.ErrNoBucket) {
			return err
		}
		if !told {
			s.log.Info().Err(err).Msg("waiting for a forecaster to make the streams")
		}
		if service.Sleep(ctx, time.Second) != nil {
			return ctx.Err()
		}
	}
}

// Run trains until ctx ends. A cycle under way is then stopped, and begun again by
// whoever comes next.
func (s *Service) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	if s.cfg.Schedule != ScheduleOff {
		scheduler, err := startClock(s.cfg.Schedule, s.deps.Clock, func(slot time.Time) {
			s.want(ctx, wish{trigger: streams.TriggerSchedule, slot: slot.Unix()})
		})
		if err != nil {
			return err
		}
		defer func() { _ = scheduler.Shutdown() }() // its job only asks
	}
	served := make(chan error, 1)
	group.Go(func() {
		served <- s.deps.Conn.Serve(ctx, streams.TrainingSubject, "trainer", func(m bus.Message) []byte {
			answer := s.request(ctx, m.Data)
			return answer.AppendJSON(nil)
		})
	})
	group.Go(func() { s.watch(ctx) })
	said := ""
	for {
		if err := s.next(ctx); err != nil && ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			s.log.Warn().Err(err).Msg("the book of training cannot be read, trying again")
		} else if err == nil {
			said = ""
		}
		tick := time.NewTimer(s.cfg.Poll)
		select {
		case <-ctx.Done():
			tick.Stop()
			return nil
		case err := <-served:
			tick.Stop()
			return err
		case <-s.wake:
		case <-tick.C:
		}
		tick.Stop()
	}
}

// Stop has nothing left to do: Run ends with its context.
func (s *Service) Stop(context.Context) error { return nil }

// request answers one request.
func (s *Service) request(ctx context.Context, data []byte) streams.TrainingAnswer {
	r, err := streams.DecodeTrainingRequest(data)
	if err != nil {
		s.metrics.requests.WithLabelValues(streams.TriggerRequest, streams.TrainingRefused).Inc()
		return streams.TrainingAnswer{Answer: streams.TrainingRefused, Text: err.Error()}
	}
	return s.want(ctx, wish{trigger: streams.TriggerRequest, start: r.Start, reason: r.Reason})
}

// want asks for a cycle.
func (s *Service) want(ctx context.Context, w wish) streams.TrainingAnswer {
	answer, e, err := s.book.ask(ctx, w, s.deps.Now())
	a := streams.TrainingAnswer{Answer: answer, Cycle: e.Cycle}
	switch {
	case err != nil:
		a.Answer, a.Text = streams.TrainingRefused, err.Error()
		if ctx.Err() == nil {
			s.log.Warn().Err(err).Str("trigger", w.trigger).Msg("cycle not accepted")
		}
	case answer == streams.TrainingAccepted:
		a.Text = "the cycle begins as soon as a trainer is free"
		s.log.Info().Str("cycle", e.Cycle).Str("trigger", w.trigger).Str(service.FieldReason, w.reason).Msg("cycle accepted")
		s.poke()
	default:
		a.Text = fmt.Sprintf("cycle %s (%s) is %s, asked for at %s", e.Cycle, e.Trigger, e.State, e.Asked.Format(time.RFC3339))
	}
	s.metrics.requests.WithLabelValues(w.trigger, a.Answer).Inc()
	return a
}

func (s *Service) poke() {
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// next runs the cycle that is open, if there is one and nobody else does.
func (s *Service) next(ctx context.Context) error {
	e, _, err := s.book.read(ctx)
	if err != nil || !e.Open() {
		return err
	}
	ours, err := s.lease.Acquire(ctx)
	if err != nil || !ours {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
		defer cancel()
		if err := s.lease.Release(ctx); err != nil {
			s.log.Debug().Err(err).Msg("lease not given back, it ends by itself")
		}
	}()
	// Read again under the lease: who had it before may have finished the cycle.
	e, rev, err := s.book.read(ctx)
	if err != nil || !e.Open() {
		return err
	}
	return s.cycle(ctx, e, rev)
}

const releaseTimeout = 2 * time.Second
