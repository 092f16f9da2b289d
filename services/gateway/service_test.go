package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/services/gateway"
	"github.com/loadtide/loadtide/streams"
)

// TestForecastsAreServed runs a gateway from start to end on a real NATS server.
func TestForecastsAreServed(t *testing.T) {
	t.Parallel()
	conn := bustest.Start(t).Connect()
	b := start(t, gateway.FromBus(conn)) // before the streams are there

	if a := b.get("/readyz"); a.code != http.StatusServiceUnavailable {
		t.Errorf("/readyz without streams: %d %s", a.code, a.body)
	}
	ensure(t, conn)
	b.await("ready with no forecast", func() bool { return b.get("/readyz").code == http.StatusOK })
	for _, path := range []string{"/ping", "/health"} {
		a := b.get(path)
		if a.problem(t); a.code != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
			t.Errorf("%s without a forecast: %d %s", path, a.code, a.body)
		}
	}
	if p := b.list(""); len(p.Series) != 0 || p.Next != nil {
		t.Errorf("list without a forecast: %+v", p)
	}

	publish(t, conn, "north.m17", 1)
	newest := publish(t, conn, "north.m17", 2)
	publish(t, conn, "default.X_1-a", 3)
	b.await("two series listed", func() bool { return len(b.list("").Series) == 2 })
	for _, path := range []string{"/ping", "/health"} {
		if a := b.get(path); a.code != http.StatusOK || a.body != `{"status":"ok"}`+"\n" {
			t.Errorf("%s: %d %s", path, a.code, a.body)
		}
	}
	p := b.list("")
	if s := p.Series[1]; s.Series != "north.m17" || !s.Origin.Equal(origin) ||
		s.Source != "seasonal_naive" || s.Quality != "OK" || p.Series[0].Series != "default.X_1-a" {
		t.Errorf("list %+v", p)
	}
	if a := b.get("/v1/series"); strings.Contains(a.body, "$schema") {
		t.Errorf("answer %s has a field of the framework", a.body)
	}
	a := b.get("/v1/series/north/m17/forecast")
	if a.code != http.StatusOK || a.body != newest ||
		a.header.Get("Content-Type") != "application/json" {
		t.Errorf(
			"forecast %d %s %s, want byte for byte %s",
			a.code, a.header.Get("Content-Type"), a.body, newest,
		)
	}
}

// TestViewIsRestored: forecasts from before the start of the gateway are served.
func TestViewIsRestored(t *testing.T) {
	t.Parallel()
	conn := broker(t)
	for _, name := range []string{"m3", "m1", "m2", "m1"} {
		publish(t, conn, "north."+name, 1)
	}
	if _, err := conn.Publish(
		t.Context(), streams.ForecastSubject(meter.ID{Site: "north", Meter: "broken"}), []byte(`{}`), "",
	); err != nil {
		t.Fatal(err)
	}
	b := start(t, gateway.FromBus(conn))
	b.await("ready", func() bool { return b.get("/readyz").code == http.StatusOK })
	var got []string
	query := "?limit=2"
	for {
		p := b.list(query)
		for _, s := range p.Series {
			got = append(got, s.Series)
		}
		if p.Next == nil {
			break
		}
		query = "?limit=2&after=" + *p.Next
	}
	if want := []string{"north.m1", "north.m2", "north.m3"}; !slices.Equal(got, want) {
		t.Errorf("pages %v, want %v", got, want)
	}
	if a := b.get("/metrics"); !strings.Contains(
		a.body, `loadtide_gateway_forecasts_total{outcome="unreadable"} 1`,
	) {
		t.Error("the unreadable forecast is not counted")
	}
}

func TestSeriesWithoutAForecast(t *testing.T) {
	t.Parallel()
	conn := broker(t)
	if _, err := conn.Publish(
		t.Context(), streams.PublicReadingSubject(meter.ID{Site: "north", Meter: "m17"}),
		[]byte(`{"ts":"2026-01-31T13:00:00Z","value":1}`), "",
	); err != nil {
		t.Fatal(err)
	}
	b := start(t, gateway.FromBus(conn))
	if a := b.get("/v1/series/north/m17/forecast"); a.code != http.StatusOK ||
		a.body != `{"schema":1,"series":"north.m17","source":"none","quantiles":[]}` {
		t.Errorf("only readings: %d %s", a.code, a.body)
	}
	a := b.get("/v1/series/north/m18/forecast")
	if detail, _ := a.problem(t); a.code != http.StatusNotFound ||
		!strings.Contains(detail, "north.m18") || !strings.Contains(detail, "readings.north.m18") {
		t.Errorf("unknown series: %d %s", a.code, a.body)
	}
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	b := start(t, gateway.FromBus(broker(t)))
	for name, tc := range map[string]struct {
		method, path string
		code         int
		says         []string
	}{
		"bad site": {
			"GET", "/v1/series/no.rth/m17/forecast", 422,
			[]string{"path.site", "no.rth", "1 to 64 letters, digits"},
		},
		"bad meter": {
			"GET", "/v1/series/north/m%2017/forecast", 422,
			[]string{"path.meter", "1 to 64 letters, digits"},
		},
		"wildcard": {"GET", "/v1/series/north/%3E/forecast", 422, []string{"path.meter"}},
		"long meter": {
			"GET", "/v1/series/north/" + strings.Repeat("m", 65) + "/forecast", 422, []string{"path.meter"},
		},
		"limit 0":    {"GET", "/v1/series?limit=0", 422, []string{"query.limit", "1"}},
		"limit 1001": {"GET", "/v1/series?limit=1001", 422, []string{"query.limit", "1000"}},
		"limit word": {"GET", "/v1/series?limit=all", 422, []string{"query.limit", "all"}},
		"long after": {
			"GET", "/v1/series?after=" + strings.Repeat("a", 200), 422, []string{"query.after", "129"},
		},
		"unknown query": {"GET", "/v1/series?page=2", 422, []string{"page"}},
		"no such path":  {"GET", "/v2/nothing", 404, []string{"/v2/nothing", "/openapi.json"}},
		"wrong method":  {"DELETE", "/v1/series", 405, []string{"DELETE", "GET"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := b.do(tc.method, tc.path)
			if a.code != tc.code {
				t.Fatalf("code %d, want %d: %s", a.code, tc.code, a.body)
			}
			detail, faults := a.problem(t)
			for _, want := range tc.says {
				if !strings.Contains(detail+faults, want) {
					t.Errorf("%s does not say %q", a.body, want)
				}
			}
			if tc.code == http.StatusMethodNotAllowed && !strings.Contains(a.header.Get("Allow"), "GET") {
				t.Errorf("Allow is %q", a.header.Get("Allow"))
			}
		})
	}
}

func TestAddressesAndAdmin(t *testing.T) {
	t.Parallel()
	b := start(t, gateway.FromBus(broker(t)))
	for path, want := range map[string]string{
		"/":        "/v1/series/{site}/{meter}/forecast",
		"/version": `{"name":"loadtide","version":"0.1.0-test"}`, "/healthz": "alive",
		"/metrics": "go_goroutines",
	} {
		if a := b.get(path); a.code != http.StatusOK || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s", path, a.code, a.body)
		}
	}
}

// TestMetricLabelsAreClosed: nothing that a client sends becomes a label.
func TestMetricLabelsAreClosed(t *testing.T) {
	t.Parallel()
	b := start(t, gateway.FromBus(broker(t)))
	b.get("/v1/series/north/canary1/forecast")
	b.get("/canary2")
	b.do("CANARY3", "/v1/series")
	body := b.get("/metrics").body
	for _, want := range []string{
		`loadtide_gateway_http_request_duration_seconds_count{code="404",method="GET",route="/v1/series/{site}/{meter}/forecast"} 1`,
		`loadtide_gateway_http_request_duration_seconds_count{code="404",method="GET",route="other"} 1`,
		`loadtide_gateway_http_request_duration_seconds_count{code="405",method="other",route="other"} 1`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(strings.ToLower(body), "canary") {
		t.Error("a client's words are a label")
	}
	families, err := b.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	families = slices.DeleteFunc(
		families, func(f *dto.MetricFamily) bool { return !strings.HasPrefix(f.GetName(), "loadtide_") },
	)
	if problems, err := promlint.NewWithMetricFamilies(families).Lint(); err != nil ||
		len(problems) > 0 {
		t.Errorf("metrics: %v %v", problems, err)
	}
}

// TestOpenAPI fetches the document and compares it with the answers.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	b := start(t, gateway.FromBus(broker(t)))
	a := b.get("/openapi.json")
	var doc struct {
		OpenAPI string
		Info    struct{ Title, Version string }
		Paths   map[string]map[string]struct {
			OperationID string
			Responses   map[string]struct {
				Content map[string]struct{ Schema map[string]any }
			}
		}
		Components struct{ Schemas map[string]json.RawMessage }
	}
	if err := json.Unmarshal([]byte(a.body), &doc); err != nil || a.code != http.StatusOK {
		t.Fatalf("%d %v", a.code, err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || doc.Info.Title != "Loadtide" ||
		doc.Info.Version != "0.1.0-test" {
		t.Errorf("openapi %q, info %+v", doc.OpenAPI, doc.Info)
	}
	for path, codes := range map[string][]string{
		"/v1/series": {"200", "422"}, "/v1/models": {"200", "422", "503"},
		"/v1/series/{site}/{meter}/forecast": {"200", "404", "422", "503"},
		"/ping":                              {"200", "503"}, "/health": {"200", "503"},
		"/version": {"200"},
	} {
		op, ok := doc.Paths[path]["get"]
		if !ok || op.OperationID == "" {
			t.Errorf("no GET %s", path)
			continue
		}
		for _, code := range codes {
			if len(op.Responses[code].Content) != 1 {
				t.Errorf("GET %s: answer %s has contents %v", path, code, op.Responses[code].Content)
			}
		}
	}
	answer := doc.Paths["/v1/series/{site}/{meter}/forecast"]["get"].Responses["200"]
	schema := answer.Content["application/json"].Schema
	ref, _ := schema["$ref"].(string)
	described := string(doc.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")])
	var message map[string]any
	f := streams.Forecast{
		Series: meter.ID{Site: "a", Meter: "b"}, Origin: origin, Interval: time.Hour, Issued: origin,
		Model: &streams.Model{}, Levels: []float64{0.5}, Quantiles: []float32{1},
	}
	if err := json.Unmarshal(f.AppendJSON(nil), &message); err != nil {
		t.Fatal(err)
	}
	for field := range message {
		if !strings.Contains(described, `"`+field+`":`) {
			t.Errorf("schema %s of a forecast does not describe %s", ref, field)
		}
	}
	if hosts := strings.ReplaceAll(
		a.body, "https://example.com/", "",
	); strings.Contains(hosts, "://") {
		t.Error("the document points to another host")
	}
}

// fakeStore answers the same to every question.
type fakeStore struct{ err error }

func (f fakeStore) LastBySubject(context.Context, string, string) (bus.Message, bool, error) {
	return bus.Message{}, false, f.err
}

func (f fakeStore) StreamState(context.Context, string) (bus.StreamState, error) {
	return bus.StreamState{Messages: 1, LastSeq: 9}, nil
}

// fakeLog returns its steps one by one, then waits.
type fakeLog struct {
	mu    sync.Mutex
	steps []func() ([]bus.Message, error)
}

func (f *fakeLog) Next(ctx context.Context, dst []bus.Message, _ int) ([]bus.Message, error) {
	f.mu.Lock()
	if len(f.steps) == 0 {
		f.mu.Unlock()
		<-ctx.Done()
		return dst, ctx.Err()
	}
	step := f.steps[0]
	f.steps = f.steps[1:]
	f.mu.Unlock()
	messages, err := step()
	return append(dst, messages...), err
}

func (f *fakeLog) Close() {}

func message(series string, seq uint64) bus.Message {
	id, _ := meter.ParseID(series)
	f := streams.Forecast{
		Series: id, Origin: origin, Interval: time.Hour, Issued: origin, Levels: []float64{0.5},
		Quantiles: []float32{1},
	}
	return bus.Message{Subject: "forecasts." + series, Seq: seq, Data: f.AppendJSON(nil)}
}

func TestStreamsThatCannotBeReadAre503(t *testing.T) {
	t.Parallel()
	for name, deps := range map[string]gateway.Deps{
		"store": {
			Store:      fakeStore{errors.New("canary: connection lost")},
			Partitions: func(context.Context) (int, error) { return 8, nil },
		},
		"partitions": {Store: fakeStore{}, Partitions: func(context.Context) (int, error) {
			return 0, errors.New("canary: no R0")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deps.OpenReader = func(context.Context) (gateway.Reader, error) { return &fakeLog{}, nil }
			b := start(t, deps)
			a := b.get("/v1/series/north/m17/forecast")
			if detail, _ := a.problem(t); a.code != http.StatusServiceUnavailable ||
				a.header.Get("Retry-After") == "" || strings.Contains(detail, "canary") {
				t.Errorf("%d %s", a.code, a.body)
			}
		})
	}
}

// TestStreamMadeAgain: the sequences of a stream that was made again begin at 1, so the view
// forgets its entries.
func TestStreamMadeAgain(t *testing.T) {
	t.Parallel()
	log := &fakeLog{steps: []func() ([]bus.Message, error){
		func() ([]bus.Message, error) {
			return []bus.Message{message("a.old", 8), message("a.both", 9)}, nil
		},
		func() ([]bus.Message, error) { return nil, &bus.StreamChangedError{Stream: "FORECASTS"} },
		func() ([]bus.Message, error) { return nil, errors.New("not yet") },
		func() ([]bus.Message, error) { return []bus.Message{message("a.both", 1)}, nil },
	}}
	b := start(t, gateway.Deps{
		Store: fakeStore{}, Partitions: func(context.Context) (int, error) { return 1, nil },
		OpenReader: func(context.Context) (gateway.Reader, error) { return log, nil },
	})
	b.await("only the new stream", func() bool {
		p := b.list("")
		return len(p.Series) == 1 && p.Series[0].Series == "a.both"
	})
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	if _, err := gateway.New(gateway.Config{Listen: "nowhere"}, gateway.Deps{}); err == nil ||
		!strings.Contains(err.Error(), "http-listen") {
		t.Errorf("error %v, want one that names http-listen", err)
	}
	if _, err := gateway.New(
		flagtest.Defaults[gateway.Config](t), gateway.Deps{Metrics: prometheus.NewRegistry()},
	); err == nil {
		t.Error("missing dependencies were taken")
	}
}
