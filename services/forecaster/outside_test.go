package forecaster

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// logged is the log of a test, which several goroutines write.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) count(word string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), word)
}

// outsiders starts a server with the streams of so many partitions, and what hears outside of them.
func outsiders(t *testing.T, partitions int) (*bustest.Server, *bus.Conn, *outside, *logged) {
	t.Helper()
	server := bustest.Start(t, func(c *bus.EmbeddedConfig) { c.Partitions = partitions })
	conn := server.Connect()
	cfg := topology.DefaultConfig()
	cfg.Partitions = partitions
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	if _, err := topology.Ensure(ctx, conn.JetStream(), cfg, nil); err != nil {
		t.Fatal(err)
	}
	log, status := &logged{}, &statusBoard{}
	d := deps{conn: server.Connect(), partitions: partitions, now: time.Now, status: status, log: zerolog.New(log)}
	d.metrics = newMetrics(prometheus.NewRegistry(), d.now, status)
	o := newOutside(d)
	done := make(chan struct{})
	go func() { defer close(done); o.run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	// Of a publisher that asks for no answer nobody knows whether it was heard.
	for _, subject := range []string{"readings.here", "readings.here.a.b", "readings.here.a.b.c"} {
		until(t, "a listener", func() bool {
			_, err := conn.Publish(ctx, subject, nil, "")
			return err != nil && strings.Contains(err.Error(), "publish on readings.<site>.<meter>")
		})
	}
	return server, conn, o, log
}

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not after %s", what, patience)
		}
	}
}

// What is published under readings. with another number of tokens than two is listed in REJECTED,
// with its number and its payload, and its publisher is told. What has two tokens reaches its log
// and is not heard.
func TestSubjectsOfOtherDepthsAreListed(t *testing.T) {
	t.Parallel()
	for _, partitions := range []int{1, 8} {
		_, conn, o, _ := outsiders(t, partitions)
		ctx := t.Context()
		for range 3 {
			if _, err := conn.Publish(ctx, "readings.north.hall.m1", []byte("{}"), ""); !errors.Is(err, bus.ErrNoStream) ||
				!strings.Contains(err.Error(), "publish on readings.<site>.<meter>") {
				t.Fatalf("%d partitions: %v", partitions, err)
			}
		}
		if _, err := conn.Publish(ctx, "readings.a.b.c.d", nil, ""); !errors.Is(err, bus.ErrNoStream) {
			t.Fatal(err)
		}
		if _, err := conn.Publish(ctx, "readings.north.m1", []byte(`{}`), ""); err != nil {
			t.Fatal(err)
		}
		counts := map[string]int{}
		var from uint64 = 1
		until(t, "all are listed", func() bool {
			m, ok, err := conn.NextBySubject(ctx, topology.Rejected, "rejected.>", from)
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				from = m.Seq + 1
				r, err := streams.DecodeRejected(m.Data)
				if err != nil || r.Partition != noPartition {
					t.Fatalf("%s, %v", m.Data, err)
				}
				counts[r.Subject] += r.Count
			}
			return counts["readings.north.hall.m1"] > 0 && counts["readings.a.b.c.d"] == 1
		})
		// three of readings.here, three of north, one of a
		if is := testutil.ToFloat64(o.badSubject); is != 7 || o.notReady() != "" ||
			testutil.ToFloat64(o.metrics.unmapped) != 0 {
			t.Errorf("%d partitions: %v counted, %v listed, %q", partitions, is, counts, o.notReady())
		}
	}
}

// Readings that the account does not map make the role not ready, with the file to load, until the
// mapping is there. The publisher is told, and one line is logged.
func TestReadingsWithoutAMapping(t *testing.T) {
	t.Parallel()
	server, conn, o, log := outsiders(t, 8)
	if err := server.Map(0); err != nil {
		t.Fatal(err)
	}
	until(t, "the mapping is away", func() bool {
		stored, err := conn.Stored(t.Context(), probeSubject)
		return err == nil && !stored
	})
	for range 2 {
		if _, err := conn.Publish(t.Context(), "readings.north.m1", []byte(`{}`), ""); !errors.Is(err, bus.ErrNoStream) ||
			!strings.Contains(err.Error(), "deployments/nats/nats.conf") {
			t.Fatal(err)
		}
	}
	if why := o.notReady(); !strings.Contains(why, "partition(8,1,2)") {
		t.Errorf("not ready: %q", why)
	}
	if n := log.count("deployments/nats/nats.conf"); n != 1 {
		t.Errorf("%d lines", n)
	}
	if n := testutil.ToFloat64(o.metrics.unmapped); n != 2 {
		t.Errorf("%v readings unmapped", n)
	}
	if err := server.Map(8); err != nil {
		t.Fatal(err)
	}
	until(t, "ready again", func() bool { return o.notReady() == "" })
	if _, err := conn.Publish(t.Context(), "readings.north.m1", []byte(`{}`), ""); err != nil {
		t.Error(err)
	}
	// The probe was not stored.
	for p := range 8 {
		state, err := conn.StreamState(t.Context(), topology.Log(p))
		if err != nil || state.Messages > 1 {
			t.Errorf("%s has %d messages, %v", topology.Log(p), state.Messages, err)
		}
	}
}
