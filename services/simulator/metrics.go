package simulator

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/loadtide/loadtide/pkg/service"
)

type metrics struct {
	readings *prometheus.CounterVec // acknowledged, by phase
	faults   *prometheus.CounterVec // readings with simulated faults, by fault
	failures prometheus.Counter
	newest   prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	const subsystem = "simulator"
	m := &metrics{
		readings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: service.Namespace, Subsystem: subsystem, Name: "readings_total",
			Help: "Simulated readings that were acknowledged.",
		}, []string{"phase"}),
		faults: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: service.Namespace, Subsystem: subsystem, Name: "faults_total",
			Help: "Simulated readings that were acknowledged and went wrong on purpose.",
		}, []string{"fault"}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: service.Namespace, Subsystem: subsystem, Name: "publish_failures_total",
			Help: "Steps that were not acknowledged and published again.",
		}),
		newest: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: service.Namespace, Subsystem: subsystem,
			Name: "newest_hour_timestamp_seconds",
			Help: "Time until which all readings were acknowledged.",
		}),
	}
	for _, phase := range []Phase{PhaseHistory, PhaseReplay, PhaseLive} {
		// a series that exists from the start has a rate from the start
		m.readings.WithLabelValues(string(phase))
	}
	reg.MustRegister(m.readings, m.faults, m.failures, m.newest)
	return m
}
