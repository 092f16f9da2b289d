package service_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/loadtide/loadtide/pkg/service"
)

func TestMetricsHaveRuntimeAndOwnMetrics(t *testing.T) {
	t.Parallel()
	reg := service.NewRegistry()
	c := prometheus.NewCounter(
		prometheus.CounterOpts{Namespace: service.Namespace, Name: "things_total", Help: "Things."},
	)
	reg.MustRegister(c)
	c.Add(3)

	rec := httptest.NewRecorder()
	service.AdminHandler(reg, &service.Health{}).ServeHTTP(
		rec, httptest.NewRequest(http.MethodGet, "/metrics", nil),
	)
	if rec.Code != http.StatusOK {
		t.Fatalf("code %d, want 200", rec.Code)
	}
	for _, want := range []string{
		"loadtide_things_total 3\n", "go_goroutines ", "process_start_time_seconds ",
	} {
		if !strings.Contains(rec.Body.String(), want) {
			t.Errorf("no %q in the answer", want)
		}
	}
}

func TestBucketsRise(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]float64{
		"latency": service.LatencyBuckets(), "size": service.SizeBuckets(), "age": service.AgeBuckets(),
	} {
		if !slices.IsSorted(b) || len(slices.Compact(slices.Clone(b))) != len(b) || b[0] <= 0 {
			t.Errorf("%s: %v does not rise strictly from above 0", name, b)
		}
	}
	if b := service.LatencyBuckets(); !slices.Contains(b, 0.2) || !slices.Contains(b, 1) {
		t.Errorf("latency: %v lacks a bound that a service level is judged at", b)
	}
}
