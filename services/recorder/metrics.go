package recorder

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/service"
)

// Values of the label outcome. The outcomes of a failed write are the kinds of package influx.
const (
	outcomeStored     = "stored"
	outcomeUnreadable = "unreadable" // of a message: it cannot be decoded
	outcomeLost       = "lost"       // of a message: retention has removed it
	outcomeRefused    = "refused"    // of a point: InfluxDB will never store it
	outcomeExpired    = "expired"    // of a point: older than the retention of the bucket
)

type metrics struct {
	messages    *prometheus.CounterVec // by stream and outcome
	points      *prometheus.CounterVec // by stream and outcome
	writes      *prometheus.CounterVec // requests by outcome
	duration    prometheus.Histogram
	age         prometheus.Histogram
	pending     *prometheus.GaugeVec // by stream
	lastSuccess prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	name := func(name, help string) prometheus.Opts {
		return prometheus.Opts{
			Namespace: service.Namespace, Subsystem: "recorder", Name: name, Help: help,
		}
	}
	byStream := func(n, help string, outcomes ...string) *prometheus.CounterVec {
		vec := prometheus.NewCounterVec(prometheus.CounterOpts(name(n, help)), []string{
			"stream", "outcome",
		})
		for _, kind := range kinds() {
			for _, outcome := range outcomes {
				// a series that exists from the start has a rate from the start
				vec.WithLabelValues(kind, outcome)
			}
		}
		return vec
	}
	m := &metrics{
		messages: byStream("messages_total", "Messages of the streams, by outcome.", outcomeStored,
			outcomeUnreadable, outcomeLost),
		points: byStream("points_total", "Points for InfluxDB, by outcome.", outcomeStored,
			outcomeRefused, outcomeExpired),
		writes: prometheus.NewCounterVec(prometheus.CounterOpts(name("writes_total",
			"Write requests to InfluxDB, by outcome.")), []string{"outcome"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: service.Namespace, Subsystem: "recorder", Name: "write_duration_seconds",
			Help:    "Time of one write request to InfluxDB, failed ones included.",
			Buckets: service.LatencyBuckets(),
		}),
		age: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: service.Namespace, Subsystem: "recorder", Name: "forecast_age_seconds",
			Help:    "Age of a forecast in the stream when it was stored in InfluxDB.",
			Buckets: service.AgeBuckets(),
		}),
		pending: prometheus.NewGaugeVec(prometheus.GaugeOpts(name("consumer_pending_messages",
			"Messages in the streams that are not recorded yet.")), []string{"stream"}),
		lastSuccess: prometheus.NewGauge(prometheus.GaugeOpts(
			name("write_last_success_timestamp_seconds", "When InfluxDB last stored a write."),
		)),
	}
	m.writes.WithLabelValues(outcomeStored)
	for _, kind := range influx.Kinds() {
		m.writes.WithLabelValues(string(kind))
	}
	for _, kind := range kinds() {
		m.pending.WithLabelValues(kind)
	}
	reg.MustRegister(m.messages, m.points, m.writes, m.duration, m.age, m.pending, m.lastSuccess)
	return m
}
