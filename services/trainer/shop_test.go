package trainer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/registry/registrytest"
	"github.com/loadtide/loadtide/services/trainer/cycle"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// teller takes the events of a cycle.
type teller = func(cycle.Event)

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

func local(t testing.TB) *registry.Local {
	t.Helper()
	reg, err := registry.NewLocal(filepath.Join(t.TempDir(), "registry"))
	if err != nil {
		t.Fatal(err)
	}
	return reg
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

// quick is a configuration for tests: it looks often, and the schedule is months away.
func quick() Config {
	cfg := DefaultConfig()
	cfg.Schedule = fmt.Sprintf("0 0 1 %d *", (time.Now().Month()+5)%12+1)
	cfg.Poll, cfg.Watch = 20*time.Millisecond, 20*time.Millisecond
	return cfg
}

// worker is a service under way.
type worker struct {
	*Service
	conn *bus.Conn
	stop func() // ends it and waits
}

// work starts a service of its own connection.
func (s *shop) work(cfg Config, run RunFunc, edit ...func(*Deps)) *worker {
	s.t.Helper()
	conn := s.server.Connect()
	deps := Deps{Conn: conn, Registry: s.models, Run: run, Metrics: prometheus.NewRegistry(),
		Log: zerolog.Nop()}
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

// entry is what the job store holds.
func (s *shop) entry() Entry {
	s.t.Helper()
	bucket, err := s.conn.OpenBucket(s.t.Context(), topology.Training)
	if err != nil {
		s.t.Fatal(err)
	}
	e, _, err := jobStore{bucket}.read(s.t.Context())
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
	log, err := s.conn.OpenReader(s.t.Context(),
		bus.ReaderConfig{Stream: topology.Events, From: state.FirstSeq})
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
func promoted() cycle.Event {
	return cycle.Event{Kind: cycle.Done, Model: "load-1h", Version: "7",
		Digest: registrytest.Digest("w"), Champion: true, Why: "better by 3 %"}
}

// done runs cycles that end at once.
func done(jobs chan<- Job) RunFunc {
	return func(_ context.Context, job Job, tell teller) (cycle.Event, error) {
		for i := range 20 {
			tell(cycle.Event{Kind: cycle.Progress, Iteration: i + 1, Iterations: 20, Loss: 0.5,
				Valid: 0.25})
		}
		jobs <- job
		return promoted(), nil
	}
}
