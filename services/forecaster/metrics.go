package forecaster

import (
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
)

// The outcomes of a message or reading, the closed set of label `outcome`.
const (
	outcomeApplied  = "applied"
	outcomeRepeated = "repeated"
	outcomeRejected = "rejected"
	outcomeHeld     = "held" // waits for others to agree; later it is applied or rejected too
)

// The stages of a batch, the closed set of label `stage`.
const (
	stageStep    = "step"    // readings to forecasts, without I/O
	stagePublish = "publish" // handing the outputs to the broker
	stageStore   = "store"   // waiting until they are stored
)

// How a change of model ended, the closed set of label `outcome`.
const (
	swapOK      = "ok"
	swapRefused = "refused" // the version cannot serve
	swapFailed  = "failed"  // the registry or a log does not answer; it is tried again
)

type metrics struct {
	readings    *prometheus.CounterVec
	late        prometheus.Counter
	rejected    *prometheus.CounterVec
	unmapped    prometheus.Counter
	registers   *prometheus.CounterVec
	published   *prometheus.CounterVec
	replaced    *prometheus.CounterVec
	skipped     prometheus.Counter
	pending     *prometheus.GaugeVec
	batch       prometheus.Histogram
	step        *prometheus.HistogramVec
	age         prometheus.Histogram
	checkpoint  prometheus.Histogram
	checkpoints *prometheus.GaugeVec
	failed      prometheus.Counter
	holes       prometheus.Counter
	restarts    prometheus.Counter
	model       *prometheus.GaugeVec
	since       *prometheus.GaugeVec
	swaps       *prometheus.CounterVec
	missed      prometheus.Counter
	events      *prometheus.CounterVec
	limits      *prometheus.CounterVec
	scores      *scoreboard
}

// newMetrics registers the metrics. Each value of a closed set of labels is 0 from the start.
func newMetrics(reg prometheus.Registerer, now func() time.Time, status *statusBoard) *metrics {
	m := &metrics{
		readings: counters("readings_total", "Readings by what became of them.", "outcome"),
		late: counter("readings_late_total",
			"Readings applied that came over 48 hours late and do not count as if in order."),
		rejected: counters("readings_rejected_total", "Readings refused, by reason.", "reason"),
		unmapped: counter("readings_unmapped_total",
			"Readings that no log took, because the NATS account does not map them."),
		registers: counters("registers_total",
			"Registers that did not count on, by what was decided.", "decision"),
		published: counters("forecasts_published_total",
			"Forecasts published, by who made them.", "source"),
		replaced: counters("forecasts_replaced_total",
			"Forecasts of the network that a simple rule replaced, by reason.", "reason"),
		skipped: counter("forecasts_replayed_total",
			"Forecasts made again after a start and found to be published already."),
		pending: gauges("consumer_pending_messages",
			"Messages in the log that are not read yet, by partition.", "partition"),
		batch: histogram("batch_series",
			"Series that a batch of readings spoke of.", service.SizeBuckets()),
		step: prometheus.NewHistogramVec(
			histogramOpts("step_duration_seconds", "Time of a batch, by stage.", service.LatencyBuckets()),
			[]string{"stage"},
		),
		age: histogram("reading_age_seconds",
			"From the broker's timestamp of a reading to its forecast stored, replay excluded.",
			service.LatencyBuckets()),
		checkpoint: histogram("checkpoint_duration_seconds",
			"Time to write a checkpoint.", service.LatencyBuckets()),
		checkpoints: gauges("checkpoint_last_success_timestamp_seconds",
			"When the last checkpoint was written, by partition.", "partition"),
		failed: counter("checkpoint_failures_total", "Checkpoints that could not be written."),
		holes: counter("log_holes_total",
			"Holes met in the sequence of a log: readings that retention took before they were "+
				"read."),
		restarts: counter("partition_restarts_total",
			"Times that a partition was started again after a failure."),
		model: gauges("model_info",
			"The models in force, by the interval of the series that they serve, value 1.",
			"version", "alias", "interval"),
		since: gauges("model_since_timestamp_seconds",
			"When the models in force were written into the logs.", "alias", "interval"),
		missed: counter("scores_missed_total",
			"Forecasts of a lead that were never scored: their actual did not come while they "+
				"were held."),
		events: counters("series_events_total", "Events about series, by type.", "type"),
		limits: counters("limit_events_total", "Events about limits of series, by type.", "type"),
		scores: newScoreboard(now),
		swaps:  counters("model_swaps_total", "Changes of model by outcome.", "outcome"),
	}
	reg.MustRegister(
		m.readings, m.late, m.rejected, m.unmapped, m.registers, m.published, m.replaced, m.skipped,
		m.pending, m.batch,
		m.step, m.age, m.checkpoint, m.checkpoints, m.failed, m.holes, m.restarts, m.model, m.swaps,
		m.since, m.missed, m.events, m.limits, m.scores, newSeriesGauges(status),
	)
	m.setZeros()
	return m
}

// setZeros makes a counter for each value of the closed sets of labels.
func (m *metrics) setZeros() {
	for _, kind := range streams.LimitEvents() {
		m.limits.WithLabelValues(limitLabel(kind))
	}
	for _, kind := range streams.SeriesEvents() {
		m.events.WithLabelValues(eventLabel(kind))
	}
	for _, stage := range []string{stageStep, stagePublish, stageStore} {
		m.step.WithLabelValues(stage)
	}
	for _, outcome := range []string{swapOK, swapRefused, swapFailed} {
		m.swaps.WithLabelValues(outcome)
	}
	for _, source := range meter.Sources() {
		m.published.WithLabelValues(string(source))
	}
	for _, reason := range []meter.Reason{meter.ReasonNotFinite, meter.ReasonOutOfRange} {
		m.replaced.WithLabelValues(string(reason))
	}
	for _, decision := range []string{"reset", "roll_over", "exchange", "momentary"} {
		m.registers.WithLabelValues(decision)
	}
	for _, outcome := range []string{outcomeApplied, outcomeRepeated, outcomeRejected, outcomeHeld} {
		m.readings.WithLabelValues(outcome)
	}
	for _, reason := range meter.Reasons() {
		m.rejected.WithLabelValues(string(reason))
	}
}

func opts(name, help string) prometheus.Opts {
	return prometheus.Opts{
		Namespace: service.Namespace, Subsystem: "forecaster", Name: name, Help: help,
	}
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts(opts(name, help)))
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts(opts(name, help)), labels)
}

func gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts(opts(name, help)), labels)
}

func histogram(name, help string, buckets []float64) prometheus.Histogram {
	return prometheus.NewHistogram(histogramOpts(name, help, buckets))
}

func histogramOpts(name, help string, buckets []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Namespace: service.Namespace, Subsystem: "forecaster", Name: name, Help: help,
		Buckets: buckets,
	}
}

func label(partition int) string { return strconv.Itoa(partition) }

// eventLabel is the label `type` of an event about a series.
func eventLabel(kind string) string { return strings.TrimPrefix(kind, "series.") }

// limitLabel is the label `type` of an event about a limit.
func limitLabel(kind string) string { return strings.TrimPrefix(kind, "limit.") }

func (m *metrics) stage(stage string, took time.Duration) {
	m.step.WithLabelValues(stage).Observe(took.Seconds())
}

func (m *metrics) count(r *Result) {
	if r.Series > 0 {
		m.batch.Observe(float64(r.Series))
	}
	m.missed.Add(float64(r.Unscored))
	m.readings.WithLabelValues(outcomeApplied).Add(float64(r.Applied))
	m.late.Add(float64(r.Late))
	m.readings.WithLabelValues(outcomeRepeated).Add(float64(r.Repeated))
	m.readings.WithLabelValues(outcomeHeld).Add(float64(r.Held))
	m.registers.WithLabelValues("reset").Add(float64(r.Registers.Resets))
	m.registers.WithLabelValues("roll_over").Add(float64(r.Registers.RollOvers))
	m.registers.WithLabelValues("exchange").Add(float64(r.Registers.Exchanges))
	m.registers.WithLabelValues("momentary").Add(float64(r.Registers.Momentary))
	for reason, n := range r.Rejections {
		m.readings.WithLabelValues(outcomeRejected).Add(float64(n))
		m.rejected.WithLabelValues(string(reason)).Add(float64(n))
	}
}
