package recorder_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/recorder"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

const patience = 20 * time.Second

// bench is a recorder under test.
type bench struct {
	t        *testing.T
	influx   *influxtest.Listener
	registry *prometheus.Registry
	log      *syncBuffer
	health   service.Health
	open     func(ctx context.Context) (recorder.Work, error)
	edit     func(*recorder.Config)
}

func newBench(t *testing.T) *bench {
	return &bench{t: t, influx: influxtest.Start(t), log: &syncBuffer{}, edit: func(*recorder.Config) {}}
}

// run runs a recorder until the function it returns is called.
func (b *bench) run() (stop func()) {
	b.t.Helper()
	cfg := recorder.DefaultConfig()
	cfg.Influx = b.influx.Config()
	cfg.Wait, cfg.RetryMin, cfg.RetryMax = time.Second, 2*time.Millisecond, 20*time.Millisecond
	b.edit(&cfg)
	b.registry = prometheus.NewRegistry()
	s, err := recorder.New(cfg, recorder.Deps{
		Open: b.open, Registerer: b.registry, Readiness: b.health.Part("recorder"), Log: zerolog.New(b.log), Now: time.Now,
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
			b.t.Fatalf("%s did not happen; %d points stored; log:\n%s", what, len(b.influx.Points()), b.log)
		}
	}
}

// awaitStored waits until the metric says that n forecasts are done.
func (b *bench) awaitStored(n int) {
	b.t.Helper()
	b.await(fmt.Sprintf("%d forecasts stored", n), func() bool { return b.metric("messages_total", "stored") == float64(n) })
}

// metric returns a counter of the recorder by outcome.
func (b *bench) metric(name, outcome string) float64 {
	families, err := b.registry.Gather()
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "loadtide_recorder_"+name && m.GetLabel()[0].GetValue() == outcome {
				return m.GetCounter().GetValue()
			}
		}
	}
	return -1
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

// ensure makes the streams.
func ensure(t *testing.T, conn *bus.Conn) {
	t.Helper()
	cfg := topology.DefaultConfig()
	cfg.Partitions = bustest.Partitions
	if _, err := topology.Ensure(t.Context(), conn.JetStream(), cfg, nil); err != nil {
		t.Fatal(err)
	}
}

func publish(t *testing.T, conn *bus.Conn, f streams.Forecast) {
	t.Helper()
	site, meter, _ := streams.SplitSeries(f.Series)
	if _, err := conn.Publish(t.Context(), streams.ForecastSubject(site, meter), f.AppendJSON(nil), ""); err != nil {
		t.Fatal(err)
	}
}

// TestNothingIsLostWhileInfluxIsAway is the recorder end to end: a real NATS server, and a listener in place of InfluxDB.
func TestNothingIsLostWhileInfluxIsAway(t *testing.T) {
	t.Parallel()
	conn := bustest.Start(t).Connect()
	b := newBench(t)
	b.open = recorder.FromBus(conn)
	b.influx.Script(influxtest.Answer{Status: 503}, influxtest.Answer{Status: 503, RetryAfter: 1})
	stop := b.run() // before the stream is there: the recorder waits for it
	ensure(t, conn)
	const n = 450
	for i := range n {
		publish(t, conn, forecast(fmt.Sprintf("north.m%03d", i), float32(i)))
	}
	b.awaitStored(n)
	if waiting := b.health.NotReady(); len(waiting) != 0 {
		t.Errorf("not ready: %v", waiting)
	}
	points := b.influx.Points()
	if len(points) != 2*n {
		t.Fatalf("%d points, want %d", len(points), 2*n)
	}
	for i, p := range points[:4] {
		if want := fmt.Sprintf("m%03d", i/2); p.Tags["site"] != "north" || p.Tags["meter"] != want || !p.Time.Equal(origin.Add(time.Duration(i%2)*time.Hour)) {
			t.Errorf("point %d is %+v, want meter %s", i, p, want)
		}
	}
	if p50 := points[2*7].Fields["p50"]; p50 != 7.0 {
		t.Errorf("p50 of m007 is %v, want 7", p50)
	}
	if retries := b.metric("writes_total", "retry"); retries != 2 {
		t.Errorf("%v writes were tried again, want 2", retries)
	}
	for _, want := range []string{"influxdb does not store", "influxdb is back"} {
		if strings.Count(b.log.String(), want) != 1 {
			t.Errorf("%q is not logged once:\n%s", want, b.log)
		}
	}

	// Another start goes on behind what was acknowledged.
	stop()
	before := len(b.influx.Requests())
	publish(t, conn, forecast("south.x", 5))
	b.run()
	b.awaitStored(1)
	if requests := b.influx.Requests()[before:]; len(requests) != 1 || requests[0] != 2 {
		t.Errorf("writes of the second start have %v points, want one of 2", requests)
	}
}

func TestBadPointIsFoundAndPassedOver(t *testing.T) {
	t.Parallel()
	conn := bustest.Start(t).Connect()
	ensure(t, conn)
	b := newBench(t)
	b.open = recorder.FromBus(conn)
	b.influx.RefuseIf(func(p influxtest.Point) bool { return p.Tags["meter"] == "m13" && p.Time.Equal(origin) })
	const n = 40
	for i := range n {
		publish(t, conn, forecast(fmt.Sprintf("north.m%02d", i), float32(i)))
	}
	if _, err := conn.Publish(t.Context(), streams.ForecastSubject("north", "broken"), []byte(`{"schema":1`), ""); err != nil {
		t.Fatal(err)
	}
	b.run()
	b.awaitStored(n)
	if got := len(b.influx.Points()); got != 2*n-1 {
		t.Errorf("%d points stored, want all but one of %d", got, 2*n)
	}
	if refused, stored, unreadable := b.metric("points_total", "refused"), b.metric("points_total", "stored"), b.metric("messages_total", "unreadable"); refused != 1 || stored != 2*n-1 || unreadable != 1 {
		t.Errorf("%v points refused, %v stored, %v messages unreadable", refused, stored, unreadable)
	}
	for _, want := range []string{`"series":"north.m13","target_time":"2026-01-31T14:00:00Z"`, `"subject":"forecasts.north.broken"`} {
		if strings.Count(b.log.String(), want) != 1 {
			t.Errorf("%s is not logged once:\n%s", want, b.log)
		}
	}
}

// TestWrongTokenLosesNothing: what a person must mend is waited for as well.
func TestWrongTokenLosesNothing(t *testing.T) {
	t.Parallel()
	conn := bustest.Start(t).Connect()
	ensure(t, conn)
	b := newBench(t)
	b.open = recorder.FromBus(conn)
	b.edit = func(c *recorder.Config) { c.Influx.Token = "wrong-canary" }
	publish(t, conn, forecast("north.m1", 1))
	stop := b.run()
	b.await("several refusals", func() bool { return b.metric("writes_total", "config") >= 3 })
	stop()
	if text := b.log.String(); strings.Contains(text, "canary") || strings.Count(text, "LOADTIDE_INFLUX_TOKEN") != 1 || !strings.Contains(text, `"level":"error"`) {
		t.Errorf("want one error line with the remedy and without the token:\n%s", text)
	}
	b.edit = func(*recorder.Config) {}
	b.run()
	b.awaitStored(1)
}

// TestBatchInHandSurvivesARestart: a recorder that ends during an outage leaves a batch that was delivered and not
// acknowledged. The next one must record it although newer forecasts wait as well.
func TestBatchInHandSurvivesARestart(t *testing.T) {
	t.Parallel()
	conn := bustest.Start(t).Connect()
	ensure(t, conn)
	b := newBench(t)
	b.open = recorder.FromBus(conn)
	b.edit = func(c *recorder.Config) { c.Influx.Token = "wrong" }
	publish(t, conn, forecast("north.m1", 1))
	stop := b.run()
	b.await("a refusal", func() bool { return b.metric("writes_total", "config") >= 1 })
	stop()
	b.edit = func(*recorder.Config) {}
	publish(t, conn, forecast("north.m2", 2))
	b.run()
	b.awaitStored(2)
	if got := len(b.influx.Points()); got != 4 {
		t.Errorf("%d points, want 4", got)
	}
}

// fakeWork fails as told.
type fakeWork struct {
	mu      sync.Mutex
	batches []recorder.Batch
	errs    []error
}

func (f *fakeWork) Fetch(ctx context.Context, _ int, wait time.Duration) (recorder.Batch, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.errs) > 0 {
		err := f.errs[0]
		f.errs = f.errs[1:]
		return recorder.Batch{}, err
	}
	if len(f.batches) == 0 {
		select {
		case <-ctx.Done():
			return recorder.Batch{}, ctx.Err()
		case <-time.After(wait):
			return recorder.Batch{}, nil
		}
	}
	batch := f.batches[0]
	f.batches = f.batches[1:]
	return batch, nil
}

// TestFailuresOfTheStreamAreTriedAgain: opening, fetching and acknowledging fail once each.
func TestFailuresOfTheStreamAreTriedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := forecast("north.m1", 1)
	messages := []bus.Message{{Subject: "forecasts.north.m1", Seq: 1, Time: origin, Data: f.AppendJSON(nil)}}
	var acked, refused bool
	work := &fakeWork{
		errs: []error{errors.New("fetch fails")},
		batches: []recorder.Batch{
			{Messages: messages, Ack: func(context.Context) error { refused = true; return errors.New("acknowledge fails") }},
			{Messages: messages, Ack: func(context.Context) error { acked = true; return nil }},
		},
	}
	opens := 0
	b.open = func(context.Context) (recorder.Work, error) {
		if opens++; opens == 1 {
			return nil, errors.New("open fails")
		}
		return work, nil
	}
	stop := b.run()
	b.awaitStored(1)
	stop()
	if !acked || !refused || opens != 4 {
		t.Errorf("acked %v, refused %v, opened %d times; want both and 4", acked, refused, opens)
	}
	if got := len(b.influx.Points()); got != 2 {
		t.Errorf("%d points, want 2: a repeat overwrites", got)
	}
}

func TestNewNamesAllFaults(t *testing.T) {
	t.Parallel()
	cfg := recorder.DefaultConfig()
	if _, err := recorder.New(cfg, recorder.Deps{}); err == nil || !strings.Contains(err.Error(), "--influx-url") {
		t.Errorf("error %v, want one that names --influx-url", err)
	}
	_, err := recorder.New(recorder.Config{Influx: influx.Config{URL: "x"}}, recorder.Deps{})
	for _, field := range []string{"influx.url", "recorder.batch", "recorder.wait", "recorder.retry_min"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("no %s in %v", field, err)
		}
	}
}

func TestMetricsFollowTheRules(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.open = func(context.Context) (recorder.Work, error) { return &fakeWork{}, nil }
	b.run()
	families, err := b.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("metrics: %v %v", problems, err)
	}
}
