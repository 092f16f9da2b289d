package trainer

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/trainer/cycle"
	"github.com/loadtide/loadtide/streams"
)

const subsystem = "trainer"

// How a cycle ended, the closed set of label `outcome`.
const (
	outcomePromoted    = "promoted"
	outcomeRefused     = "refused"
	outcomeFailed      = "failed"
	outcomeInterrupted = "interrupted" // stopped, or the lease was lost; the cycle is repeated
)

// Values of label `on`.
const (
	onTraining   = "training"
	onValidation = "validation"
)

type metrics struct {
	runs       *prometheus.CounterVec
	requests   *prometheus.CounterVec
	refusals   *prometheus.CounterVec
	duration   prometheus.Histogram
	running    prometheus.Gauge
	progress   prometheus.Gauge
	loss       *prometheus.GaugeVec
	success    prometheus.Gauge
	registryUp prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		runs: counters("training_runs_total", "Training cycles by how they ended.", "outcome"),
		requests: counters("training_requests_total",
			"Requests for a cycle, by trigger and answer.", "trigger", "answer"),
		refusals: counters("gate_refusals_total",
			"Versions that the gate kept from serving, by check.", "check"),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: service.Namespace, Subsystem: subsystem, Name: "training_duration_seconds",
			Help:    "Time of a cycle from reading history to the registry.",
			Buckets: prometheus.ExponentialBuckets(5, 2, 12),
		}),
		running: gauge("training_running", "1 while this process runs a cycle."),
		progress: gauge("training_progress_ratio",
			"Iterations done of those of the cycle under way."),
		loss: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: service.Namespace, Subsystem: subsystem, Name: "training_loss_ratio",
			Help: "Mean pinball loss in scaled units, of the cycle under way, by what it is on.",
		}, []string{"on"}),
		success: gauge("training_last_success_timestamp_seconds",
			"When a version was last registered by this process."),
		registryUp: gauge("registry_up", "1 when the model registry answered last."),
	}
	reg.MustRegister(m.runs, m.requests, m.refusals, m.duration, m.running, m.progress, m.loss,
		m.success, m.registryUp)
	m.zero()
	return m
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	opts := prometheus.CounterOpts{Namespace: service.Namespace, Subsystem: subsystem, Name: name,
		Help: help}
	return prometheus.NewCounterVec(opts, labels)
}

func gauge(name, help string) prometheus.Gauge {
	opts := prometheus.GaugeOpts{Namespace: service.Namespace, Subsystem: subsystem, Name: name,
		Help: help}
	return prometheus.NewGauge(opts)
}

// zero makes every series of the metrics with labels, so that a rate sees the first increase.
func (m *metrics) zero() {
	for _, outcome := range []string{outcomePromoted, outcomeRefused, outcomeFailed,
		outcomeInterrupted} {
		m.runs.WithLabelValues(outcome)
	}
	for _, trigger := range streams.Triggers() {
		for _, answer := range []string{streams.TrainingAccepted, streams.TrainingBusy,
			streams.TrainingRefused} {
			m.requests.WithLabelValues(trigger, answer)
		}
	}
	for _, check := range cycle.RefusingChecks() {
		m.refusals.WithLabelValues(string(check))
	}
	for _, on := range []string{onTraining, onValidation} {
		m.loss.WithLabelValues(on)
	}
}

// report takes the events of the running cycle.
func (m *metrics) report(e cycle.Event) {
	if e.Kind == cycle.Progress && e.Iterations > 0 {
		m.progress.Set(float64(e.Iteration) / float64(e.Iterations))
		m.loss.WithLabelValues(onTraining).Set(e.Loss)
		m.loss.WithLabelValues(onValidation).Set(e.Valid)
	}
}
