package bus

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
)

// connectFresh returns a connection to a server of the test's own.
func connectFresh(t *testing.T) *Conn {
	t.Helper()
	e, err := StartEmbedded(
		EmbeddedConfig{
			Listen: "127.0.0.1:0", StoreDir: filepath.Join(t.TempDir(), "nats"), Partitions: 1,
			Log: zerolog.Nop(),
		},
	)
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
	_, err = c.js.CreateStream(
		context.Background(),
		jetstream.StreamConfig{Name: "F", Subjects: []string{"f.*"}, AllowBatchPublish: true},
	)
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
		for range 2 { // the second sends the first
			if err := p.Publish("f.x", "", []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Publish("f.x", "", make([]byte, c.nc.MaxPayload()+1)); err != nil {
			t.Fatal(err)
		}
		if err := p.Flush(context.Background()); err == nil {
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

// openFilled returns a reader of a log of 20 messages that has read the first one.
func openFilled(t *testing.T, c *Conn) (*Reader, []Message) {
	t.Helper()
	for range 20 {
		if _, err := c.Publish(context.Background(), "f.x", []byte("x"), ""); err != nil {
			t.Fatal(err)
		}
	}
	l, err := c.OpenReader(context.Background(), ReaderConfig{Stream: "F", Buffer: 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	msgs, err := l.Next(ctx, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	return l, msgs
}

// checkRest fails unless the reader returns all other messages.
func checkRest(t *testing.T, l *Reader, msgs []Message) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for len(msgs) < 20 {
		var err error
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

func TestLogFindsAMessageLostOnTheWay(t *testing.T) {
	t.Parallel()
	l, msgs := openFilled(t, connectFresh(t))
	<-l.pull.msgs // as if the second one never came
	checkRest(t, l, msgs)
}

func TestLogFindsARequestLostOnTheWay(t *testing.T) {
	t.Parallel()
	l, msgs := openFilled(t, connectFresh(t))
	l.silence = 50 * time.Millisecond
	l.pull.want = 1000 // as if as many had been asked for and nobody heard it
	checkRest(t, l, msgs)
}

func TestLogFindsThatItsStreamWasRolledBack(t *testing.T) {
	t.Parallel()
	l, _ := openFilled(t, connectFresh(t))
	l.next = 31 // as if 30 had been read of a stream that now ends at 20
	l.drop()
	var changed *StreamChangedError
	if _, err := l.Next(context.Background(), nil, 1); !errors.As(err, &changed) ||
		changed.Read != 30 || changed.LastSeq != 20 {
		t.Fatalf("error %v", err)
	}
}
