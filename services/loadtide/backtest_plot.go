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
	"github.com/loadtide/loadtide/pkg/plot"
)

// fanPast is the least number of days of the past that a fan chart shows. With a longer horizon the
// chart shows as much of the past as of the time ahead.
const fanPast = 3

// sheet draws a backtest: fans of the best, the median and the worst series, error by lead,
// calibration.
func (m *measured) sheet(ctx context.Context) (plot.Report, error) {
	r := m.report
	skill := m.skill()
	sheet := plot.Report{
		Title: fmt.Sprintf("%s: wQL %s, %.0f %% better than same hour yesterday",
			m.model.Spec.Name, digits(r.Overall.Pinball), 100*skill),
		Subtitle: fmt.Sprintf("%s to %s, %d series, %d forecasts", stamp(m.config.From),
			stamp(m.config.Until), r.Series, r.Forecasts),
		ByLead: m.byLead(),
		Calibration: plot.Calibration{
			Title:  fmt.Sprintf("80 %% band held %.1f %%", 100*r.Overall.Coverage80),
			Levels: m.model.Spec.Levels, Held: r.AtOrBelow,
		},
	}
	switch {
	case math.IsNaN(r.Overall.Pinball):
		sheet.Title = m.model.Spec.Name + ": nothing was used in the test, so there is no score"
	case skill < 0:
		sheet.Title = fmt.Sprintf("%s: wQL %s, %.0f %% WORSE than same hour yesterday",
			m.model.Spec.Name, digits(r.Overall.Pinball), -100*skill)
	}
	var err error
	sheet.Fans, err = m.fans(ctx)
	return sheet, err
}

// fans are forecasts of the best, the median and the worst series.
func (m *measured) fans(ctx context.Context) ([]plot.Fan, error) {
	ranked := slices.Clone(m.report.PerSeries)
	slices.SortStableFunc(ranked, func(a, b evaluate.SeriesReport) int {
		return cmp.Compare(a.Overall.NDP50, b.Overall.NDP50)
	})
	ranks := []struct {
		word string
		at   int
	}{{"best", 0}, {"median", len(ranked) / 2}, {"worst", len(ranked) - 1}}
	var fans []plot.Fan
	for i, rank := range ranks {
		if i > 0 && rank.at == ranks[i-1].at {
			continue
		}
		s := ranked[rank.at]
		fan, err := m.fan(ctx, s.Series)
		if err != nil {
			return nil, err
		}
		wape := percent(s.Overall.WAPE)
		fan.Title = fmt.Sprintf("%s series: %s, WAPE %s", rank.word, s.Series, wape)
		fans = append(fans, fan)
	}
	return fans, nil
}

// byLead draws the error of the model and of the rules by lead.
func (m *measured) byLead() plot.ByLead {
	beyond := len(m.report.ByDay) > 1
	curve := func(name string, leads, days []accuracy.Measures) plot.Rule {
		rule := plot.Rule{Name: name}
		for _, m := range leads {
			rule.WQL, rule.WAPE = append(rule.WQL, m.Pinball), append(rule.WAPE, m.WAPE)
		}
		for _, m := range days {
			if beyond {
				rule.DayWQL = append(rule.DayWQL, m.Pinball)
				rule.DayWAPE = append(rule.DayWAPE, m.WAPE)
			}
		}
		return rule
	}
	out := plot.ByLead{
		Title: "error by lead", Interval: m.model.Spec.Step(),
		Ours: curve("loadtide", m.report.ByLead, m.report.ByDay),
	}
	if beyond {
		out.Title = "error by day of the lead"
	}
	for _, rule := range evaluate.Rules() {
		out.Naive = append(out.Naive,
			curve(ruleWords[rule], m.baselines.ByLead[rule], m.baselines.ByDay[rule]))
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

// The probability levels that a fan chart shows.
const lower80, lower50, median, upper50, upper80 = 0.1, 0.25, 0.5, 0.75, 0.9

// addBands adds the quantiles of a lead to a fan. The inner band is left out when one of the levels
// is missing. A missing outer level is the median: models of other programs may lack it.
func addBands(fan *plot.Fan, levels []float64, row []float32) {
	at := func(level float64) float64 {
		i := slices.Index(levels, level)
		if i < 0 {
			i = slices.Index(levels, median)
		}
		return float64(row[i])
	}
	fan.Lower80 = append(fan.Lower80, at(lower80))
	fan.Median = append(fan.Median, at(median))
	fan.Upper80 = append(fan.Upper80, at(upper80))
	all := true
	for _, level := range [...]float64{lower80, lower50, upper50, upper80} {
		all = all && slices.Contains(levels, level)
	}
	if all {
		fan.Lower50 = append(fan.Lower50, at(lower50))
		fan.Upper50 = append(fan.Upper50, at(upper50))
	}
}

// fanChart is a forecast with the readings before it and, when they are known, the actuals.
func fanChart(f *engine.Forecast, h *dataset.History, leads int) plot.Fan {
	origin := h.Cell(f.Origin)
	fan := plot.Fan{
		Unit: f.Unit, Origin: time.Unix(f.Origin, 0).UTC(),
		Interval:  time.Duration(f.Interval) * time.Second,
		NaiveName: ruleWords[evaluate.SeasonalNaiveDay],
	}
	past := int64(max(fanPast*h.Len.Day, leads))
	for n := max(origin-past, h.Ring.First()); n < origin; n++ {
		at := time.Unix(h.Start(n), 0).UTC()
		fan.Readings = append(fan.Readings, plot.Point{Time: at, Value: measuredAt(h, n)})
	}
	for k := range leads {
		addBands(&fan, f.Levels, f.Quantiles[k*len(f.Levels):][:len(f.Levels)])
		n := origin + int64(k)
		fan.Actual = append(fan.Actual, measuredAt(h, n))
		fan.Naive = append(fan.Naive, shownAt(h, n-int64((k/h.Len.Day+1)*h.Len.Day)))
	}
	if !slices.ContainsFunc(fan.Actual, func(v float64) bool { return !math.IsNaN(v) }) {
		fan.Actual = nil
	}
	if slices.ContainsFunc(fan.Naive, math.IsNaN) {
		fan.Naive = nil
	}
	return fan
}

// measuredAt is the reading of a cell, NaN when there is none.
func measuredAt(h *dataset.History, n int64) float64 {
	if !h.Ring.Has(n) {
		return math.NaN()
	}
	v, q := h.Raw.At(n)
	if !q.Accepted() {
		return math.NaN()
	}
	return float64(v)
}

// shownAt is the value of a cell that the network reads, NaN when there is none.
func shownAt(h *dataset.History, n int64) float64 {
	if !h.Ring.Has(n) {
		return math.NaN()
	}
	v, _ := h.Ring.At(n)
	return float64(v)
}
