package cycle

import (
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
)

// forecastCounts are the counts of forecasts that a model would publish. Of three series or more, the
// one with the most forecasts that are infinite or wild does not count for either: serving bounds or
// replaces its forecasts, and it must not keep a model from the others.
type forecastCounts struct {
	forecasts int
	infinite  int // forecasts with a quantile that is not finite, replaced ones included
	unordered int // forecasts with quantiles out of order
	wild      int // forecasts with a quantile beyond wildTimes the largest reading
	// ratio is the mean size of the medians over the mean size of the readings, of the middle
	// series; 1 when no series has readings other than 0.
	ratio float64
	// without is the series whose infinite and wild forecasts do not count; empty for none.
	without string
}

func (c forecastCounts) wildShare() float64 {
	return float64(c.wild) / float64(max(c.forecasts,
		1))
}

// forecastStats gathers forecastCounts while a model is scored.
type forecastStats struct {
	forecastCounts
	series map[meter.ID]*seriesStats
	median int // index among the levels
}

// seriesStats are sums of absolute values over one series.
type seriesStats struct {
	histories                 []*dataset.History
	forecast, actual, largest float64
	infinite, wild            int // forecasts
}

func newForecastStats(histories []*dataset.History, levels []float64) *forecastStats {
	stats := &forecastStats{series: map[meter.ID]*seriesStats{}, median: slices.Index(levels, 0.5)}
	for _, h := range histories {
		s := stats.series[h.ID]
		if s == nil {
			s = &seriesStats{}
			stats.series[h.ID] = s
		}
		s.histories = append(s.histories, h)
		for i, v := range h.Ring.Values {
			if h.Ring.Quality.At(i).Accepted() {
				s.largest = max(s.largest, math.Abs(float64(v)))
			}
		}
	}
	return stats
}

// add adds one forecast.
func (s *forecastStats) add(f engine.Forecast) {
	s.forecasts++
	of, levels := s.series[f.Series], len(f.Levels)
	infinite, unordered, wild := f.Replaced != "", false, false
	for i, q := range f.Quantiles {
		v := float64(q)
		infinite = infinite || !meter.Finite(v)
		unordered = unordered || i%levels > 0 && !(q >= f.Quantiles[i-1])
		wild = wild || of.largest > 0 && math.Abs(v) > wildTimes*of.largest
	}
	of.infinite += one(infinite)
	s.unordered += one(unordered)
	of.wild += one(wild)
	for _, h := range of.histories {
		of.addSizes(h, &f, s.median)
	}
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// addSizes adds the sizes of the medians and of the readings that they are of.
func (s *seriesStats) addSizes(h *dataset.History, f *engine.Forecast, median int) {
	origin := h.Cell(f.Origin)
	for k := range f.Horizon {
		n := origin + int64(k)
		if !h.Ring.Has(n) {
			continue
		}
		if v, q := h.Ring.At(n); q.Accepted() {
			s.actual += math.Abs(float64(v))
			s.forecast += math.Abs(float64(f.Quantiles[k*len(f.Levels)+median]))
		}
	}
}

// sum is the result over all forecasts.
func (s *forecastStats) sum() forecastCounts {
	var ratios []float64
	worst, most := meter.ID{}, 0
	for id, one := range s.series {
		if one.actual > 0 {
			ratios = append(ratios, one.forecast/one.actual)
		}
		s.infinite += one.infinite
		s.wild += one.wild
		n := one.infinite + one.wild
		if n > most || n > 0 && n == most && id.String() < worst.String() {
			worst, most = id, n
		}
	}
	if most > 0 && len(s.series) >= 3 {
		s.infinite -= s.series[worst].infinite
		s.wild -= s.series[worst].wild
		s.without = worst.String()
	}
	s.ratio = 1
	if slices.Sort(ratios); len(ratios) > 0 {
		s.ratio = ratios[len(ratios)/2]
	}
	return s.forecastCounts
}
