package bus_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
)

func TestConnectNamesTheAddressWithoutThePassword(t *testing.T) {
	t.Parallel()
	_, err := bus.Connect(
		patient(t),
		bus.Config{URL: "nats://me:secret@127.0.0.1:1", ConnectTimeout: 200 * time.Millisecond},
		zerolog.Nop(),
	)
	var failed *bus.ConnectError
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "127.0.0.1:1") ||
		strings.Contains(err.Error(), "secret") {
		t.Fatalf("error %v", err)
	}
	if !strings.Contains(failed.Remedy(), "--nats-url") {
		t.Fatalf("remedy %q", failed.Remedy())
	}
}

// pretend answers one client as a server of a version does.
func pretend(t *testing.T, version string) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = listener.Close(); <-done })
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = fmt.Fprintf(
			conn,
			"INFO {\"server_id\":\"X\",\"version\":%q,\"headers\":true,\"max_payload\":1048576,\"proto\":1}\r\n",
			version,
		)
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "PING") {
				_, _ = conn.Write([]byte("PONG\r\n"))
			}
		}
	}()
	return listener.Addr().String()
}

func TestConnectRefusesAnOldServer(t *testing.T) {
	t.Parallel()
	_, err := bus.Connect(patient(t), bus.Config{URL: "nats://" + pretend(t, "2.12.3")}, zerolog.Nop())
	var old *bus.VersionError
	if !errors.As(err, &old) || old.Version != "2.12.3" ||
		!strings.Contains(err.Error(), bus.MinServerVersion) ||
		!strings.Contains(old.Remedy(), "update") {
		t.Fatalf("error %v", err)
	}
}

func TestConnectRefusesAServerWithoutJetStream(t *testing.T) {
	t.Parallel()
	srv, err := server.NewServer(
		&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true},
	)
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	_, err = bus.Connect(patient(t), bus.Config{URL: srv.ClientURL()}, zerolog.Nop())
	var without *bus.JetStreamError
	if !errors.As(err, &without) || !strings.Contains(without.Remedy(), "store_dir") {
		t.Fatalf("error %v", err)
	}
}

func TestConnectWaitsForAServerThatComesLate(t *testing.T) {
	t.Parallel()
	s := bustest.Start(t)
	s.Stop()
	came, url := make(chan error, 1), s.URL()
	go func() {
		c, err := bus.Connect(
			context.Background(), bus.Config{URL: url, ConnectTimeout: 30 * time.Second}, zerolog.Nop(),
		)
		if err == nil {
			c.Close()
		}
		came <- err
	}()
	s.Restart()
	if err := <-came; err != nil {
		t.Fatal(err)
	}
}

func TestConnInProcess(t *testing.T) {
	t.Parallel()
	s := bustest.Start(t)
	c, err := bus.Connect(patient(t), bus.Config{InProcess: s.Embedded, Name: "inside"}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if !c.Connected() || c.URL() != s.URL() || !strings.HasPrefix(c.ServerVersion(), "2.") {
		t.Fatalf("connected %t, url %s, version %s", c.Connected(), c.URL(), c.ServerVersion())
	}
	makeStream(t, c, "R0", "r.0.*.*")
	if seq, err := c.Publish(patient(t), "r.0.a.b", []byte("x"), "1"); seq != 1 || err != nil {
		t.Fatalf("sequence %d, error %v", seq, err)
	}
}

func TestPublishAndLastBySubject(t *testing.T) {
	t.Parallel()
	c := bustest.Start(t).Connect()
	makeStream(t, c, "R0", "r.0.*.*")
	ctx := patient(t)
	if _, ok, err := c.LastBySubject(ctx, "R0", "r.0.a.b"); ok || err != nil {
		t.Fatalf("an empty stream has a last message (%v)", err)
	}
	for i, want := range []uint64{1, 2, 2, 3} {
		id := []string{"a", "b", "b", ""}[i]
		if seq, err := c.Publish(ctx, "r.0.a.b", []byte{'0' + byte(i)}, id); seq != want || err != nil {
			t.Fatalf("publish %d: sequence %d, error %v, want %d", i, seq, err, want)
		}
	}
	if _, err := c.Publish(ctx, "r.0.a.c", []byte("other"), "c"); err != nil {
		t.Fatal(err)
	}
	for subject, want := range map[string]string{"r.0.a.b": "3", "r.0.a.*": "other", "r.0.*.b": "3"} {
		m, ok, err := c.LastBySubject(ctx, "R0", subject)
		if !ok || err != nil || string(m.Data) != want || m.Seq == 0 || m.Time.IsZero() ||
			!strings.HasPrefix(m.Subject, "r.0.a.") {
			t.Fatalf("%s: %+v, %t, %v", subject, m, ok, err)
		}
	}
	if _, _, err := c.LastBySubject(ctx, "NONE", "r.0.a.b"); !errors.Is(err, bus.ErrNoStream) {
		t.Fatalf("error %v", err)
	}
	if _, err := c.Publish(ctx, "nowhere.a", nil, ""); !errors.Is(err, bus.ErrNoStream) {
		t.Fatalf("error %v", err)
	}
	if _, err := c.StreamState(ctx, "NONE"); !errors.Is(err, bus.ErrNoStream) {
		t.Fatalf("error %v", err)
	}
	state, err := c.StreamState(ctx, "R0")
	if err != nil || state.FirstSeq != 1 || state.LastSeq != 4 || state.Messages != 4 ||
		state.Created.IsZero() || state.Bytes == 0 {
		t.Fatalf("state %+v, error %v", state, err)
	}
}

func TestStreamStateOfAnEmptyStream(t *testing.T) {
	t.Parallel()
	c := bustest.Start(t).Connect()
	makeStream(t, c, "R0", "r.0.*.*")
	for _, n := range []int{0, 3} {
		fill(t, c, "R0", "r.0.a.b", "x", n)
		stream, err := c.JetStream().Stream(patient(t), "R0")
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Purge(patient(t)); err != nil {
			t.Fatal(err)
		}
		state, err := c.StreamState(patient(t), "R0")
		if err != nil || state.Messages != 0 || state.FirstSeq != uint64(n+1) ||
			state.LastSeq != uint64(n) {
			t.Fatalf("state %+v, error %v", state, err)
		}
	}
}

func TestPublishFailsAtOnceWhileTheServerIsAway(t *testing.T) {
	t.Parallel()
	s := bustest.Start(t)
	c := s.Connect()
	makeStream(t, c, "R0", "r.0.*.*")
	s.Stop()
	for deadline := time.Now().Add(20 * time.Second); c.Connected(); {
		if time.Now().After(deadline) {
			t.Fatal("still connected")
		}
		time.Sleep(5 * time.Millisecond)
	}
	start := time.Now()
	if _, err := c.Publish(patient(t), "r.0.a.b", []byte("stale"), ""); err == nil ||
		time.Since(start) > 2*time.Second {
		t.Fatalf("error %v after %s", err, time.Since(start))
	}
	s.Restart()
	waitReady(t, c, "R0")
	if state, err := c.StreamState(patient(t), "R0"); err != nil || state.Messages != 0 {
		t.Fatalf("what failed was sent later: %+v, %v", state, err)
	}
}

func TestSubscribe(t *testing.T) {
	t.Parallel()
	c := bustest.Start(t).Connect()
	makeStream(t, c, "FORECASTS", "forecasts.*.*")
	ctx, cancel := context.WithCancel(patient(t))
	defer cancel()
	got := make(chan bus.Message, 1)
	ended := make(chan error, 1)
	go func() { ended <- c.Subscribe(ctx, "forecasts.*.*", func(m bus.Message) { got <- m }) }()
	for i := 0; ; i++ { // until the subscription stands
		if _, err := c.Publish(ctx, "forecasts.a.b", []byte("x"), fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
		select {
		case m := <-got:
			if m.Subject != "forecasts.a.b" || string(m.Data) != "x" || m.ID == "" {
				t.Fatalf("%+v", m)
			}
			cancel()
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}
