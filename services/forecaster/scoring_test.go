package forecaster

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model/base"
)

// scoreOf is one score of one lead.
func scoreOf(
	usual, actual float32, held accuracy.Held, source meter.Source, inForce bool,
) *engine.Score {
	return &engine.Score{
		Interval: meter.HourSeconds, Actual: actual, Usual: usual,
		Leads: []engine.LeadScore{{Held: held, Source: source, InForce: inForce}},
	}
}

// heldOf is a forecast held against a reading that lies inside the central 80 %, or outside.
func heldOf(lead int, pinball, naive float64, inside bool) accuracy.Held {
	return accuracy.Held{
		Lead: lead, Error: -2 * pinball, Pinball: pinball, Naive: naive, Has80: true, Inside80: inside,
		Has50: true,
	}
}

// TestScoreboard: series of any size have the same weight. Ratios are of the last day, counters of
// all time, and each maker has its own.
func TestScoreboard(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 10, 30, 0, 0, time.UTC)
	b := newScoreboard(func() time.Time { return now })
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(b)

	// a factory, soon two days old
	b.add(scoreOf(1000, 2000, heldOf(24, 300, 400, false), meter.SourceLSTM, true))
	now = now.Add(25 * time.Hour)
	b.add(scoreOf(1000, 1000, heldOf(24, 100, 200, true), meter.SourceLSTM, true))
	// a roof, without a day before
	b.add(scoreOf(1, -1, heldOf(24, 0.2, math.NaN(), false), meter.SourceLSTM, true))
	b.add(scoreOf(0, 0, heldOf(24, 0, 0, true), meter.SourceLSTM, true)) // nothing at all
	b.add(scoreOf(1, 1, heldOf(24, 0.5, 0.5, true), meter.SourceLSTM, false))
	b.add(scoreOf(1, 1, heldOf(1, 0.5, 0.5, true), meter.SourceSeasonalNaive, false))
	revised := scoreOf(1, 1, heldOf(24, 50, 0.5, true), meter.SourceLSTM, true)
	revised.Revision = 1
	b.add(revised)

	err := testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP loadtide_forecaster_score_coverage_ratio Share of actuals inside the central interval, of the last 24 h.
# TYPE loadtide_forecaster_score_coverage_ratio gauge
loadtide_forecaster_score_coverage_ratio{alias="champion",band="50",interval="1h",lead="24h"} 0
loadtide_forecaster_score_coverage_ratio{alias="champion",band="80",interval="1h",lead="24h"} 0.6666666666666666
loadtide_forecaster_score_coverage_ratio{alias="previous",band="50",interval="1h",lead="24h"} 0
loadtide_forecaster_score_coverage_ratio{alias="previous",band="80",interval="1h",lead="24h"} 1
loadtide_forecaster_score_coverage_ratio{alias="rule",band="50",interval="1h",lead="first"} 0
loadtide_forecaster_score_coverage_ratio{alias="rule",band="80",interval="1h",lead="first"} 1
# HELP loadtide_forecaster_score_pinball_ratio Pinball loss by size of the actuals, of the last 24 h.
# TYPE loadtide_forecaster_score_pinball_ratio gauge
loadtide_forecaster_score_pinball_ratio{alias="champion",interval="1h",lead="24h"} 0.15000000000000002
loadtide_forecaster_score_pinball_ratio{alias="previous",interval="1h",lead="24h"} 0.5
loadtide_forecaster_score_pinball_ratio{alias="rule",interval="1h",lead="first"} 0.5
# HELP loadtide_forecaster_score_skill_ratio Gain over the value of a day before, 1 less the ratio of the losses, of the last 24 h.
# TYPE loadtide_forecaster_score_skill_ratio gauge
loadtide_forecaster_score_skill_ratio{alias="champion",interval="1h",lead="24h"} 0.5
loadtide_forecaster_score_skill_ratio{alias="previous",interval="1h",lead="24h"} 0
loadtide_forecaster_score_skill_ratio{alias="rule",interval="1h",lead="first"} 0
# HELP loadtide_forecaster_score_wape_ratio Absolute error of the median by size of the actuals, of the last 24 h.
# TYPE loadtide_forecaster_score_wape_ratio gauge
loadtide_forecaster_score_wape_ratio{alias="champion",interval="1h",lead="24h"} 0.30000000000000004
loadtide_forecaster_score_wape_ratio{alias="previous",interval="1h",lead="24h"} 1
loadtide_forecaster_score_wape_ratio{alias="rule",interval="1h",lead="first"} 1
# HELP loadtide_forecaster_scores_total Forecasts of a lead that met their actual, by who made them.
# TYPE loadtide_forecaster_scores_total counter
loadtide_forecaster_scores_total{alias="champion",interval="1h",lead="24h"} 4
loadtide_forecaster_scores_total{alias="previous",interval="1h",lead="24h"} 1
loadtide_forecaster_scores_total{alias="rule",interval="1h",lead="first"} 1
# HELP loadtide_forecaster_scores_revised_total Scores that a correction changed or took back.
# TYPE loadtide_forecaster_scores_revised_total counter
loadtide_forecaster_scores_revised_total 1
# HELP loadtide_forecaster_score_paired_pinball_total Sum of pinball loss of the scores that have a naive one beside them.
# TYPE loadtide_forecaster_score_paired_pinball_total counter
loadtide_forecaster_score_paired_pinball_total{alias="champion",interval="1h",lead="24h"} 0.4
loadtide_forecaster_score_paired_pinball_total{alias="previous",interval="1h",lead="24h"} 0.5
loadtide_forecaster_score_paired_pinball_total{alias="rule",interval="1h",lead="first"} 0.5
`), "loadtide_forecaster_score_coverage_ratio", "loadtide_forecaster_score_pinball_ratio",
		"loadtide_forecaster_score_wape_ratio", "loadtide_forecaster_score_skill_ratio",
		"loadtide_forecaster_scores_total", "loadtide_forecaster_scores_revised_total",
		"loadtide_forecaster_score_paired_pinball_total")
	if err != nil {
		t.Error(err)
	}
	now = now.Add(48 * time.Hour)
	if n := testutil.CollectAndCount(b, "loadtide_forecaster_score_skill_ratio"); n != 0 {
		t.Errorf("%d ratios of a day without scores", n)
	}
}

// A meter that wakes up or lies weighs as one of ten times its usual size: the ratios stay those of
// the fleet. Its own ratio of model and rule stays too.
func TestOneMeterDoesNotMakeTheScores(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]*engine.Score{
		"the reading is a million times the usual one": scoreOf(
			1, 1e6, heldOf(24, 4e5, 8e5, false), meter.SourceLSTM, true),
		"the forecast is": scoreOf(1, 1, heldOf(24, 4e5, 8e5, false), meter.SourceLSTM, true),
		"without a day before": scoreOf(
			1, 1e6, heldOf(24, 4e5, math.NaN(), false), meter.SourceLSTM, true),
	} {
		var sum sums
		for range 97 {
			good := scoreOf(2, 2, heldOf(24, 0.2, 0.4, true), meter.SourceLSTM, true)
			one := sumsOf(good, &good.Leads[0])
			sum.add(&one)
		}
		if math.Abs(sum.pinball-9.7) > 1e-9 || math.Abs(sum.naive-19.4) > 1e-9 {
			t.Fatalf("the good ones have %+v", sum)
		}
		one := sumsOf(bad, &bad.Leads[0])
		if largest := max(one.pinball, one.naive, one.absError, one.actual); largest > 10.000001 {
			t.Errorf("%s: %+v", name, one)
		}
		sum.add(&one)
		if skill := (sum.naive - sum.paired) / sum.naive; math.Abs(skill-0.5) > 1e-9 {
			t.Errorf("%s: skill %v", name, skill)
		}
		if ratio := sum.pinball / sum.actual; ratio > 0.2 {
			t.Errorf("%s: pinball loss %v of the actuals", name, ratio)
		}
	}
}

// The scores of a base model are its own, while it is in force and afterwards.
func TestScoresOfTheBaseModel(t *testing.T) {
	t.Parallel()
	b := newScoreboard(time.Now)
	for _, inForce := range []bool{true, false} {
		s := scoreOf(1, 1, heldOf(1, 0.5, 0.5, true), meter.SourceLSTM, inForce)
		s.Leads[0].Version = base.Version
		b.add(s)
	}
	b.add(scoreOf(1, 1, heldOf(1, 0.5, 0.5, true), meter.SourceLSTM, true))
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(b)
	err := testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP loadtide_forecaster_scores_total Forecasts of a lead that met their actual, by who made them.
# TYPE loadtide_forecaster_scores_total counter
loadtide_forecaster_scores_total{alias="base",interval="1h",lead="first"} 2
loadtide_forecaster_scores_total{alias="champion",interval="1h",lead="first"} 1
`), "loadtide_forecaster_scores_total")
	if err != nil {
		t.Error(err)
	}
}
