package bus_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
)

func TestRequestsUnderAWildcardAreServed(t *testing.T) {
	t.Parallel()
	conn := bustest.Start(t).Connect()
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	if _, err := conn.Request(ctx, "query.0.series", nil); !errors.Is(err, bus.ErrNoServer) {
		t.Fatalf("nobody serves it: %v", err)
	}
	serving, end := context.WithCancel(ctx)
	done := make(chan error)
	go func() {
		done <- conn.Serve(
			serving, "query.0.*", "",
			func(m bus.Message) []byte { return append([]byte(m.Subject+" "), m.Data...) },
		)
	}()
	for {
		answer, err := conn.Request(ctx, "query.0.series", []byte("?"))
		if errors.Is(err, bus.ErrNoServer) {
			continue // not subscribed yet
		}
		if err != nil || string(answer.Data) != "query.0.series ?" {
			t.Fatalf("%q, %v", answer.Data, err)
		}
		break
	}
	end()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestPurgeAndErase(t *testing.T) {
	t.Parallel()
	conn := bustest.Start(t).Connect()
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	if _, err := conn.Purge(ctx, "L", "l.a", 0); err == nil {
		t.Error("a stream that is not there was purged")
	}
	if _, err := conn.JetStream().CreateStream(
		ctx, jetstream.StreamConfig{Name: "L", Subjects: []string{"l.*"}, AllowDirect: true},
	); err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"l.a", "l.b", "l.a", "l.b", "l.a"} {
		if _, err := conn.Publish(ctx, subject, []byte(subject), ""); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := conn.Purge(ctx, "L", "l.a", 4); err != nil || n != 2 {
		t.Errorf("%d purged, %v", n, err)
	}
	if m, ok, err := conn.NextBySubject(ctx, "L", "l.a", 1); err != nil || !ok || m.Seq != 5 {
		t.Errorf("%+v, %v, %v", m, ok, err)
	}
	if err := conn.Erase(ctx, "L", 5); err != nil {
		t.Error(err)
	}
	if _, ok, err := conn.NextBySubject(ctx, "L", "l.a", 1); err != nil || ok {
		t.Errorf("still there: %v, %v", ok, err)
	}
	if seq, err := conn.NewestSeq(ctx, "L"); err != nil || seq != 4 {
		t.Errorf("newest %d, %v", seq, err)
	}
	if n, err := conn.Purge(ctx, "L", "l.*", 0); err != nil || n != 2 {
		t.Errorf("%d purged, %v", n, err)
	}
	if seq, err := conn.NewestSeq(ctx, "L"); err != nil || seq != 0 {
		t.Errorf("newest %d, %v", seq, err)
	}
}
