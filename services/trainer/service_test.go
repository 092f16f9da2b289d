package trainer

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/services/trainer/cycle"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

func TestCycleOnRequest(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.champion()
	jobs, free := make(chan Job, 10), make(chan struct{})
	w := s.work(quick(), func(ctx context.Context, job Job, tell teller) (cycle.Event, error) {
		<-free
		return done(jobs)(ctx, job, tell)
	})
	if a := s.request(`{"start":"sideways"}`); a.Answer != streams.TrainingRefused ||
		a.Cycle != "" {
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
	if job := <-jobs; job.Cycle != first.Cycle || job.Start != cycle.StartChampion ||
		job.Trigger != streams.TriggerRequest || job.Quick || job.Holds(t.Context()) != nil {
		t.Errorf("%+v", job)
	}
	eventually(t, "the cycle is done", func() bool { return s.entry().State == StateDone })
	if e := s.entry(); e.Attempt != 1 || e.Reason != "new meters" ||
		e.Text != "load-1h v7 is champion: better by 3 %" || e.Ended.IsZero() {
		t.Errorf("%+v", e)
	}
	kinds, all := s.events()
	want := slices.Concat([]string{streams.EventTrainingStarted},
		slices.Repeat([]string{streams.EventTrainingProgress}, 10),
		[]string{streams.EventTrainingFinished})
	if !slices.Equal(kinds, want) || all[1].Training.Iteration != 2 ||
		all[1].Training.Valid != 0.25 || all[11].Model == nil ||
		all[11].Training.Cycle != first.Cycle {
		t.Errorf("events %v\n%+v", kinds, all)
	}
	m := w.metrics
	eventually(t, "nothing runs", func() bool { return value(m.running) == 0 })
	// apart from cycles
	eventually(t, "the registry was asked", func() bool { return value(m.registryUp) == 1 })
	for what, got := range map[string]float64{
		"promoted": value(m.runs.WithLabelValues(outcomePromoted)),
		"accepted": value(m.requests.WithLabelValues(streams.TriggerRequest,
			streams.TrainingAccepted)),
		"busy": value(m.requests.WithLabelValues(streams.TriggerRequest, streams.TrainingBusy)),
		"refused": value(m.requests.WithLabelValues(streams.TriggerRequest,
			streams.TrainingRefused)),
		"progress": value(m.progress),
	} {
		if got != 1 {
			t.Errorf("metric %s: %v", what, got)
		}
	}
	if second := s.request(``); second.Answer != streams.TrainingAccepted ||
		second.Cycle == first.Cycle || (<-jobs).Start != cycle.StartAuto {
		t.Errorf("the next: %+v", second)
	}
}

// NATS going away and coming back costs a trainer nothing.
func TestCycleOutlivesNATS(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.champion()
	started, free := make(chan Job, 1), make(chan struct{})
	cfg := quick()
	cfg.LeaseTTL = 300 * time.Millisecond
	w := s.work(cfg, func(_ context.Context, job Job, _ teller) (cycle.Event, error) {
		started <- job
		<-free
		return promoted(), nil
	})
	s.request(``)
	<-started
	s.server.Stop()
	eventually(t, "the lease has run out", func() bool { return w.lease.Left() == 0 })
	close(free)
	s.server.Restart()
	eventually(t, "the cycle is done", func() bool {
		bucket, err := s.conn.OpenBucket(t.Context(), topology.Training)
		if err != nil {
			return false
		}
		e, _, err := jobStore{bucket}.read(t.Context())
		return err == nil && e.State == StateDone && e.Attempt == 1
	})
}

func TestConfigOfTheService(t *testing.T) {
	t.Parallel()
	cfg := Config{Schedule: "every day", Start: "sideways", LeaseTTL: time.Hour}
	err := cfg.Validate()
	for _, field := range []string{"--train-schedule", "register", "start", "lease-ttl", "poll",
		"watch"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("no %s in %v", field, err)
		}
	}
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	if _, err := New(cfg, Deps{}); err == nil {
		t.Error("a service of nonsense")
	}
}
