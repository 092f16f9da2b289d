package trainer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/trainer/cycle"
	"github.com/loadtide/loadtide/streams"
)

// Without a champion a first training is asked for by itself; where it fails it is
// not tried again at once.
func TestFirstTraining(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	jobs := make(chan Job, 10)
	cfg := quick()
	cfg.QuickFirst, cfg.Follow = true, true
	awaited := make(chan struct{})
	s.work(cfg, func(ctx context.Context, job Job, tell func(cycle.Event)) (cycle.Event, error) {
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
	w := s.work(quick(), func(context.Context, Job, func(cycle.Event)) (cycle.Event, error) {
		runs.Add(1)
		return cycle.Event{}, errors.New("the data spans 3 days")
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
}

var errAway = errors.New("connection refused")

func (f *flaky) ByAlias(ctx context.Context, name, alias string) (registry.Version, error) {
	f.calls.Add(1)
	if f.down.Load() {
		return registry.Version{}, errAway
	}
	return f.Registry.ByAlias(ctx, name, alias)
}
