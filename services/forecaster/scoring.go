package forecaster

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model/base"
	"github.com/loadtide/loadtide/pkg/service"
)

// scoreHours is how many hours back the ratios look.
const scoreHours = 24

// Who made a scored forecast, the closed set of label `alias`.
const (
	makerChampion = "champion" // the champion in force
	makerBase     = "base"     // a base model
	makerPrevious = "previous" // a model before it
	makerRule     = "rule"     // a simple rule
)

// scoreboard is the end of the monitoring path: the collector of the scores of all series. It sums
// scores that are divided by the usual size of their series, within mostTimesUsual. The first score
// of an interval counts; a correction of it is only counted as a revision. It is safe for concurrent
// use.
type scoreboard struct {
	now func() time.Time

	mu      sync.Mutex
	tallies map[scoreKey]*tally
	revised float64

	count, pinball, naive, paired, absError, actual, covered, revisions *prometheus.Desc // counters
	pinballRatio, wapeRatio, coverageRatio, skillRatio                  *prometheus.Desc // gauges
}

// scoreKey has the values of the labels that all scores have. The name of a lead means the same
// time for all intervals.
type scoreKey struct{ maker, interval, lead string }

// values returns the values in the order of scoreLabels, and behind them those of one metric.
func (k scoreKey) values(more ...string) []string {
	return append([]string{k.maker, k.interval, k.lead}, more...)
}

var scoreLabels = []string{"alias", "interval", "lead"}

// sums are sums over scores. Pinball, paired, naive, absError (of the median) and actual are
// divided by the usual size of the series. paired is the pinball loss of the scores that have a
// naive one.
type sums struct {
	scores, pinball, paired, naive, absError, actual float64

	inside50, of50, inside80, of80 float64
}

// tally has the sums since the start, and those of the last hours.
type tally struct {
	all   sums
	hours [scoreHours]struct {
		hour int64
		sums
	}
}

func newScoreboard(now func() time.Time) *scoreboard {
	plain := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(
			prometheus.BuildFQName(service.Namespace, "forecaster", name), help, labels, nil,
		)
	}
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return plain(name, help, slices.Concat(scoreLabels, labels)...)
	}
	return &scoreboard{
		now: now, tallies: map[scoreKey]*tally{},
		count: desc("scores_total",
			"Forecasts of a lead that met their actual, by who made them."),
		pinball: desc("score_pinball_total",
			"Sum of their pinball loss, each divided by the usual size of its series."),
		naive: desc("score_pinball_naive_total",
			"The same of the value of a day before, where that is known."),
		paired: desc("score_paired_pinball_total",
			"Sum of pinball loss of the scores that have a naive one beside them."),
		absError: desc("score_error_total",
			"Sum of the absolute errors of their medians, each divided by the usual size of its "+
				"series."),
		actual: desc("score_actual_total",
			"Sum of their actuals' magnitudes, each divided by the usual size of its series."),
		covered: desc("score_covered_total",
			"Scores whose actual lay inside the central interval.", "band"),
		revisions: plain("scores_revised_total", "Scores that a correction changed or took back."),

		pinballRatio: desc("score_pinball_ratio",
			"Pinball loss by size of the actuals, of the last 24 h."),
		wapeRatio: desc("score_wape_ratio",
			"Absolute error of the median by size of the actuals, of the last 24 h."),
		coverageRatio: desc("score_coverage_ratio",
			"Share of actuals inside the central interval, of the last 24 h.", "band"),
		skillRatio: desc("score_skill_ratio",
			"Gain over the value of a day before, 1 less the ratio of the losses, of the last 24 "+
				"h."),
	}
}

// add counts one score.
func (b *scoreboard) add(s *engine.Score) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.Revision > 0 || s.Void {
		b.revised++
		return
	}
	hour, interval := b.now().Unix()/meter.HourSeconds, time.Duration(s.Interval)*time.Second
	for i := range s.Leads {
		l := &s.Leads[i]
		key := scoreKey{
			makerRule, meter.IntervalName(interval), accuracy.LeadName(l.Lead, interval),
		}
		switch {
		case l.Version == base.Version:
			key.maker = makerBase
		case l.InForce:
			key.maker = makerChampion
		case l.Source == meter.SourceLSTM:
			key.maker = makerPrevious
		}
		t, ok := b.tallies[key]
		if !ok {
			t = &tally{}
			b.tallies[key] = t
		}
		one := sumsOf(s, l)
		t.all.add(&one)
		h := &t.hours[hour%scoreHours]
		if h.hour != hour {
			h.hour, h.sums = hour, sums{}
		}
		h.add(&one)
	}
}

// mostTimesUsual bounds a score in times of the usual size of its series. A meter that wakes up, or
// whose readings are wrong by a factor of thousands, would make the ratios of all its own.
const mostTimesUsual = 10

func sumsOf(s *engine.Score, l *engine.LeadScore) sums {
	one := sums{scores: 1}
	if s.Usual > 0 {
		actual, err := math.Abs(float64(s.Actual)), math.Abs(l.Error)
		largest := max(actual, err, l.Pinball)
		if !math.IsNaN(l.Naive) {
			largest = max(largest, l.Naive)
		}
		size := max(float64(s.Usual), largest/mostTimesUsual)
		one.pinball, one.absError, one.actual = l.Pinball/size, err/size, actual/size
		if !math.IsNaN(l.Naive) {
			one.paired, one.naive = l.Pinball/size, l.Naive/size
		}
	}
	one.of50, one.inside50 = number(l.Has50), number(l.Has50 && l.Inside50)
	one.of80, one.inside80 = number(l.Has80), number(l.Has80 && l.Inside80)
	return one
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (s *sums) add(o *sums) {
	s.scores += o.scores
	s.pinball += o.pinball
	s.paired += o.paired
	s.naive += o.naive
	s.absError += o.absError
	s.actual += o.actual
	s.inside50 += o.inside50
	s.of50 += o.of50
	s.inside80 += o.inside80
	s.of80 += o.of80
}

// lastDay returns the sums of the last 24 hours.
func (t *tally) lastDay(now time.Time) sums {
	var s sums
	for i := range t.hours {
		if h := &t.hours[i]; h.hour > now.Unix()/meter.HourSeconds-scoreHours {
			s.add(&h.sums)
		}
	}
	return s
}

// Describe implements prometheus.Collector.
func (b *scoreboard) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		b.count, b.pinball, b.naive, b.paired, b.absError, b.actual, b.covered, b.revisions,
		b.pinballRatio, b.wapeRatio, b.coverageRatio, b.skillRatio,
	} {
		to <- d
	}
}

// Collect implements prometheus.Collector. It leaves out a ratio whose denominator is 0.
func (b *scoreboard) Collect(to chan<- prometheus.Metric) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	ratio := func(d *prometheus.Desc, part, whole float64, labels ...string) {
		if whole > 0 {
			to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, part/whole, labels...)
		}
	}
	counter(b.revisions, b.revised)
	for key, t := range b.tallies {
		counter(b.count, t.all.scores, key.values()...)
		counter(b.pinball, t.all.pinball, key.values()...)
		counter(b.naive, t.all.naive, key.values()...)
		counter(b.paired, t.all.paired, key.values()...)
		counter(b.absError, t.all.absError, key.values()...)
		counter(b.actual, t.all.actual, key.values()...)
		counter(b.covered, t.all.inside50, key.values("50")...)
		counter(b.covered, t.all.inside80, key.values("80")...)
		s := t.lastDay(now)
		ratio(b.pinballRatio, s.pinball, s.actual, key.values()...)
		ratio(b.wapeRatio, s.absError, s.actual, key.values()...)
		ratio(b.coverageRatio, s.inside50, s.of50, key.values("50")...)
		ratio(b.coverageRatio, s.inside80, s.of80, key.values("80")...)
		ratio(b.skillRatio, s.naive-s.paired, s.naive, key.values()...)
	}
}

// seriesGauges is the collector of the numbers of series: by state and source, and of those that
// pass their limit.
type seriesGauges struct {
	board          *statusBoard
	series, passed *prometheus.Desc
}

func newSeriesGauges(b *statusBoard) *seriesGauges {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		name = prometheus.BuildFQName(service.Namespace, "forecaster", name)
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &seriesGauges{
		board: b,
		series: desc("series",
			"Series by how up to date they are and who makes their forecasts.", "state", "source"),
		passed: desc("limit_passed_series", "Series whose forecasts pass their limit."),
	}
}

// Describe implements prometheus.Collector.
func (s *seriesGauges) Describe(to chan<- *prometheus.Desc) {
	to <- s.series
	to <- s.passed
}

// Collect implements prometheus.Collector.
func (s *seriesGauges) Collect(to chan<- prometheus.Metric) {
	for one, n := range s.board.standing() {
		to <- prometheus.MustNewConstMetric(
			s.series, prometheus.GaugeValue, float64(n), one.state, one.source,
		)
	}
	to <- prometheus.MustNewConstMetric(
		s.passed, prometheus.GaugeValue, float64(s.board.limitsPassed()),
	)
}
