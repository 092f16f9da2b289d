package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/plot"
)

// fanPast is how much of the past a fan chart shows, in cells.
const fanPast = 72

// sheet draws a backtest: fans of the best, the median and the worst series, error by lead,
// calibration.
func (m *measured) sheet(ctx context.Context) (plot.Report, error) {
	r := m.report
	skill := m.skill()
	sheet := plot.Report{
		Title:    fmt.Sprintf("%s: wQL %s, %.0f %% better than same hour yesterday", m.model.Spec.Name, digits(r.Overall.Pinball), 100*skill),
		Subtitle: fmt.Sprintf("%s to %s, %d series, %d forecasts", stamp(m.config.From), stamp(m.config.Until), r.Series, r.Forecasts),
		ByLead:   m.byLead(),
		Calibration: plot.Calibration{
			Title: fmt.Sprintf("80 %% band held %.1f %%", 100*r.Overall.Coverage80), Levels: m.model.Spec.Levels, Held: r.AtOrBelow,
		},
	}
	switch {
	case math.IsNaN(r.Overall.Pinball):
		sheet.Title = m.model.Spec.Name + ": nothing was used in the test, so there is no score"
	case skill < 0:
		sheet.Title = fmt.Sprintf("%s: wQL %s, %.0f %% WORSE than same hour yesterday", m.model.Spec.Name, digits(r.Overall.Pinball), -100*skill)
	}
	ranked := slices.Clone(r.PerSeries)
	slices.SortStableFunc(ranked, func(a, b evaluate.SeriesReport) int { return cmp.Compare(a.Overall.NDP50, b.Overall.NDP50) })
	ranks := []struct {
		word string
		at   int
	}{{"best", 0}, {"median", len(ranked) / 2}, {"worst", len(ranked) - 1}}
	for i, rank := range ranks {
		if i > 0 && rank.at == ranks[i-1].at {
			continue
		}
		s := ranked[rank.at]
		fan, err := m.fan(ctx, s.Series)
		if err != nil {
			return sheet, err
		}
		fan.Title = fmt.Sprintf("%s series: %s, WAPE %s", rank.word, s.Series, percent(s.Overall.WAPE))
		sheet.Fans = append(sheet.Fans, fan)
	}
	return sheet, nil
}

func (m *measured) byLead() plot.ByLead {
	curve := func(name string, all []accuracy.Measures) plot.Rule {
		rule := plot.Rule{Name: name}
		for _, m := range all {
			rule.WQL, rule.WAPE = append(rule.WQL, m.Pinball), append(rule.WAPE, m.WAPE)
		}
		return rule
	}
	out := plot.ByLead{Title: "error by lead", Interval: meter.IntervalSeconds * time.Second, Ours: curve("loadtide", m.report.ByLead)}
	for _, rule := range evaluate.Rules() {
		out.Naive = append(out.Naive, curve(ruleWords[rule], m.baselines.ByLead[rule]))
	}
	return out
}

// fan runs one series again and draws the forecast in the middle of the test.
func (m *measured) fan(ctx context.Context, name string) (plot.Fan, error) {
	var own []*dataset.History
	for _, h := range m.histories {
		if h.ID.String() == name {
			own = append(own, h)
		}
	}
	var all []engine.Forecast
	cfg := m.config
	cfg.Progress, cfg.Each, cfg.Workers = nil, func(f engine.Forecast) { all = append(all, f) }, 1
	if _, err := evaluate.Backtest(ctx, m.model, own, cfg); err != nil {
		return plot.Fan{}, err
	}
	f := all[len(all)/2]
	return fanChart(&f, own[len(own)-1], f.Horizon), nil
}

// fanChart is a forecast with its past and, where it is known, what came.
func fanChart(f *engine.Forecast, h *dataset.History, leads int) plot.Fan {
	origin := h.Cell(f.Origin)
	fan := plot.Fan{Unit: f.Unit, Origin: time.Unix(f.Origin, 0).UTC(), Interval: meter.IntervalSeconds * time.Second, NaiveName: ruleWords[evaluate.SeasonalNaiveDay]}
	value := func(n int64) float64 {
		if !h.Ring.Has(n) {
			return math.NaN()
		}
		v, q := h.Raw.At(n)
		if !q.Accepted() {
			return math.NaN()
		}
		return float64(v)
	}
	for n := max(origin-fanPast, h.Ring.First()); n < origin; n++ {
		fan.Readings = append(fan.Readings, plot.Point{Time: time.Unix(h.Start(n), 0).UTC(), Value: value(n)})
	}
	known := false
	for k := range leads {
		row := f.Quantiles[k*len(f.Levels):][:len(f.Levels)]
		for _, band := range []struct {
			to    *[]float64
			level float64
		}{{&fan.Lower80, 0.1}, {&fan.Lower50, 0.25}, {&fan.Median, 0.5}, {&fan.Upper50, 0.75}, {&fan.Upper80, 0.9}} {
			i := slices.Index(f.Levels, band.level)
			if i < 0 {
				i = len(f.Levels) / 2
			}
			*band.to = append(*band.to, float64(row[i]))
		}
		actual := value(origin + int64(k))
		known = known || !math.IsNaN(actual)
		fan.Actual = append(fan.Actual, actual)
		ring := h.Ring
		day := origin + int64(k) - int64(k/24+1)*24
		fan.Naive = append(fan.Naive, math.NaN())
		if ring.Has(day) {
			v, _ := ring.At(day)
			fan.Naive[k] = float64(v)
		}
	}
	if !known {
		fan.Actual = nil
	}
	if slices.ContainsFunc(fan.Naive, math.IsNaN) {
		fan.Naive = nil
	}
	return fan
}
