package bus

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
)

// connectFresh returns a connection to a server of the test's own.
func connectFresh(t *testing.T) *Conn {
	t.Helper()
	e, err := StartEmbedded(EmbeddedConfig{Listen: "127.0.0.1:0", StoreDir: filepath.Join(t.TempDir(), "nats"), Partitions: 1, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	c, err := Connect(context.Background(), Config{URL: e.URL()}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	_, err = c.js.CreateStream(context.Background(), jetstream.StreamConfig{Name: "F", Subjects: []string{"f.*"}, AllowBatchPublish: true})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestGuardClosesABatchThatIsLeftOpen(t *testing.T) {
	t.Parallel()
	c := connectFresh(t)
	p := c.newPublisher("F", 20*time.Millisecond)
	defer p.Close()
	for round := range 2 {
		for range 10 {
			if err := p.Publish("f.x", "", []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		deadline := time.Now().Add(20 * time.Second)
		for want := uint64(10 * (round + 1)); p.stored.Load() != want; {
			if time.Now().After(deadline) {
				t.Fatalf("%d messages are confirmed, want %d", p.stored.Load(), want)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	if err := p.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestFailedBatchesLeaveNoSubscription(t *testing.T) {
	t.Parallel()
	c := connectFresh(t)
	before := c.nc.NumSubscriptions()
	for range 3 {
		p := c.newPublisher("F", time.Minute)
		if err := p.Publish("f.x", "", []byte("x")); err != nil {
			t.Fatal(err)
		}
		if err := p.Publish("f.x", "", make([]byte, c.nc.MaxPayload()+1)); err == nil {
			t.Fatal("a message above the server's bound was taken")
		}
		p.Close()
	}
	deadline := time.Now().Add(20 * time.Second)
	for c.nc.NumSubscriptions() > before {
		if time.Now().After(deadline) {
			t.Fatalf("%d subscriptions, %d before", c.nc.NumSubscriptions(), before)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestLogFindsAMessageLostOnTheWay(t *testing.T) {
	t.Parallel()
	c := connectFresh(t)
	for range 20 {
		if _, err := c.Publish(context.Background(), "f.x", []byte("x"), ""); err != nil {
			t.Fatal(err)
		}
	}
	l, err := c.OpenLog(context.Background(), LogConfig{Stream: "F"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	msgs, err := l.Next(ctx, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	<-l.pull.msgs // as if the second one never came
	for len(msgs) < 20 {
		if msgs, err = l.Next(ctx, msgs, 20-len(msgs)); err != nil {
			t.Fatal(err)
		}
	}
	for i, m := range msgs {
		if m.Seq != uint64(i+1) {
			t.Fatalf("message %d has sequence %d", i, m.Seq)
		}
	}
}
