package trainer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/registry/registrytest"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/trainer/cycle"
	"github.com/loadtide/loadtide/streams"
)

// Without a champion the trainer asks for a first training as soon as there is enough history.
func TestFirstTraining(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	jobs := make(chan Job, 10)
	cfg := quick()
	cfg.QuickFirst, cfg.Follow = true, true
	var enough atomic.Bool
	h := newHand(t, cfg, time.Now())
	s.work(cfg, func(ctx context.Context, job Job, tell teller) (cycle.Event, error) {
		s.champion()
		return done(jobs)(ctx, job, tell)
	}, h.deps, func(d *Deps) {
		d.Enough = func(_ context.Context, model string) bool {
			return enough.Load() && model == "load-1h"
		}
	})
	if h.looks(20); len(jobs) != 0 {
		t.Fatalf("nothing was waited for: %+v", <-jobs)
	}
	enough.Store(true)
	h.turn(cfg.Watch)
	if job := <-jobs; job.Trigger != streams.TriggerFirst || !job.Quick {
		t.Errorf("%+v", job)
	}
	if job := <-jobs; job.Trigger != streams.TriggerFollow || job.Quick {
		t.Errorf("%+v", job)
	}
}

// A first training that failed is tried again after a pause, not at once.
func TestFailedFirstTrainingWaits(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var runs atomic.Int32
	h := newHand(t, quick(), time.Now())
	w := s.work(quick(), func(context.Context, Job, func(cycle.Event)) (cycle.Event, error) {
		runs.Add(1)
		return cycle.Event{}, errors.New("the data spans 3 days")
	}, h.deps)
	eventually(t, "it failed", func() bool { return s.entry().State == StateFailed })
	if h.looks(20); runs.Load() != 1 {
		t.Errorf("%d tries", runs.Load())
	}
	if e := s.entry(); e.Text != "the data spans 3 days" ||
		value(w.metrics.runs.WithLabelValues(outcomeFailed)) != 1 {
		t.Errorf("%+v", e)
	}
	if kinds, _ := s.events(); !slices.Equal(kinds,
		[]string{streams.EventTrainingStarted, streams.EventTrainingFailed}) {
		t.Errorf("%v", kinds)
	}
	h.turn(firstBackoff.Least)
	eventually(t, "it is tried again", func() bool { return runs.Load() == 2 })
}

func TestOffTrainsOnRequestAlone(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	jobs := make(chan Job, 10)
	cfg := quick()
	cfg.Schedule = ScheduleOff
	h := newHand(t, cfg, time.Now())
	s.work(cfg, done(jobs), h.deps)
	s.drift("north.m1")
	if h.looks(20); len(jobs) != 0 {
		t.Fatalf("%+v", <-jobs)
	}
	s.request(``)
	if job := <-jobs; job.Trigger != streams.TriggerRequest {
		t.Errorf("%+v", job)
	}
}

func (s *shop) drift(series string) {
	s.t.Helper()
	e := streams.Event{Type: streams.EventDrift, Time: time.Now(), Series: series,
		Text: "80 % band held 61 %"}
	if _, err := s.conn.Publish(s.t.Context(), streams.EventSubject(e.Type), e.AppendJSON(nil),
		""); err != nil {
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
	jobs := make(chan Job, 10)
	var hands [2]*hand
	var workers [2]*worker
	for i := range hands {
		hands[i] = newHand(t, quick(), time.Now())
		workers[i] = s.work(quick(), done(jobs), hands[i].deps)
	}
	looks := func(times int) {
		for _, h := range hands {
			h.looks(times)
		}
	}
	if looks(10); len(jobs) != 0 {
		t.Fatalf("a cycle for what was told before: %+v", <-jobs)
	}
	// The broker stamps events by this machine's clock.
	later := func() {
		eventually(t, "this machine's clock is past those of the trainers", func() bool {
			return time.Now().After(hands[0].clock.Now()) && time.Now().After(hands[1].clock.Now())
		})
	}
	later()
	for i := range 5 {
		s.drift(fmt.Sprintf("north.m%d", i))
	}
	turnAll(hands, quick().Watch)
	if job := <-jobs; job.Trigger != streams.TriggerDrift {
		t.Errorf("%+v", job)
	}
	later()
	s.drift("north.m9")
	if looks(20); len(jobs) != 0 {
		t.Errorf("%d more cycles: %+v", len(jobs), <-jobs)
	}
	accepted := 0.
	for _, w := range workers {
		accepted += value(w.metrics.requests.WithLabelValues(streams.TriggerDrift,
			streams.TrainingAccepted))
	}
	if e := s.entry(); accepted != 1 || e.Reason == "" || e.DriftSeq == 0 {
		t.Errorf("%v accepted: %+v", accepted, e)
	}
	turnAll(hands, quick().DriftPause)
	if job := <-jobs; job.Trigger != streams.TriggerDrift {
		t.Errorf("after the pause: %+v", job)
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
	w := s.work(quick(), done(make(chan Job, 1)),
		func(d *Deps) { d.Registry, d.Ready = away, health.Part("trainer") })
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

// A first model that the gate refused, because the base model is better, is not followed by another
// quick training, but by the schedule; a day later there may be more to learn from.
func TestRefusedFirstTrainingWaits(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var runs atomic.Int32
	h := newHand(t, quick(), time.Now())
	s.work(quick(), func(ctx context.Context, job Job, tell teller) (cycle.Event, error) {
		folder := registrytest.Folder(t, fmt.Sprint("weights ", runs.Add(1)))
		tags := filepath.Join(folder, "tags.json")
		if err := os.WriteFile(tags, []byte(`{"loadtide.gate":"refused"}`), 0o600); err != nil {
			return cycle.Event{}, err
		}
		_, err := s.models.Register(ctx, job.Model, folder)
		return cycle.Event{Kind: cycle.Done, Model: job.Model}, err
	}, h.deps)
	eventually(t, "it is refused", func() bool { return s.entry().State == StateDone })
	for range 5 {
		h.turn(firstBackoff.Most)
		h.looks(5)
	}
	if runs.Load() != 1 {
		t.Errorf("%d trainings within hours", runs.Load())
	}
	h.turn(24 * time.Hour)
	eventually(t, "it is tried again", func() bool { return runs.Load() == 2 })
}
