package recorder

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/metrics"
)

// Outcomes that metrics tell apart; those of a failed write are the kinds of package influx.
const (
	outcomeStored     = "stored"
	outcomeRefused    = "refused"
	outcomeUnreadable = "unreadable"
)

type recorderMetrics struct {
	messages    *prometheus.CounterVec // forecasts by outcome
	points      *prometheus.CounterVec // points by outcome
	writes      *prometheus.CounterVec // requests by outcome
	duration    prometheus.Histogram
	age         prometheus.Histogram
	pending     prometheus.Gauge
	lastSuccess prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *recorderMetrics {
	counter := func(name, help string, outcomes ...string) *prometheus.CounterVec {
		vec := prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: metrics.Namespace, Subsystem: "recorder", Name: name, Help: help,
		}, []string{"outcome"})
		for _, outcome := range outcomes {
			vec.WithLabelValues(outcome) // a series that is there from the start has a rate from the start
		}
		reg.MustRegister(vec)
		return vec
	}
	writes := []string{outcomeStored}
	for _, kind := range influx.Kinds() {
		writes = append(writes, string(kind))
	}
	m := &recorderMetrics{
		messages: counter("messages_total", "Forecasts taken from the stream, by outcome.", outcomeStored, outcomeUnreadable),
		points:   counter("points_total", "Points for InfluxDB, by outcome.", outcomeStored, outcomeRefused),
		writes:   counter("writes_total", "Write requests to InfluxDB, by outcome.", writes...),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: metrics.Namespace, Subsystem: "recorder", Name: "write_duration_seconds",
			Help: "Time of one write request to InfluxDB, failed ones included.", Buckets: metrics.LatencyBuckets(),
		}),
		age: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: metrics.Namespace, Subsystem: "recorder", Name: "forecast_age_seconds",
			Help: "Age of a forecast in the stream when it was stored in InfluxDB.", Buckets: metrics.AgeBuckets(),
		}),
		pending: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: metrics.Namespace, Subsystem: "recorder", Name: "consumer_pending_messages",
			Help: "Forecasts that wait in the stream behind the batch in hand.",
		}),
		lastSuccess: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: metrics.Namespace, Subsystem: "recorder", Name: "write_last_success_timestamp_seconds",
			Help: "When InfluxDB last stored a write.",
		}),
	}
	reg.MustRegister(m.duration, m.age, m.pending, m.lastSuccess)
	return m
}
