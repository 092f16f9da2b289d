package bus_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/retry"
)

// patient is the deadline of a whole test.
func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// makeStream makes a stream as the topology does, without its bounds.
func makeStream(t *testing.T, c *bus.Conn, name string, subjects ...string) {
	t.Helper()
	again := retry.Policy{
		Backoff: retry.Backoff{Least: 10 * time.Millisecond, Most: time.Second},
		Final: func(err error) bool {
			var refused *jetstream.APIError
			return !errors.As(err, &refused) || refused.ErrorCode != storeInTheWay
		},
	}
	err := retry.Until(patient(t), again, func(ctx context.Context) error {
		_, err := c.JetStream().CreateStream(ctx, jetstream.StreamConfig{
			Name: name, Subjects: subjects, AllowDirect: true, AllowBatchPublish: true,
			Duplicates: 30 * time.Second, MaxMsgSize: 100_000,
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// storeInTheWay is the server's code when it cannot make the files of a stream: those of a stream of
// the same name that was just deleted may still be there.
const storeInTheWay jetstream.ErrorCode = 10049

// fill publishes n messages "<prefix><i>" on subject, with ids of the same text.
func fill(t *testing.T, c *bus.Conn, stream, subject, prefix string, n int) {
	t.Helper()
	p, err := c.OpenPublisher(patient(t), stream)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for i := range n {
		text := fmt.Sprintf("%s%d", prefix, i)
		if err := p.Publish(subject, text, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Flush(patient(t)); err != nil {
		t.Fatal(err)
	}
}

// read reads n messages from a reader.
func read(t *testing.T, l *bus.Reader, n int) []bus.Message {
	t.Helper()
	ctx := patient(t)
	var msgs []bus.Message
	for len(msgs) < n {
		var err error
		if msgs, err = l.Next(ctx, msgs, n-len(msgs)); err != nil {
			t.Fatalf("after %d of %d messages: %v", len(msgs), n, err)
		}
	}
	return msgs
}

// vain calls Next with a context that has ended.
func vain(t *testing.T, l *bus.Reader) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if msgs, err := l.Next(ctx, nil, 1); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %d messages, error %v; want none", len(msgs), err)
	}
}

// ended fails unless the reader has returned all messages: the next message is the one that ended
// writes.
func ended(t *testing.T, c *bus.Conn, l *bus.Reader, subject string) {
	t.Helper()
	seq, err := c.Publish(patient(t), subject, []byte("the end"), "")
	if err != nil {
		t.Fatal(err)
	}
	if m := read(t, l, 1)[0]; m.Seq != seq {
		t.Fatalf("message %d came before %d, which was written at the end", m.Seq, seq)
	}
}

func openReader(t *testing.T, c *bus.Conn, cfg bus.ReaderConfig) *bus.Reader {
	t.Helper()
	l, err := c.OpenReader(patient(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// waitReady waits until the server answers for a stream again.
func waitReady(t *testing.T, c *bus.Conn, stream string) {
	t.Helper()
	ctx := patient(t)
	for {
		_, err := c.StreamState(ctx, stream)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("server does not come back: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
