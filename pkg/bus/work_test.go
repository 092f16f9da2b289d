package bus_test

import (
	"errors"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
)

func TestWorkIsHandedOutUntilItIsDone(t *testing.T) {
	t.Parallel()
	s := bustest.Start(t)
	c := s.Connect()
	makeStream(t, c, "FORECASTS", "forecasts.*.*")
	fill(t, c, "FORECASTS", "forecasts.a.b", "x", 25)
	open := func() *bus.Work {
		w, err := c.OpenWork(patient(t), "FORECASTS", "recorder")
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	fetch := func(w *bus.Work, want, first int) bus.Batch {
		t.Helper()
		batch, err := w.Fetch(patient(t), 10, 5*time.Second)
		if err != nil || len(batch.Messages) != want || batch.Messages[0].Seq != uint64(first) || batch.Messages[0].ID == "" {
			t.Fatalf("batch %+v, error %v", batch.Messages, err)
		}
		return batch
	}
	ack := func(b bus.Batch) {
		t.Helper()
		if err := b.Ack(patient(t)); err != nil {
			t.Fatal(err)
		}
	}
	w := open()
	fetch(w, 10, 1)
	ack(fetch(w, 10, 1)) // it was not acknowledged: the same again
	ack(fetch(w, 10, 11))
	s.Restart()
	waitReady(t, c, "FORECASTS")
	w = open() // after a restart of both
	start := time.Now()
	last, err := w.Fetch(patient(t), 10, 300*time.Millisecond)
	if err != nil || len(last.Messages) != 5 || last.Messages[0].Seq != 21 || time.Since(start) > 5*time.Second {
		t.Fatalf("batch %+v, error %v", last.Messages, err)
	}
	ack(last)
	if none, err := w.Fetch(patient(t), 10, 100*time.Millisecond); err != nil || len(none.Messages) != 0 {
		t.Fatalf("batch %+v, error %v", none.Messages, err)
	} else if err := none.Ack(patient(t)); err != nil {
		t.Fatal(err)
	}
}

func TestWorkOfSomeSubjects(t *testing.T) {
	t.Parallel()
	c := bustest.Start(t).Connect()
	makeStream(t, c, "EVENTS", "events.>")
	fill(t, c, "EVENTS", "events.drift", "d", 2)
	fill(t, c, "EVENTS", "events.model.promoted", "p", 3)
	w, err := c.OpenWork(patient(t), "EVENTS", "watcher", "events.model.*")
	if err != nil {
		t.Fatal(err)
	}
	batch, err := w.Fetch(patient(t), 10, 300*time.Millisecond)
	if err != nil || len(batch.Messages) != 3 || batch.Messages[0].Seq != 3 {
		t.Fatalf("batch %+v, error %v", batch.Messages, err)
	}
	if _, err := c.OpenWork(patient(t), "NONE", "watcher"); !errors.Is(err, bus.ErrNoStream) {
		t.Fatalf("error %v", err)
	}
}
