package gateway

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/loadtide/loadtide/pkg/service"
)

// Values of the label outcome of a message.
const (
	outcomeSeen       = "seen"
	outcomeUnreadable = "unreadable"
)

type metrics struct {
	requests *prometheus.HistogramVec
	messages *prometheus.CounterVec
	series   prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: service.Namespace, Subsystem: "gateway",
			Name:    "http_request_duration_seconds",
			Help:    "Time to answer a request, by route, method and status code.",
			Buckets: service.LatencyBuckets(),
		}, []string{"route", "method", "code"}),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: service.Namespace, Subsystem: "gateway", Name: "forecasts_total",
			Help: "Forecasts read from the stream for the list of series, by outcome.",
		}, []string{"outcome"}),
		series: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: service.Namespace, Subsystem: "gateway", Name: "series",
			Help: "Series with a forecast.",
		}),
	}
	reg.MustRegister(m.requests, m.messages, m.series)
	for _, outcome := range []string{outcomeSeen, outcomeUnreadable} {
		m.messages.WithLabelValues(outcome)
	}
	return m
}

// observe measures the answers of next. The labels are a closed set for any request (I9): the route
// is the matching pattern and never the path, an unknown method is "other", and the code is a
// status code.
func (m *metrics) observe(next http.Handler, now func() time.Time) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := now()
		recorder := &statusRecorder{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(recorder, r)
		m.requests.WithLabelValues(routeLabel(r.Pattern), methodLabel(r.Method),
			strconv.Itoa(recorder.code)).
			Observe(now().Sub(began).Seconds())
	})
}

// routeLabel returns the path of a pattern such as "GET /v1/series", and "other" for no pattern.
func routeLabel(pattern string) string {
	if pattern == "" {
		return "other"
	}
	if _, path, ok := strings.Cut(pattern, " "); ok {
		return path
	}
	return pattern
}

func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// statusRecorder notes the status code of an answer.
type statusRecorder struct {
	http.ResponseWriter
	code int
}

func (r *statusRecorder) WriteHeader(code int) {
	if code >= http.StatusOK { // 1xx go before the answer
		r.code = code
	}
	r.ResponseWriter.WriteHeader(code)
}

// Unwrap returns the wrapped writer, for http.ResponseController.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
