package trainer

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loadtide/loadtide/services/trainer/cycle"
	"github.com/loadtide/loadtide/streams"
)

// scheduled starts two trainers of one schedule, whose clocks stand at 02:09:30 and two seconds
// before.
func (s *shop) scheduled(schedule string, run RunFunc) (hands [2]*hand, workers [2]*worker) {
	at := time.Date(2026, 1, 31, 2, 9, 30, 0, time.Local)
	cfg := quick()
	cfg.Schedule = schedule
	for i := range hands {
		hands[i] = newHand(s.t, cfg, at.Add(-time.Duration(i)*2*time.Second))
		workers[i] = s.work(cfg, run, hands[i].deps)
	}
	return hands, workers
}

// turnAll turns all clocks.
func turnAll(hands [2]*hand, by time.Duration) {
	for _, h := range hands {
		h.t.Helper()
		h.turn(by)
	}
}

// answered is how often a schedule's minute had an answer, over all trainers.
func answered(workers [2]*worker, answer string) (n float64) {
	for _, w := range workers {
		n += value(w.metrics.requests.WithLabelValues(streams.TriggerSchedule, answer))
	}
	return n
}

// A cycle begins at its minute, once for all trainers, and no other while it lasts.
func TestScheduleStartsOneCycle(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.champion()
	jobs, free := make(chan Job, 10), make(chan struct{})
	var runs atomic.Int32
	hands, workers := s.scheduled("10 2 * * *",
		func(_ context.Context, job Job, _ teller) (cycle.Event, error) {
			runs.Add(1)
			jobs <- job
			<-free
			return promoted(), nil
		})
	turnAll(hands, 29*time.Second)
	for _, h := range hands {
		h.rest()
	}
	if n := runs.Load(); n != 0 || answered(workers, streams.TrainingAccepted) != 0 {
		t.Fatalf("%d cycles before the minute", n)
	}
	turnAll(hands, 3*time.Second) // the first clock is past the minute, the other stands at it
	first := <-jobs
	eventually(t, "both trainers' minutes are answered", func() bool {
		return answered(workers, streams.TrainingAccepted) == 1 &&
			answered(workers, streams.TrainingBusy) == 1
	})
	slot := time.Date(2026, 1, 31, 2, 10, 0, 0, time.Local).Unix()
	if e := s.entry(); first.Trigger != streams.TriggerSchedule || e.Slot != slot ||
		e.Cycle != first.Cycle {
		t.Errorf("job %+v of %+v, want the minute %d", first, e, slot)
	}

	turnAll(hands, 24*time.Hour) // the next day the cycle still runs
	eventually(t, "the next minute is answered",
		func() bool { return answered(workers, streams.TrainingBusy) == 3 })
	if n := runs.Load(); n != 1 || s.entry().Cycle != first.Cycle {
		t.Errorf("%d cycles; the one under way is %s, it was %s", n, s.entry().Cycle, first.Cycle)
	}
	free <- struct{}{}
	eventually(t, "it is done", func() bool { return s.entry().State == StateDone })

	turnAll(hands, 24*time.Hour)
	if third := <-jobs; third.Cycle == first.Cycle || s.entry().Slot != slot+2*24*3600 {
		t.Errorf("%+v, %+v", third, s.entry())
	}
	// The other trainer answers its minute when it comes to it, also while the cycle runs.
	eventually(t, "both trainers' minutes are answered", func() bool {
		return answered(workers, streams.TrainingAccepted) == 2 &&
			answered(workers, streams.TrainingBusy) == 4
	})
	free <- struct{}{}
	eventually(t, "it is done", func() bool { return s.entry().State == StateDone })
	if n := runs.Load(); n != 2 || answered(workers, streams.TrainingAccepted) != 2 ||
		answered(workers, streams.TrainingBusy) != 4 {
		t.Errorf("%d cycles, %v accepted, %v busy", n, answered(workers, streams.TrainingAccepted),
			answered(workers, streams.TrainingBusy))
	}
}

// Without a schedule nothing begins by itself, whatever the clock says.
func TestScheduleOff(t *testing.T) {
	t.Parallel()
	s := newShop(t) // without a champion: a first training would be due
	jobs := make(chan Job, 10)
	hands, workers := s.scheduled(ScheduleOff, done(jobs))
	turnAll(hands, 400*24*time.Hour)
	if a := s.request(``); a.Answer != streams.TrainingAccepted {
		t.Errorf("on request: %+v", a)
	}
	if job := <-jobs; job.Trigger != streams.TriggerRequest {
		t.Errorf("%+v", job)
	}
	eventually(t, "it is done", func() bool { return s.entry().State == StateDone })
	for _, h := range hands {
		h.looks(5)
	}
	if e := s.entry(); e.Trigger != streams.TriggerRequest ||
		answered(workers, streams.TrainingAccepted) != 0 || len(jobs) != 0 {
		t.Errorf("%+v", e)
	}
}

// TestSchedules names what is a schedule, which New holds a service to.
func TestSchedules(t *testing.T) {
	t.Parallel()
	for schedule, ok := range map[string]bool{
		"10 2 * * *": true, "off": true, "*/5 * * * *": true, "0 3 * * mon,thu": true,
		"": false, "daily": false, "61 * * * *": false, "* * * * * *": false, "10 2 * *": false,
		"0 0 30 13 *": false, "10 2 * * * ; rm": false,
	} {
		cfg := quick()
		cfg.Schedule = schedule
		for what, err := range map[string]error{"flag": ValidSchedule(schedule),
			"service": cfg.Validate()} {
			if (err == nil) != ok || err != nil &&
				!(strings.Contains(err.Error(), "--train-schedule") &&
					strings.Contains(err.Error(), "five cron fields")) {
				t.Errorf("%s %q: %v", what, schedule, err)
			}
		}
	}
}
