package trainer

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/services/trainer/cycle"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// driftOf tells of drift of a model, or of a series where the model is empty.
func (s *shop) driftOf(model, series string) {
	s.t.Helper()
	e := streams.Event{
		Type: streams.EventDrift, Time: time.Now(), Series: series, Text: "80 % band held 61 %",
	}
	if model != "" {
		e.Model = &streams.Model{Name: model}
	}
	_, err := s.conn.Publish(s.t.Context(), streams.EventSubject(e.Type), e.AppendJSON(nil), "")
	if err != nil {
		s.t.Fatal(err)
	}
}

// past waits until the machine's clock, by which the broker stamps events, is past that of a hand.
func (h *hand) past() {
	h.t.Helper()
	eventually(h.t, "the machine's clock is past that of the trainer",
		func() bool { return time.Now().After(h.clock.Now()) })
}

// expect waits for a cycle of each model, in any order, and wants no more.
func expect(t *testing.T, what string, jobs <-chan Job, models ...string) {
	t.Helper()
	var got []string
	for range models {
		select {
		case job := <-jobs:
			got = append(got, job.Model)
		case <-time.After(30 * time.Second):
			t.Fatalf("%s: trained %v, want %v", what, got, models)
		}
	}
	if slices.Sort(got); !slices.Equal(got, models) {
		t.Errorf("%s: trained %v, want %v", what, got, models)
	}
}

// Drift of one interval trains the model of that interval, and a model waits for the pause of no
// other one. What came within a pause is answered after it, by another trainer too.
func TestDriftOfEachInterval(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.promoteOf("load-1h")
	s.promoteOf("load-15m")
	jobs := make(chan Job, 10)
	h := newHand(t, quick(), time.Now())
	w := s.work(quick(), done(jobs), h.deps)
	h.looks(8) // champions are known after a round of looks
	none := func(what string) {
		t.Helper()
		if h.looks(5); len(jobs) > 0 {
			t.Errorf("%s: %+v", what, <-jobs)
		}
		h.past()
	}
	none("nothing has drifted")
	s.driftOf("load-15m", "")
	h.turn(quick().Watch)
	expect(t, "quarter-hours", jobs, "load-15m")
	none("answered")
	s.driftOf("load-15m", "")
	none("in the pause of the quarter-hours")
	s.driftOf("load-1h", "")
	h.turn(quick().Watch)
	expect(t, "hours, in the pause of quarter-hours", jobs, "load-1h")
	none("still in the pause")
	h.rest()
	w.stop()
	next := newHand(t, quick(), h.clock.Now().Add(quick().DriftPause))
	s.work(quick(), done(jobs), next.deps)
	next.turn(quick().Watch)
	expect(t, "after the pause, by another trainer", jobs, "load-15m")
	if next.looks(5); len(jobs) > 0 {
		t.Errorf("one more: %+v", <-jobs)
	}
}

// Drift of a series trains the model that forecasts the series, as its owner says; where nobody
// says, all.
func TestDriftOfASeries(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.promoteOf("load-1h")
	s.promoteOf("load-30m")
	id := meter.ID{Site: "north", Meter: "m1"}
	partitions, err := topology.Partitions(t.Context(), s.conn.JetStream())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		subject := streams.QuerySubject(streams.Partition(id, partitions), streams.QuerySeries)
		served <- s.conn.Serve(ctx, subject, "owner", func(bus.Message) []byte {
			half := streams.Interval(30 * time.Minute)
			page := streams.SeriesPage{Schema: streams.Schema, Series: []streams.SeriesSummary{{
				Series: id.String(), Interval: half, Step: half, Serving: half, Kind: "power",
				Quality: "OK",
			}}}
			return page.AppendJSON(nil)
		})
	}()
	jobs := make(chan Job, 10)
	h := newHand(t, quick(), time.Now())
	s.work(quick(), done(jobs), h.deps)
	h.looks(8)
	h.past()
	eventually(t, "the owner answers", func() bool {
		query := streams.SeriesQuery{Series: id.String()}
		subject := streams.QuerySubject(streams.Partition(id, partitions), streams.QuerySeries)
		_, err := s.conn.Request(t.Context(), subject, query.AppendJSON(nil))
		return err == nil
	})
	s.driftOf("", id.String())
	h.turn(quick().Watch)
	expect(t, "half-hours", jobs, "load-30m")
	cancel()
	<-served
	h.rest()
	h.past()
	s.driftOf("", id.String())
	h.looks(2)
	expect(t, "hours, as nobody says whose the series is", jobs, "load-1h")
}

// A first model of each interval comes before the thorough cycle of any, and a trainer that takes
// over knows which thorough cycles are due.
func TestFirstModelsComeBeforeThoroughOnes(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var have plenty
	have.set("load-1h", "load-30m", "load-15m")
	jobs := make(chan Job, 10)
	cfg := quick()
	cfg.QuickFirst, cfg.Follow = true, true
	stopped := make(chan struct{})
	run := func(ctx context.Context, job Job, tell teller) (cycle.Event, error) {
		if job.Trigger == streams.TriggerFollow {
			select {
			case <-stopped:
			default:
				<-ctx.Done()
				return cycle.Event{}, ctx.Err()
			}
		} else {
			s.promoteOf(job.Model)
		}
		return done(jobs)(ctx, job, tell)
	}
	w := s.work(cfg, run, func(d *Deps) { d.Enough = have.enough })
	for range 3 {
		if job := <-jobs; job.Trigger != streams.TriggerFirst || !job.Quick {
			t.Errorf("%s of %s came before all had a first model", job.Trigger, job.Model)
		}
	}
	eventually(t, "a thorough cycle runs", func() bool {
		return s.entry().Trigger == streams.TriggerFollow && s.entry().State == StateRunning
	})
	w.stop()
	close(stopped)
	s.work(cfg, run, func(d *Deps) { d.Enough = have.enough })
	expect(t, "thorough ones, by another trainer", jobs, "load-15m", "load-1h", "load-30m")
	eventually(t, "all is done", func() bool {
		e := s.entry()
		return e.State == StateDone && len(e.Follow) == 0 && len(e.Then) == 0
	})
}

// An entry of release 0.1.0 has one mark for all models.
func TestEntryOfTheFirstRelease(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 1, 2, 10, 0, 0, time.UTC)
	old := Entry{Cycle: "A", State: StateDone, Asked: at, DriftSeq: 7, Drifted: at}
	want := Mark{Asked: at, Seq: 7, Drifted: at}
	if old.mark("load-1h") != want || old.mark("load-15m") != want {
		t.Errorf("%+v", old.mark("load-1h"))
	}
	now := at.Add(time.Hour)
	next := request{trigger: streams.TriggerSchedule, models: []string{"load-1h"}}.entry(old, now)
	if m := next.mark("load-1h"); m != (Mark{Asked: now, Seq: 7, Drifted: at}) {
		t.Errorf("%+v", m)
	}
}
