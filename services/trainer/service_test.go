package trainer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/registry/registrytest"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// shop is a NATS server with the streams, and a registry.
type shop struct {
	t      *testing.T
	server *bustest.Server
	conn   *bus.Conn
	models *registry.Local
}

func newShop(t *testing.T) *shop {
	t.Helper()
	server := bustest.Start(t)
	cfg := topology.DefaultConfig()
	conn := server.Connect()
	if _, err := topology.Ensure(t.Context(), conn.JetStream(), cfg, nil); err != nil {
		t.Fatal(err)
	}
	return &shop{t: t, server: server, conn: conn, models: local(t)}
}

// champion gives the registry a first version.
func (s *shop) champion() {
	s.t.Helper()
	v, err := s.models.Register(s.t.Context(), "load-1h", registrytest.Folder(s.t, "weights"))
	if err == nil {
		err = s.models.SetAlias(s.t.Context(), "load-1h", registry.Champion, v.Version)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// quick is a configuration for tests: nothing by the clock, looks often.
func quick() ServiceConfig {
	cfg := DefaultServiceConfig()
	cfg.Schedule, cfg.Poll, cfg.Watch, cfg.LeaseTTL = "0 0 1 1 *", 20*time.Millisecond, 20*time.Millisecond, time.Second
	return cfg
}

// worker is a service under way.
type worker struct {
	*Service
	conn *bus.Conn
	stop func() // ends it and waits
}

// work starts a service of its own connection.
func (s *shop) work(cfg ServiceConfig, run RunFunc, edit ...func(*Deps)) *worker {
	s.t.Helper()
	conn := s.server.Connect()
	deps := Deps{Conn: conn, Registry: s.models, Run: run, Metrics: prometheus.NewRegistry(), Log: zerolog.Nop(), Now: time.Now}
	for _, e := range edit {
		e(&deps)
	}
	svc, err := New(cfg, deps)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := svc.Start(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- svc.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, bus.ErrClosed) {
			s.t.Errorf("service: %v", err)
		}
	})
	s.t.Cleanup(stop)
	return &worker{svc, conn, stop}
}

// value is that of a counter or gauge.
func value(m prometheus.Metric) float64 {
	var d dto.Metric
	if err := m.Write(&d); err != nil {
		panic(err)
	}
	if d.Counter != nil {
		return d.Counter.GetValue()
	}
	return d.Gauge.GetValue()
}

// eventually asks until the answer is yes.
func eventually(t *testing.T, what string, ask func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ask(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

// request asks for a cycle; nobody serving yet is waited for.
func (s *shop) request(payload string) streams.TrainingAnswer {
	s.t.Helper()
	var a streams.TrainingAnswer
	eventually(s.t, "an answer to a request", func() bool {
		m, err := s.conn.Request(s.t.Context(), streams.TrainingSubject, []byte(payload))
		if errors.Is(err, bus.ErrNoServer) {
			return false
		}
		if err == nil {
			a, err = streams.DecodeTrainingAnswer(m.Data)
		}
		if err != nil {
			s.t.Fatal(err)
		}
		return true
	})
	return a
}

// entry is what the book holds.
func (s *shop) entry() Entry {
	s.t.Helper()
	bucket, err := s.conn.OpenBucket(s.t.Context(), topology.Training)
	if err != nil {
		s.t.Fatal(err)
	}
	e, _, err := book{bucket}.read(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

// events are the types on EVENTS in order, with the events.
func (s *shop) events() (kinds []string, all []streams.Event) {
	s.t.Helper()
	state, err := s.conn.StreamState(s.t.Context(), topology.Events)
	if err != nil || state.Messages == 0 {
		return nil, nil
	}
	log, err := s.conn.OpenLog(s.t.Context(), bus.LogConfig{Stream: topology.Events, From: state.FirstSeq})
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	var msgs []bus.Message
	for uint64(len(msgs)) < state.Messages {
		if msgs, err = log.Next(s.t.Context(), msgs, 100); err != nil {
			s.t.Fatal(err)
		}
	}
	for _, m := range msgs {
		e, err := streams.DecodeEvent(m.Data)
		if err != nil || m.Subject != streams.EventSubject(e.Type) {
			s.t.Fatalf("%s: %v", m.Data, err)
		}
		kinds, all = append(kinds, e.Type), append(all, e)
	}
	return kinds, all
}

// promoted is the outcome of a cycle that went well.
func promoted() Told {
	return Told{Event: Done, Model: "load-1h", Version: "7", Digest: registrytest.Digest("w"), Champion: true, Why: "better by 3 %"}
}

// done runs cycles that end at once.
func done(jobs chan<- Job) RunFunc {
	return func(_ context.Context, job Job, tell func(Told)) (Told, error) {
		for i := range 20 {
			tell(Told{Event: Progress, Iteration: i + 1, Iterations: 20, Loss: 0.5, Valid: 0.25})
		}
		jobs <- job
		return promoted(), nil
	}
}

func TestCycleOnRequest(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.champion()
	jobs, free := make(chan Job, 10), make(chan struct{})
	w := s.work(quick(), func(ctx context.Context, job Job, tell func(Told)) (Told, error) {
		<-free
		return done(jobs)(ctx, job, tell)
	})
	if a := s.request(`{"start":"sideways"}`); a.Answer != streams.TrainingRefused || a.Cycle != "" {
		t.Errorf("nonsense: %+v", a)
	}
	first := s.request(`{"start":"champion","reason":"new meters"}`)
	if first.Answer != streams.TrainingAccepted || first.Cycle == "" {
		t.Fatalf("%+v", first)
	}
	if a := s.request(``); a.Answer != streams.TrainingBusy || a.Cycle != first.Cycle {
		t.Errorf("while one is under way: %+v", a)
	}
	close(free)
	if job := <-jobs; job.Cycle != first.Cycle || job.Start != StartChampion || job.Trigger != streams.TriggerRequest || job.Quick || job.Holds(t.Context()) != nil {
		t.Errorf("%+v", job)
	}
	eventually(t, "the cycle is done", func() bool { return s.entry().State == StateDone })
	if e := s.entry(); e.Attempt != 1 || e.Reason != "new meters" || e.Text != "load-1h v7 is champion: better by 3 %" || e.Ended.IsZero() {
		t.Errorf("%+v", e)
	}
	kinds, all := s.events()
	want := slices.Concat([]string{streams.EventTrainingStarted}, slices.Repeat([]string{streams.EventTrainingProgress}, 10), []string{streams.EventTrainingFinished})
	if !slices.Equal(kinds, want) || all[1].Training.Iteration != 2 || all[1].Training.Valid != 0.25 || all[11].Model == nil || all[11].Training.Cycle != first.Cycle {
		t.Errorf("events %v\n%+v", kinds, all)
	}
	m := w.metrics
	for what, got := range map[string]float64{
		"promoted": value(m.runs.WithLabelValues(outcomePromoted)), "accepted": value(m.requests.WithLabelValues(streams.TriggerRequest, streams.TrainingAccepted)),
		"busy": value(m.requests.WithLabelValues(streams.TriggerRequest, streams.TrainingBusy)), "refused": value(m.requests.WithLabelValues(streams.TriggerRequest, streams.TrainingRefused)),
		"progress": value(m.progress), "registry": value(m.registryUp), "not running": 1 - value(m.running),
	} {
		if got != 1 {
			t.Errorf("metric %s: %v", what, got)
		}
	}
	if second := s.request(``); second.Answer != streams.TrainingAccepted || second.Cycle == first.Cycle || (<-jobs).Start != StartScratch {
		t.Errorf("the next: %+v", second)
	}
}

// Three trainers with one schedule, many wishes: cycles never overlap, each runs
// once.
func TestOneCycleAtATime(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.champion()
	var under, runs atomic.Int32
	run := func(context.Context, Job, func(Told)) (Told, error) {
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
			if a := w.want(t.Context(), wish{trigger: streams.TriggerSchedule, slot: 1_800_000_000 + int64(accepted)}); a.Answer == streams.TrainingAccepted {
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
		if a := w.want(t.Context(), wish{trigger: streams.TriggerSchedule, slot: last.Slot}); a.Answer != streams.TrainingBusy {
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
	stuck := func(ctx context.Context, job Job, _ func(Told)) (Told, error) {
		started <- job
		<-hang // as a stopped process: not even the end of ctx moves it
		return Told{}, errors.New("too late")
	}
	var first string
	for attempt := 1; attempt <= mostAttempts; attempt++ {
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
	if kinds, all := s.events(); kinds[len(kinds)-1] != streams.EventTrainingFailed || !slices.Contains(kinds, streams.EventTrainingStarted) {
		t.Errorf("%v %+v", kinds, all)
	}
	if got := value(w.metrics.runs.WithLabelValues(outcomeFailed)); got != 1 {
		t.Errorf("%v failed", got)
	}
}

// dead starts a service whose process can be cut off.
func (s *shop) dead(conn *bus.Conn, run RunFunc) (cut func()) {
	s.t.Helper()
	svc, err := New(quick(), Deps{Conn: conn, Registry: s.models, Run: run, Metrics: prometheus.NewRegistry(), Log: zerolog.Nop(), Now: time.Now})
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
	w := s.work(quick(), func(ctx context.Context, job Job, _ func(Told)) (Told, error) {
		// Another one takes the lease: what a pause of the whole process leads to.
		bucket, err := s.conn.OpenBucket(ctx, topology.Training)
		if err != nil {
			return Told{}, err
		}
		for {
			_, rev, _, err := bucket.Get(ctx, topology.TrainingLease)
			if err != nil {
				return Told{}, err
			}
			if _, err := bucket.Update(ctx, topology.TrainingLease, []byte(`{"holder":"other","ttl_ms":60000}`), rev); err == nil {
				break
			}
		}
		err = job.Holds(ctx)
		<-ctx.Done()
		ended <- err
		return Told{}, ctx.Err()
	})
	s.request(``)
	if err := <-ended; !errors.Is(err, errLost) {
		t.Errorf("before the registry is written to: %v", err)
	}
	eventually(t, "it is told", func() bool { return value(w.metrics.runs.WithLabelValues(outcomeInterrupted)) == 1 })
	if e := s.entry(); e.State != StateRunning {
		t.Errorf("the book belongs to the other one: %+v", e)
	}
}

// A stop is no failure: the cycle is begun again by the next trainer at once.
func TestStopPutsTheCycleBack(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.champion()
	started := make(chan Job, 1)
	w := s.work(quick(), func(ctx context.Context, job Job, _ func(Told)) (Told, error) {
		started <- job
		<-ctx.Done()
		return Told{}, ctx.Err()
	})
	cycle := s.request(``).Cycle
	<-started
	w.stop()
	if e := s.entry(); e.State != StateAsked || e.Attempt != 0 {
		t.Errorf("%+v", e)
	}
	jobs, begun := make(chan Job, 1), time.Now()
	s.work(quick(), done(jobs))
	if job := <-jobs; job.Cycle != cycle {
		t.Errorf("%+v", job)
	}
	if took := time.Since(begun); took > quick().LeaseTTL {
		t.Errorf("begun again after %s: the lease was not given back", took)
	}
}

// Without a champion a first training is asked for by itself; where it fails it is
// not tried again at once.
func TestFirstTraining(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	jobs := make(chan Job, 10)
	cfg := quick()
	cfg.QuickFirst, cfg.Follow = true, true
	awaited := make(chan struct{})
	s.work(cfg, func(ctx context.Context, job Job, tell func(Told)) (Told, error) {
		s.champion()
		return done(jobs)(ctx, job, tell)
	}, func(d *Deps) {
		d.Await = func(ctx context.Context) bool {
			select {
			case <-awaited:
				return true
			case <-ctx.Done():
				return false
			}
		}
	})
	select {
	case job := <-jobs:
		t.Fatalf("nothing was waited for: %+v", job)
	case <-time.After(200 * time.Millisecond):
	}
	close(awaited)
	if job := <-jobs; job.Trigger != streams.TriggerFirst || !job.Quick {
		t.Errorf("%+v", job)
	}
	if job := <-jobs; job.Trigger != streams.TriggerFollow || job.Quick {
		t.Errorf("%+v", job)
	}
}

func TestFailedFirstTrainingWaits(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var runs atomic.Int32
	w := s.work(quick(), func(context.Context, Job, func(Told)) (Told, error) {
		runs.Add(1)
		return Told{}, errors.New("the data spans 3 days")
	})
	eventually(t, "it failed", func() bool { return s.entry().State == StateFailed })
	time.Sleep(20 * quick().Watch)
	if runs.Load() != 1 {
		t.Errorf("%d tries", runs.Load())
	}
	if e := s.entry(); e.Text != "the data spans 3 days" || value(w.metrics.runs.WithLabelValues(outcomeFailed)) != 1 {
		t.Errorf("%+v", e)
	}
	if kinds, _ := s.events(); !slices.Equal(kinds, []string{streams.EventTrainingStarted, streams.EventTrainingFailed}) {
		t.Errorf("%v", kinds)
	}
}

func TestOffTrainsOnRequestAlone(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	jobs := make(chan Job, 10)
	cfg := quick()
	cfg.Schedule = ScheduleOff
	s.work(cfg, done(jobs))
	s.drift("north.m1")
	select {
	case job := <-jobs:
		t.Fatalf("%+v", job)
	case <-time.After(20 * cfg.Watch):
	}
	s.request(``)
	if job := <-jobs; job.Trigger != streams.TriggerRequest {
		t.Errorf("%+v", job)
	}
}

func (s *shop) drift(series string) {
	s.t.Helper()
	e := streams.Event{Type: streams.EventDrift, Time: time.Now(), Series: series, Text: "80 % band held 61 %"}
	if _, err := s.conn.Publish(s.t.Context(), streams.EventSubject(e.Type), e.AppendJSON(nil), ""); err != nil {
		s.t.Fatal(err)
	}
}

// Drift starts a cycle; what was told before the trainer came, and what many
// series tell at once, starts no other.
func TestDriftStartsACycle(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.champion()
	s.drift("old.m1")
	time.Sleep(50 * time.Millisecond) // the broker's clock is this machine's
	jobs := make(chan Job, 10)
	w, other := s.work(quick(), done(jobs)), s.work(quick(), done(jobs))
	time.Sleep(10 * quick().Watch)
	for i := range 5 {
		s.drift(fmt.Sprintf("north.m%d", i))
	}
	if job := <-jobs; job.Trigger != streams.TriggerDrift {
		t.Errorf("%+v", job)
	}
	s.drift("north.m9")
	time.Sleep(20 * quick().Watch)
	if len(jobs) != 0 {
		t.Errorf("%d more cycles: %+v", len(jobs), <-jobs)
	}
	got := value(w.metrics.requests.WithLabelValues(streams.TriggerDrift, streams.TrainingAccepted)) +
		value(other.metrics.requests.WithLabelValues(streams.TriggerDrift, streams.TrainingAccepted))
	if e := s.entry(); got != 1 || e.Reason == "" || e.DriftSeq == 0 {
		t.Errorf("%v accepted: %+v", got, e)
	}
}

// The registry's state is that of /readyz and a metric; away means not ready, and
// nothing has to be done when it is back.
func TestRegistryAwayIsNotReady(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.champion()
	var health service.Health
	away := &flaky{Registry: s.models}
	w := s.work(quick(), done(make(chan Job, 1)), func(d *Deps) { d.Registry, d.Ready = away, health.Part("trainer") })
	eventually(t, "ready", func() bool { return len(health.NotReady()) == 0 })
	away.down.Store(true)
	eventually(t, "not ready", func() bool {
		waiting := health.NotReady()
		return len(waiting) == 1 && waiting[0] == "trainer: model registry: connection refused"
	})
	if value(w.metrics.registryUp) != 0 {
		t.Error("the metric says it is up")
	}
	away.down.Store(false)
	eventually(t, "ready again", func() bool { return len(health.NotReady()) == 0 })
}

// flaky is a registry that can be away.
type flaky struct {
	registry.Registry
	down  atomic.Bool
	calls atomic.Int32
	lose  atomic.Int32 // so many answers of Register are lost
}

var errAway = errors.New("connection refused")

func (f *flaky) ByAlias(ctx context.Context, name, alias string) (registry.Version, error) {
	f.calls.Add(1)
	if f.down.Load() {
		return registry.Version{}, errAway
	}
	return f.Registry.ByAlias(ctx, name, alias)
}

func (f *flaky) Register(ctx context.Context, name, dir string) (registry.Version, error) {
	v, err := f.Registry.Register(ctx, name, dir)
	if err == nil && f.lose.Add(-1) >= 0 {
		return registry.Version{}, errAway
	}
	return v, err
}

// NATS going away and coming back costs a trainer nothing.
func TestCycleOutlivesNATS(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.champion()
	started, free := make(chan Job, 1), make(chan struct{})
	s.work(quick(), func(_ context.Context, job Job, _ func(Told)) (Told, error) {
		started <- job
		<-free
		return promoted(), nil
	})
	s.request(``)
	<-started
	s.server.Stop()
	time.Sleep(2 * quick().LeaseTTL)
	close(free)
	s.server.Restart()
	eventually(t, "the cycle is done", func() bool {
		bucket, err := s.conn.OpenBucket(t.Context(), topology.Training)
		if err != nil {
			return false
		}
		e, _, err := book{bucket}.read(t.Context())
		return err == nil && e.State == StateDone && e.Attempt == 1
	})
}

func TestConfigOfTheService(t *testing.T) {
	t.Parallel()
	cfg := ServiceConfig{Schedule: "every day", Start: "sideways", LeaseTTL: time.Hour}
	err := cfg.Validate()
	for _, field := range []string{"--train-schedule", "trainer.model", "trainer.start", "trainer.lease-ttl", "trainer.poll", "trainer.watch"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("no %s in %v", field, err)
		}
	}
	if err := DefaultServiceConfig().Validate(); err != nil {
		t.Error(err)
	}
	if _, err := New(cfg, Deps{}); err == nil {
		t.Error("a service of nonsense")
	}
}
