package bus_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
)

func TestConsumerReturnsABatchUntilItIsAcknowledged(t *testing.T) {
	t.Parallel()
	s := bustest.Start(t)
	c := s.Connect()
	makeStream(t, c, "FORECASTS", "forecasts.*.*")
	fill(t, c, "FORECASTS", "forecasts.a.b", "x", 25)
	open := func() *bus.Consumer {
		w, err := c.OpenConsumer(patient(t), "FORECASTS", "recorder")
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	fetch := func(w *bus.Consumer, want, first int) bus.Batch {
		t.Helper()
		batch, err := w.Fetch(patient(t), want, time.Minute)
		if err != nil || len(batch.Messages) != want || batch.Messages[0].Seq != uint64(first) ||
			batch.Messages[0].ID == "" {
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
	ack(fetch(w, 5, 21))
	if none, err := w.Fetch(patient(t), 10, time.Millisecond); err != nil || len(none.Messages) != 0 {
		t.Fatalf("batch %+v, error %v", none.Messages, err)
	} else if err := none.Ack(patient(t)); err != nil {
		t.Fatal(err)
	}
}

func TestConsumerOfSomeSubjects(t *testing.T) {
	t.Parallel()
	c := bustest.Start(t).Connect()
	makeStream(t, c, "EVENTS", "events.>")
	fill(t, c, "EVENTS", "events.drift", "d", 2)
	fill(t, c, "EVENTS", "events.model.promoted", "p", 3)
	w, err := c.OpenConsumer(patient(t), "EVENTS", "watcher", "events.model.*")
	if err != nil {
		t.Fatal(err)
	}
	batch, err := w.Fetch(patient(t), 3, time.Minute)
	if err != nil || len(batch.Messages) != 3 || batch.Messages[0].Seq != 3 {
		t.Fatalf("batch %+v, error %v", batch.Messages, err)
	}
	checkLeft(t, c, "EVENTS", "watcher", 3)
	if _, err := c.OpenConsumer(patient(t), "NONE", "watcher"); !errors.Is(err, bus.ErrNoStream) {
		t.Fatalf("error %v", err)
	}
}

// checkLeft fails unless so many messages are not acknowledged by a durable consumer.
func checkLeft(t *testing.T, c *bus.Conn, stream, durable string, want uint64) {
	t.Helper()
	if left, err := c.Unacknowledged(patient(t), stream, durable); left != want || err != nil {
		t.Fatalf("%d left, error %v; want %d", left, err, want)
	}
}

// TestConsumerOutlivesErasure: messages that an ended consumer had not acknowledged come again,
// except those that were erased since. The position shows how many messages retention removed
// meanwhile.
func TestConsumerOutlivesErasure(t *testing.T) {
	t.Parallel()
	c := bustest.Start(t).Connect()
	makeStream(t, c, "FORECASTS", "forecasts.*.*")
	fetch := func(w *bus.Consumer, want, first int, after uint64) bus.Batch {
		t.Helper()
		batch, err := w.Fetch(patient(t), want, time.Minute)
		if err != nil || len(batch.Messages) != want || batch.Messages[0].Seq != uint64(first) ||
			batch.After != after {
			t.Fatalf(
				"%d messages after %d, error %v; want %d from %d after %d",
				len(batch.Messages), batch.After, err, want, first, after,
			)
		}
		checkLeft(t, c, "FORECASTS", "recorder", uint64(want))
		return batch
	}
	open := func() *bus.Consumer {
		t.Helper()
		w, err := c.OpenConsumer(patient(t), "FORECASTS", "recorder")
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	fill(t, c, "FORECASTS", "forecasts.a.b", "x", 5)
	w := open()
	if err := fetch(w, 5, 1, 0).Ack(patient(t)); err != nil {
		t.Fatal(err)
	}
	fill(t, c, "FORECASTS", "forecasts.a.b", "y", 10)
	fill(t, c, "FORECASTS", "forecasts.a.gone", "z", 1)
	fill(t, c, "FORECASTS", "forecasts.a.b", "v", 4)
	fetch(w, 15, 6, 5) // in its hands, and there they stay
	if n, err := c.Purge(patient(t), "FORECASTS", "forecasts.a.gone", 0); n != 1 || err != nil {
		t.Fatalf("%d purged, error %v", n, err)
	}
	fetch(open(), 14, 6, 5)

	stream, err := c.JetStream().Stream(patient(t), "FORECASTS")
	if err != nil {
		t.Fatal(err)
	}
	short := stream.CachedInfo().Config
	short.MaxMsgs = 3
	if _, err := c.JetStream().UpdateStream(patient(t), short); err != nil {
		t.Fatal(err)
	}
	w = open()
	if err := fetch(w, 3, 18, 5).Ack(patient(t)); err != nil {
		t.Fatal(err)
	}
	checkLeft(t, c, "FORECASTS", "recorder", 0)
	checkLeft(t, c, "FORECASTS", "nobody", 0)
}

// TestConsumerGoesOnAsAnother: the consumer of an older release, with cumulative acknowledgements,
// goes on at its position. A consumer of a stream that was made again begins at the start.
func TestConsumerGoesOnAsAnother(t *testing.T) {
	t.Parallel()
	c := bustest.Start(t).Connect()
	makeStream(t, c, "FORECASTS", "forecasts.*.*")
	fill(t, c, "FORECASTS", "forecasts.a.b", "x", 9)
	old, err := c.JetStream().CreateConsumer(
		patient(t), "FORECASTS",
		jetstream.ConsumerConfig{Durable: "recorder", AckPolicy: jetstream.AckAllPolicy},
	)
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		m, err := old.Next()
		if err != nil {
			t.Fatal(err)
		}
		if err := m.DoubleAck(patient(t)); err != nil {
			t.Fatal(err)
		}
	}
	w, err := c.OpenConsumer(patient(t), "FORECASTS", "recorder")
	if err != nil {
		t.Fatal(err)
	}
	batch, err := w.Fetch(patient(t), 5, time.Minute)
	if err != nil || len(batch.Messages) != 5 || batch.Messages[0].Seq != 5 || batch.After != 4 {
		t.Fatalf("batch %+v, error %v", batch, err)
	}
	checkLeft(t, c, "FORECASTS", "recorder", 5)
	if err := batch.Ack(patient(t)); err != nil {
		t.Fatal(err)
	}

	if err := c.JetStream().DeleteStream(patient(t), "FORECASTS"); err != nil {
		t.Fatal(err)
	}
	if none, err := w.Fetch(patient(t), 10, time.Second); err == nil {
		t.Fatalf("batch %+v of a stream that is gone", none)
	}
	makeStream(t, c, "FORECASTS", "forecasts.*.*")
	fill(t, c, "FORECASTS", "forecasts.a.b", "y", 3)
	if w, err = c.OpenConsumer(patient(t), "FORECASTS", "recorder"); err != nil {
		t.Fatal(err)
	}
	if batch, err = w.Fetch(patient(t), 3, time.Minute); err != nil || len(batch.Messages) != 3 ||
		batch.After != 0 {
		t.Fatalf("batch %+v, error %v", batch, err)
	}
	checkLeft(t, c, "FORECASTS", "recorder", 3)
}

// TestConsumerIsBoundedInBytes: large messages come in smaller batches, each once and in order.
func TestConsumerIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	c := bustest.Start(t).Connect()
	makeStream(t, c, "FORECASTS", "forecasts.*.*")
	const n, size = 120, 90 << 10
	large := bytes.Repeat([]byte("x"), size)
	for range n {
		if _, err := c.Publish(patient(t), "forecasts.a.b", large, ""); err != nil {
			t.Fatal(err)
		}
	}
	w, err := c.OpenConsumer(patient(t), "FORECASTS", "recorder")
	if err != nil {
		t.Fatal(err)
	}
	next := uint64(1)
	for next <= n {
		batch, err := w.Fetch(patient(t), 1000, time.Second)
		if err != nil || len(batch.Messages) == 0 || len(batch.Messages)*size > 5<<20 {
			t.Fatalf("%d messages, error %v", len(batch.Messages), err)
		}
		for _, m := range batch.Messages {
			if m.Seq != next || len(m.Data) != size {
				t.Fatalf("message %d of %d bytes, want %d of %d", m.Seq, len(m.Data), next, size)
			}
			next++
		}
		if err := batch.Ack(patient(t)); err != nil {
			t.Fatal(err)
		}
	}
}
