package forecaster

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/loadtide/loadtide/pkg/metrics"
	"github.com/loadtide/loadtide/streams"
)

// What becomes of a message or reading, the closed set of label `outcome`.
const (
	outcomeApplied  = "applied"
	outcomeRepeated = "repeated"
	outcomeRejected = "rejected"
	outcomeHeld     = "held" // waits for others to agree; later it is applied or rejected too
)

type instruments struct {
	readings    *prometheus.CounterVec
	rejected    *prometheus.CounterVec
	registers   *prometheus.CounterVec
	published   *prometheus.CounterVec
	skipped     prometheus.Counter
	series      *prometheus.GaugeVec
	pending     *prometheus.GaugeVec
	batch       prometheus.Histogram
	step        prometheus.Histogram
	age         prometheus.Histogram
	checkpoint  prometheus.Histogram
	checkpoints *prometheus.GaugeVec
	failed      prometheus.Counter
	holes       prometheus.Counter
	restarts    prometheus.Counter
	model       *prometheus.GaugeVec
	swaps       *prometheus.CounterVec
}

func newInstruments(reg prometheus.Registerer) *instruments {
	const service = "forecaster"
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: metrics.Namespace, Subsystem: service, Name: name, Help: help})
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: metrics.Namespace, Subsystem: service, Name: name, Help: help}, labels)
	}
	gauges := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: metrics.Namespace, Subsystem: service, Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: metrics.Namespace, Subsystem: service, Name: name, Help: help, Buckets: buckets})
	}
	m := &instruments{
		readings:    counters("readings_total", "Readings by what became of them.", "outcome"),
		rejected:    counters("readings_rejected_total", "Readings refused, by reason.", "reason"),
		registers:   counters("registers_total", "Registers that did not count on, by what was decided.", "decision"),
		published:   counters("forecasts_published_total", "Forecasts published, by who made them.", "source"),
		skipped:     counter("forecasts_replayed_total", "Forecasts made again after a start and found to be published already."),
		series:      gauges("series", "Series with a state, by partition.", "partition"),
		pending:     gauges("consumer_pending_messages", "Messages in the log that are not read yet, by partition.", "partition"),
		batch:       histogram("batch_messages", "Messages taken in one step.", prometheus.ExponentialBuckets(1, 2, 14)),
		step:        histogram("step_duration_seconds", "Time of one step without I/O.", metrics.LatencyBuckets()),
		age:         histogram("reading_age_seconds", "From the broker's timestamp of a reading to its forecast stored, replay excluded.", metrics.LatencyBuckets()),
		checkpoint:  histogram("checkpoint_duration_seconds", "Time to write a checkpoint.", metrics.LatencyBuckets()),
		checkpoints: gauges("checkpoint_last_success_timestamp_seconds", "When the last checkpoint was written, by partition.", "partition"),
		failed:      counter("checkpoint_failures_total", "Checkpoints that could not be written."),
		holes:       counter("log_holes_total", "Holes met in the sequence of a log: readings that retention took before they were read."),
		restarts:    counter("partition_restarts_total", "Times that a partition was started again after a failure."),
		model:       gauges("model_info", "The model in force, value 1.", "version", "alias"),
		swaps:       counters("model_swaps_total", "Changes of model by outcome.", "outcome"),
	}
	reg.MustRegister(m.readings, m.rejected, m.registers, m.published, m.skipped, m.series, m.pending, m.batch, m.step, m.age,
		m.checkpoint, m.checkpoints, m.failed, m.holes, m.restarts, m.model, m.swaps)
	for _, outcome := range []string{outcomeApplied, outcomeRepeated, outcomeRejected, outcomeHeld} {
		m.readings.WithLabelValues(outcome)
	}
	for _, reason := range streams.Reasons() {
		m.rejected.WithLabelValues(string(reason))
	}
	return m
}

func label(partition int) string { return strconv.Itoa(partition) }

func (m *instruments) count(r *Result) {
	m.readings.WithLabelValues(outcomeApplied).Add(float64(r.Applied))
	m.readings.WithLabelValues(outcomeRepeated).Add(float64(r.Repeated))
	m.readings.WithLabelValues(outcomeHeld).Add(float64(r.Held))
	m.registers.WithLabelValues("reset").Add(float64(r.Registers.Resets))
	m.registers.WithLabelValues("roll_over").Add(float64(r.Registers.RollOvers))
	m.registers.WithLabelValues("exchange").Add(float64(r.Registers.Exchanges))
	for reason, n := range r.Rejections {
		m.readings.WithLabelValues(outcomeRejected).Add(float64(n))
		m.rejected.WithLabelValues(string(reason)).Add(float64(n))
	}
}
