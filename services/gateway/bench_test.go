package gateway_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/gateway"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

const patience = 20 * time.Second

var origin = time.Date(2026, 1, 31, 14, 0, 0, 0, time.UTC)

// bench is a gateway under test, on a port of its own.
type bench struct {
	t        *testing.T
	url      string
	registry *prometheus.Registry
	health   *service.Health
}

// start runs a gateway over deps until the test ends.
func start(t *testing.T, deps gateway.Deps) *bench {
	t.Helper()
	b := &bench{t: t, registry: service.NewRegistry(), health: &service.Health{}}
	deps.Version, deps.Metrics, deps.Ready = "0.1.0-test", b.registry, b.health.Part("gateway")
	deps.Admin = service.AdminHandler(b.registry, b.health)
	deps.Log, deps.Now = zerolog.Nop(), time.Now
	cfg := flagtest.Defaults[gateway.Config](t)
	cfg.Listen = "127.0.0.1:0"
	s, err := gateway.New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	g := service.NewGroup(zerolog.Nop(), patience)
	g.Add("gateway", s)
	ready := make(chan struct{})
	g.Add("ready", service.Funcs{StartFunc: func(context.Context) error { close(ready); return nil }})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx, context.Background()) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("gateway: %v", err)
		}
	})
	<-ready
	b.url = "http://" + s.Addr()
	return b
}

// answer is the answer to a request.
type answer struct {
	code   int
	header http.Header
	body   string
}

func (b *bench) do(method, path string) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

func (b *bench) get(path string) answer {
	b.t.Helper()
	return b.do(http.MethodGet, path)
}

// page is an answer of GET /v1/series.
type page struct {
	Series []struct {
		Series, Source, Quality string
		Origin                  time.Time
	}
	Next *string
}

func (b *bench) list(query string) page {
	b.t.Helper()
	a := b.get("/v1/series" + query)
	var p page
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || a.code != http.StatusOK {
		b.t.Fatalf("GET /v1/series%s: %d %s (%v)", query, a.code, a.body, err)
	}
	return p
}

// await waits until ok, or fails.
func (b *bench) await(what string, ok func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("%s did not happen", what)
		}
	}
}

// problem reads an RFC 9457 answer.
func (a answer) problem(t *testing.T) (detail, errors string) {
	t.Helper()
	var p struct {
		Status        int
		Title, Detail string
		Errors        json.RawMessage
	}
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || p.Status != a.code ||
		p.Title != http.StatusText(a.code) ||
		a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf(
			"%d %s %q is no problem document (%v)",
			a.code, a.header.Get("Content-Type"), a.body, err,
		)
	}
	return p.Detail, string(p.Errors)
}

// broker starts a real server with the streams made.
func broker(t *testing.T) *bus.Conn {
	t.Helper()
	conn := bustest.Start(t).Connect()
	ensure(t, conn)
	return conn
}

func ensure(t *testing.T, conn *bus.Conn) {
	t.Helper()
	cfg := topology.DefaultConfig()
	cfg.Partitions = bustest.Partitions
	if _, err := topology.Ensure(t.Context(), conn.JetStream(), cfg, nil); err != nil {
		t.Fatal(err)
	}
}

// publish publishes a forecast of series and returns its bytes.
func publish(t *testing.T, conn *bus.Conn, series string, median float32) string {
	t.Helper()
	id, _ := meter.ParseID(series)
	f := streams.Forecast{
		Series: id, Origin: origin, Interval: time.Hour, Unit: "kWh",
		Issued: origin.Add(412 * time.Millisecond),
		Source: meter.SourceSeasonalNaive, Quality: meter.OK.String(), InputSeq: 81231,
		Levels: []float64{0.1, 0.5, 0.9}, Quantiles: []float32{median - 1, median, median + 1},
	}
	data := f.AppendJSON(nil)
	if _, err := conn.Publish(t.Context(), streams.ForecastSubject(id), data, ""); err != nil {
		t.Fatal(err)
	}
	return string(data)
}
