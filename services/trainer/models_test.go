package trainer

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/registry/registrytest"
	"github.com/loadtide/loadtide/services/trainer/cycle"
	"github.com/loadtide/loadtide/streams"
)

// plenty knows which models have enough history.
type plenty struct {
	mu     sync.Mutex
	models []string
}

func (p *plenty) set(models ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.models = models
}

func (p *plenty) enough(_ context.Context, model string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.models, model)
}

// promoteOf gives a model its first champion.
func (s *shop) promoteOf(name string) {
	s.t.Helper()
	v, err := s.models.Register(s.t.Context(), name, registrytest.Folder(s.t, name))
	if err == nil {
		err = s.models.SetAlias(s.t.Context(), name, registry.Champion, v.Version)
	}
	if err != nil {
		s.t.Error(err)
	}
}

// Each model with enough history gets its first training and the thorough one after it; one that
// has no history gets none.
func TestFirstTrainingOfEachModel(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var have plenty
	jobs := make(chan Job, 10)
	cfg := quick()
	cfg.QuickFirst, cfg.Follow = true, true
	h := newHand(t, cfg, time.Now())
	s.work(cfg, func(ctx context.Context, job Job, tell teller) (cycle.Event, error) {
		if job.Trigger == streams.TriggerFirst {
			s.promoteOf(job.Model)
		}
		return done(jobs)(ctx, job, tell)
	}, h.deps, func(d *Deps) { d.Enough = have.enough })
	for _, model := range []string{"load-1h", "load-15m"} {
		have.set("load-1h", model)
		for range 7 { // a round of looks asks for every model
			if h.turn(cfg.Watch); len(jobs) > 0 {
				break
			}
		}
		for _, trigger := range []string{streams.TriggerFirst, streams.TriggerFollow} {
			if job := <-jobs; job.Model != model || job.Trigger != trigger {
				t.Errorf("%s of %s, want %s of %s", job.Trigger, job.Model, trigger, model)
			}
		}
	}
	if h.looks(20); len(jobs) != 0 {
		t.Errorf("one more: %+v", <-jobs)
	}
}

// A request that names no model trains all that have enough history, one after the other, the
// coarsest first; one that names a model trains this one. So does drift.
func TestCycleOfEachModel(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.promoteOf("load-1h")
	s.promoteOf("load-15m")
	var have plenty
	have.set("load-15m", "load-1h")
	jobs := make(chan Job, 10)
	s.work(quick(), done(jobs), func(d *Deps) { d.Enough = have.enough })
	want := func(what string, models ...string) {
		t.Helper()
		for _, model := range models {
			if job := <-jobs; job.Model != model {
				t.Errorf("%s: %s, want %s", what, job.Model, model)
			}
		}
		eventually(t, "all are done", func() bool { return s.entry().State == StateDone })
		if len(jobs) > 0 {
			t.Errorf("%s: one more: %+v", what, <-jobs)
		}
	}
	s.request(``)
	want("all", "load-1h", "load-15m")
	s.request(`{"model":"load-15m"}`)
	want("one", "load-15m")
	if a := s.request(`{"model":"mine"}`); a.Answer != streams.TrainingRefused {
		t.Errorf("another model: %+v", a)
	}
	e := streams.Event{
		Type: streams.EventDrift, Time: time.Now(), Model: &streams.Model{Name: "load-15m"}, Text: "worse",
	}
	_, err := s.conn.Publish(t.Context(), streams.EventSubject(e.Type), e.AppendJSON(nil), "")
	if err != nil {
		t.Fatal(err)
	}
	want("drift", "load-15m")
}
