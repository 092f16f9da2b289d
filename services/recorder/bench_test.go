package recorder_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/recorder"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

func TestMain(m *testing.M) { os.Exit(influxtest.Main(m)) }

const patience = 60 * time.Second

// bench is a recorder under test.
type bench struct {
	t        testing.TB
	influx   influx.Config
	nats     recorder.NATS
	registry *prometheus.Registry
	log      *syncBuffer
	health   service.Health
	edit     func(*recorder.Config)
}

func newBench(t testing.TB, to influx.Config, nats recorder.NATS) *bench {
	return &bench{
		t: t, influx: to, nats: nats, registry: prometheus.NewRegistry(), log: &syncBuffer{},
		edit: func(*recorder.Config) {},
	}
}

// run runs a recorder with new metrics until the function that it returns is called.
func (b *bench) run() (stop func()) {
	b.t.Helper()
	cfg := flagtest.Defaults[recorder.Config](b.t)
	cfg.Influx = b.influx
	cfg.Wait = 100 * time.Millisecond
	cfg.RetryMin, cfg.RetryMax = 2*time.Millisecond, 50*time.Millisecond
	b.edit(&cfg)
	b.registry = prometheus.NewRegistry()
	s, err := recorder.New(cfg, recorder.Deps{
		NATS: b.nats, Metrics: b.registry, Ready: b.health.Part("recorder"), Log: zerolog.New(b.log),
		Now: time.Now,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	g := service.NewGroup(zerolog.Nop(), patience)
	g.Add("recorder", s)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx, context.Background()) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				b.t.Errorf("recorder: %v", err)
			}
		})
	}
	b.t.Cleanup(stop)
	return stop
}

// await waits until ok, or fails.
func (b *bench) await(what string, ok func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("%s did not happen; log:\n%s", what, b.log)
		}
	}
}

// awaitStored waits until the metric says that n messages of a kind of stream are done.
func (b *bench) awaitStored(kind string, n int) {
	b.t.Helper()
	b.await(
		fmt.Sprintf("%d %s stored", n, kind),
		func() bool { return b.metric("messages_total", kind, "stored") == float64(n) },
	)
}

// metric returns a counter or gauge of the recorder by the values of its labels, in the order of
// their names; -1 when there is none.
func (b *bench) metric(name string, values ...string) float64 {
	families, err := b.registry.Gather()
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() != "loadtide_recorder_"+name || len(m.GetLabel()) != len(values) {
				continue
			}
			same := 0
			for _, l := range m.GetLabel() {
				for _, v := range values {
					if l.GetValue() == v {
						same++
					}
				}
			}
			if same == len(values) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return -1
}

// logged holds how often a text is in the log.
func (b *bench) logged(text string, times int) {
	b.t.Helper()
	if got := strings.Count(b.log.String(), text); got != times {
		b.t.Errorf("%q is logged %d times, want %d:\n%s", text, got, times, b.log)
	}
}

// count counts values in InfluxDB by Flux, of the whole bucket and all time; filter is a predicate
// of Flux over r.
func (b *bench) count(filter string) int {
	b.t.Helper()
	return len(query(b.t, b.influx, fmt.Sprintf(`from(bucket: %q) |> range(start: `+
		`1980-01-01T00:00:00Z, stop: 2200-01-01T00:00:00Z) |> filter(fn: (r) => %s)`,
		b.influx.Bucket, filter)))
}

// query returns the rows of a query.
func query(t testing.TB, cfg influx.Config, flux string) (rows []map[string]any) {
	t.Helper()
	result, err := influxtest.Client(t, cfg).QueryAPI(cfg.Org).Query(t.Context(), flux)
	if err != nil {
		t.Fatalf("%v in\n%s", err, flux)
	}
	for result.Next() {
		rows = append(rows, result.Record().Values())
	}
	if result.Err() != nil {
		t.Fatalf("%v in\n%s", result.Err(), flux)
	}
	return rows
}

type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// connect connects to a server of its own with all streams.
func connect(t testing.TB) *bus.Conn {
	t.Helper()
	conn := bustest.Start(t).Connect()
	ensure(t, conn)
	return conn
}

// ensure makes the streams.
func ensure(t testing.TB, conn *bus.Conn) {
	t.Helper()
	cfg := topology.DefaultConfig()
	cfg.Partitions = bustest.Partitions
	if _, err := topology.Ensure(t.Context(), conn.JetStream(), cfg, nil); err != nil {
		t.Fatal(err)
	}
}

func publish(t testing.TB, conn *bus.Conn, subject string, data []byte) {
	t.Helper()
	if _, err := conn.Publish(t.Context(), subject, data, ""); err != nil {
		t.Fatal(err)
	}
}

func publishForecast(t testing.TB, conn *bus.Conn, f streams.Forecast) {
	t.Helper()
	publish(t, conn, streams.ForecastSubject(f.Series), f.AppendJSON(nil))
}

// publishReadings publishes a message to the log of its series.
func publishReadings(t testing.TB, conn *bus.Conn, id meter.ID, payload string) {
	t.Helper()
	publish(
		t, conn, streams.ReadingSubject(streams.Partition(id, bustest.Partitions), id), []byte(payload),
	)
}

func publishEvent(t testing.TB, conn *bus.Conn, e streams.Event) {
	t.Helper()
	publish(t, conn, streams.EventSubject(e.Type), e.AppendJSON(nil))
}

// rejected returns what is listed in REJECTED.
func rejected(t testing.TB, conn *bus.Conn) (all []streams.Rejected) {
	t.Helper()
	state, err := conn.StreamState(t.Context(), topology.Rejected)
	if err != nil || state.Messages == 0 {
		return nil
	}
	log, err := conn.OpenReader(t.Context(), bus.ReaderConfig{Stream: topology.Rejected})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for uint64(len(all)) < state.Messages {
		messages, err := log.Next(t.Context(), nil, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range messages {
			r, err := streams.DecodeRejected(m.Data)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, r)
		}
	}
	return all
}
