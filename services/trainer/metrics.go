package trainer

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/trainer/cycle"
	"github.com/loadtide/loadtide/streams"
)

// How a cycle ended, the closed set of label `outcome`.
const (
	outcomePromoted    = "promoted"
	outcomeRefused     = "refused"
	outcomeFailed      = "failed"
	outcomeInterrupted = "interrupted" // stopped on purpose, or its lease was lost; it is repeated
)

type instruments struct {
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

func newInstruments(reg prometheus.Registerer) *instruments {
	const subsystem = "trainer"
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: service.Namespace, Subsystem: subsystem, Name: name, Help: help}, labels)
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: service.Namespace, Subsystem: subsystem, Name: name, Help: help})
	}
	m := &instruments{
		runs:     counters("training_runs_total", "Training cycles by how they ended.", "outcome"),
		requests: counters("training_requests_total", "Wishes for a cycle, by what wished for it and the answer.", "trigger", "answer"),
		refusals: counters("gate_refusals_total", "Versions that the gate kept from serving, by check.", "check"),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: service.Namespace, Subsystem: subsystem, Name: "training_duration_seconds", Help: "Time of a cycle from reading history to the registry.",
			Buckets: prometheus.ExponentialBuckets(5, 2, 12),
		}),
		running:  gauge("training_running", "1 while this process runs a cycle."),
		progress: gauge("training_progress_ratio", "Iterations done of those of the cycle under way."),
		loss: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: service.Namespace, Subsystem: subsystem, Name: "training_loss_ratio", Help: "Mean pinball loss in scaled units, of the cycle under way, by what it is on.",
		}, []string{"on"}),
		success:    gauge("training_last_success_timestamp_seconds", "When a version was last registered by this process."),
		registryUp: gauge("registry_up", "1 when the model registry answered last."),
	}
	reg.MustRegister(m.runs, m.requests, m.refusals, m.duration, m.running, m.progress, m.loss, m.success, m.registryUp)
	for _, outcome := range []string{outcomePromoted, outcomeRefused, outcomeFailed, outcomeInterrupted} {
		m.runs.WithLabelValues(outcome)
	}
	for _, trigger := range streams.Triggers() {
		for _, answer := range []string{streams.TrainingAccepted, streams.TrainingBusy, streams.TrainingRefused} {
			m.requests.WithLabelValues(trigger, answer)
		}
	}
	for _, check := range cycle.CheckNames() {
		m.refusals.WithLabelValues(string(check))
	}
	for _, on := range []string{"training", "validation"} {
		m.loss.WithLabelValues(on)
	}
	return m
}

// see takes what is told of a cycle under way.
func (m *instruments) see(t cycle.Event) {
	if t.Kind == cycle.Progress && t.Iterations > 0 {
		m.progress.Set(float64(t.Iteration) / float64(t.Iterations))
		m.loss.WithLabelValues("training").Set(t.Loss)
		m.loss.WithLabelValues("validation").Set(t.Valid)
	}
}
