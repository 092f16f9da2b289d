package trainer

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/services/trainer/cycle"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// Three trainers with one schedule, many wishes: cycles never overlap, each runs
// once.
func TestOneCycleAtATime(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.champion()
	var under, runs atomic.Int32
	run := func(context.Context, Job, func(cycle.Event)) (cycle.Event, error) {
		if n := under.Add(1); n != 1 {
			t.Errorf("%d cycles at once", n)
		}
		runs.Add(1)
		time.Sleep(30 * time.Millisecond)
		under.Add(-1)
		return promoted(), nil
	}
	workers := []*worker{s.work(quick(), run), s.work(quick(), run), s.work(quick(), run)}
	accepted := 0
	for range 5 {
		for _, w := range workers { // each fires for the same minute
			if a := w.accept(t.Context(), request{trigger: streams.TriggerSchedule,
				slot: 1_800_000_000 + int64(accepted)}); a.Answer == streams.TrainingAccepted {
				accepted++
				eventually(t, "it is done", func() bool { return !s.entry().Open() })
			}
		}
	}
	if accepted < 5 || int(runs.Load()) != accepted {
		t.Errorf("%d accepted, %d run", accepted, runs.Load())
	}
	last := s.entry()
	for _, w := range workers {
		if a := w.accept(t.Context(), request{trigger: streams.TriggerSchedule,
			slot: last.Slot}); a.Answer != streams.TrainingBusy {
			t.Errorf("the same minute again: %+v", a)
		}
	}
}

// A trainer that is gone without a word is followed by another one once its lease
// has ended; three times, then the cycle is given up.
func TestCycleOfADeadTrainerIsRepeated(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.champion()
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	started := make(chan Job, 10)
	stuck := func(ctx context.Context, job Job, _ teller) (cycle.Event, error) {
		started <- job
		<-hang // as a stopped process: not even the end of ctx moves it
		return cycle.Event{}, errors.New("too late")
	}
	var first string
	for attempt := 1; attempt <= maxAttempts; attempt++ {
		server := s.server.Connect()
		w := s.dead(server, stuck)
		if attempt == 1 {
			first = s.request(``).Cycle
		}
		if job := <-started; job.Cycle != first {
			t.Fatalf("attempt %d is of cycle %s, not %s", attempt, job.Cycle, first)
		}
		if e := s.entry(); e.State != StateRunning || e.Attempt != attempt {
			t.Errorf("%+v", e)
		}
		w() // its connection is cut
	}
	w := s.work(quick(), stuck)
	eventually(t, "the cycle is given up", func() bool { return s.entry().State == StateFailed })
	if kinds, all := s.events(); kinds[len(kinds)-1] != streams.EventTrainingFailed ||
		!slices.Contains(kinds, streams.EventTrainingStarted) {
		t.Errorf("%v %+v", kinds, all)
	}
	if got := value(w.metrics.runs.WithLabelValues(outcomeFailed)); got != 1 {
		t.Errorf("%v failed", got)
	}
}

// dead starts a service whose process can be cut off.
func (s *shop) dead(conn *bus.Conn, run RunFunc) (cut func()) {
	s.t.Helper()
	cfg := quick()
	cfg.LeaseTTL = time.Second
	svc, err := New(cfg, Deps{Conn: conn, Registry: s.models, Run: run,
		Metrics: prometheus.NewRegistry(), Log: zerolog.Nop()})
	if err == nil {
		err = svc.Start(s.t.Context())
	}
	if err != nil {
		s.t.Fatal(err)
	}
	go func() { _ = svc.Run(context.Background()) }()
	return conn.Close
}

// A trainer that was only slow finds that its cycle has gone, and writes nothing.
func TestCycleThatWasTakenOverStops(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.champion()
	ended := make(chan error, 1)
	w := s.work(quick(), func(ctx context.Context, job Job, _ teller) (cycle.Event, error) {
		// Another one takes the lease: what a pause of the whole process leads to.
		bucket, err := s.conn.OpenBucket(ctx, topology.Training)
		if err != nil {
			return cycle.Event{}, err
		}
		for {
			_, rev, _, err := bucket.Get(ctx, topology.TrainingLease)
			if err != nil {
				return cycle.Event{}, err
			}
			if _, err := bucket.Update(ctx, topology.TrainingLease,
				[]byte(`{"holder":"other","ttl_ms":60000}`), rev); err == nil {
				break
			}
		}
		err = job.Holds(ctx)
		<-ctx.Done()
		ended <- err
		return cycle.Event{}, ctx.Err()
	})
	s.request(``)
	if err := <-ended; !errors.Is(err, errLost) {
		t.Errorf("before the registry is written to: %v", err)
	}
	eventually(t, "it is told",
		func() bool { return value(w.metrics.runs.WithLabelValues(outcomeInterrupted)) == 1 })
	if e := s.entry(); e.State != StateRunning {
		t.Errorf("the job store belongs to the other one: %+v", e)
	}
}

// A stop is no failure: the cycle is begun again by the next trainer at once.
func TestStopPutsTheCycleBack(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.champion()
	started := make(chan Job, 1)
	cfg := quick()
	cfg.LeaseTTL = 2 * time.Minute // nobody waits for its end
	w := s.work(cfg, func(ctx context.Context, job Job, _ teller) (cycle.Event, error) {
		started <- job
		<-ctx.Done()
		return cycle.Event{}, ctx.Err()
	})
	cycle := s.request(``).Cycle
	<-started
	w.stop()
	if e := s.entry(); e.State != StateAsked || e.Attempt != 0 {
		t.Errorf("%+v", e)
	}
	jobs := make(chan Job, 1)
	s.work(cfg, done(jobs))
	select {
	case job := <-jobs:
		if job.Cycle != cycle {
			t.Errorf("%+v", job)
		}
	case <-time.After(cfg.LeaseTTL / 2):
		t.Error("not begun again: the lease was not given back")
	}
}
