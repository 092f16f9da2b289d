package bus_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
)

func TestPublisherSkipsDuplicatesAndKeepsTheOrder(t *testing.T) {
	t.Parallel()
	c := bustest.Start(t).Connect()
	makeStream(t, c, "FORECASTS", "forecasts.*.*")
	fill(t, c, "FORECASTS", "forecasts.a.b", "x", 1000)
	// nothing but duplicates, the first and last of the batch too
	fill(t, c, "FORECASTS", "forecasts.a.b", "x", 1000)
	p, err := c.OpenPublisher(patient(t), "FORECASTS")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	want := 1000
	for i := range 3000 { // duplicates among new ones, and in the same batch
		id := fmt.Sprintf("x%d", i%2000)
		if i >= 1000 && i < 2000 {
			want++
		}
		if err := p.Publish("forecasts.a.b", id, []byte(id)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Flush(patient(t)); err != nil {
		t.Fatal(err)
	}
	state, err := c.StreamState(patient(t), "FORECASTS")
	if err != nil || state.Messages != uint64(want) {
		t.Fatalf("%d messages are stored, want %d (%v)", state.Messages, want, err)
	}
	for i, m := range read(t, openReader(t, c, bus.ReaderConfig{Stream: "FORECASTS"}), want) {
		if m.ID != fmt.Sprintf("x%d", i) {
			t.Fatalf("message %d has id %s", i, m.ID)
		}
	}
}

func TestManyPublishersOnOneStream(t *testing.T) {
	t.Parallel()
	c := bustest.Start(t).Connect()
	makeStream(t, c, "FORECASTS", "forecasts.*.*")
	const publishers, each = 128, 200 // two owners of 64 partitions; every batch is open all the time
	var group sync.WaitGroup
	var opened sync.WaitGroup
	opened.Add(publishers)
	for i := range publishers {
		group.Go(func() {
			p, err := c.OpenPublisher(patient(t), "FORECASTS")
			if err != nil {
				opened.Done()
				t.Error(err)
				return
			}
			defer p.Close()
			for k := range each {
				if err := p.Publish(
					fmt.Sprintf("forecasts.p%d.m", i), fmt.Sprintf("%d.%d", i, k), []byte("x"),
				); err != nil {
					t.Error(err)
				}
				if k == 0 {
					opened.Done()
					opened.Wait()
				}
			}
			if err := p.Flush(patient(t)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	last := map[string]string{}
	for _, m := range read(
		t, openReader(t, c, bus.ReaderConfig{Stream: "FORECASTS"}), publishers*each,
	) {
		_, k, _ := strings.Cut(m.ID, ".")
		if want := fmt.Sprint(len(last[m.Subject])); k != want {
			t.Fatalf("%s: %s came where %s was due", m.Subject, k, want)
		}
		last[m.Subject] += "."
	}
}

func TestPublisherStopsAtAFailure(t *testing.T) {
	t.Parallel()
	c := bustest.Start(t).Connect()
	makeStream(t, c, "FORECASTS", "forecasts.*.*")
	p, err := c.OpenPublisher(patient(t), "FORECASTS")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var failed error
	for i := range 100 {
		data := []byte("x")
		if i == 10 {
			data = make([]byte, 200_000) // more than the stream takes
		}
		if failed = p.Publish("forecasts.a.b", fmt.Sprint(i), data); failed != nil {
			break
		}
	}
	if failed == nil {
		failed = p.Flush(patient(t))
	}
	var broken *bus.PublishError
	if !errors.As(failed, &broken) || broken.Stream != "FORECASTS" || broken.Stored != 0 {
		t.Fatalf("error %v", failed)
	}
	for name, again := range map[string]error{
		"publish": p.Publish("forecasts.a.b", "z", nil), "flush": p.Flush(patient(t)),
	} {
		if !errors.Is(again, error(broken)) {
			t.Fatalf("%s after the failure: %v", name, again)
		}
	}
	state, err := c.StreamState(patient(t), "FORECASTS")
	if err != nil || state.Messages != 10 {
		t.Fatalf("%d messages are stored, want the 10 before the failure (%v)", state.Messages, err)
	}
}

func TestPublisherFailsWhenTheServerRestarts(t *testing.T) {
	t.Parallel()
	s := bustest.Start(t)
	c := s.Connect()
	makeStream(t, c, "R0", "r.0.*.*")
	p, err := c.OpenPublisher(patient(t), "R0")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	publish := func(from, to int) (err error) {
		for i := from; i < to && err == nil; i++ {
			err = p.Publish("r.0.a.b", fmt.Sprint(i), []byte("x"))
		}
		return err
	}
	if err := errors.Join(publish(0, 100), p.Flush(patient(t)), publish(100, 150)); err != nil {
		t.Fatal(err)
	}
	s.Restart()
	waitReady(t, c, "R0")
	failed := publish(150, 200)
	if failed == nil {
		failed = p.Flush(patient(t))
	}
	var broken *bus.PublishError
	if !errors.As(failed, &broken) || broken.Stored != 100 {
		t.Fatalf("error %v", failed)
	}
	// Its owner goes back to what is stored and publishes the rest again.
	fillFrom, err := c.OpenPublisher(patient(t), "R0")
	if err != nil {
		t.Fatal(err)
	}
	defer fillFrom.Close()
	p = fillFrom
	if err := errors.Join(publish(90, 200), p.Flush(patient(t))); err != nil {
		t.Fatal(err)
	}
	for i, m := range read(t, openReader(t, c, bus.ReaderConfig{Stream: "R0"}), 200) {
		if m.ID != fmt.Sprint(i) {
			t.Fatalf("message %d has id %s", i, m.ID)
		}
	}
}

func TestPublisherRefusesWhatIsNotItsStream(t *testing.T) {
	t.Parallel()
	s := bustest.Start(t)
	c, err := bus.Connect(
		patient(t), bus.Config{URL: s.URL(), RequestTimeout: time.Second}, zerolog.Nop(),
	)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	makeStream(t, c, "FORECASTS", "forecasts.*.*")
	makeStream(t, c, "REJECTED", "rejected.*.*")
	for name, tc := range map[string]struct {
		subject string
		want    string
	}{
		"another stream": {"rejected.a.b", "stream REJECTED stored it"},
		"no stream":      {"nowhere.a.b", bus.ErrNoStream.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := c.OpenPublisher(patient(t), "FORECASTS")
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			err = p.Publish(tc.subject, "1", nil)
			if err == nil {
				err = p.Flush(patient(t))
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v", err)
			}
		})
	}
	if _, err := c.OpenPublisher(patient(t), "NONE"); !errors.Is(err, bus.ErrNoStream) {
		t.Fatalf("error %v", err)
	}
}

func TestPublisherAfterClose(t *testing.T) {
	t.Parallel()
	c := bustest.Start(t).Connect()
	makeStream(t, c, "FORECASTS", "forecasts.*.*")
	p, err := c.OpenPublisher(patient(t), "FORECASTS")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Flush(patient(t)); err != nil { // nothing to do
		t.Fatal(err)
	}
	if err := p.Publish("forecasts.a.b", "", []byte("x")); err != nil {
		t.Fatal(err)
	}
	p.Close()
	p.Close()
	if err := p.Publish("forecasts.a.b", "", nil); !errors.Is(err, bus.ErrClosed) {
		t.Fatalf("error %v", err)
	}
}
