package accuracy

import (
	"fmt"
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// leastDenominator is the least in-sample error that a MASE is divided by: a
// series that repeats itself exactly has none.
const leastDenominator = 1e-6

// alpha80 is the share outside an 80 % interval.
const alpha80 = 0.2

// Denominators are the in-sample errors of the seasonal naive rules of a series
// (SeasonalNaiveMAE over its training range), with seasons of a week and a day.
// NaN or zero leaves the series out of the mean.
type Denominators struct{ Week, Day float64 }

// levelIndex is where the named quantiles stand among the levels, -1 when absent.
type levelIndex struct{ p10, p50, p90 int }

func indexLevels(levels []float64) (levelIndex, error) {
	if len(levels) == 0 {
		return levelIndex{}, fmt.Errorf("levels: none given")
	}
	for i, q := range levels {
		if !(q > 0 && q < 1) || i > 0 && q <= levels[i-1] {
			return levelIndex{}, fmt.Errorf("levels %v: must ascend between 0 and 1", levels)
		}
	}
	find := func(q float64) int { return slices.Index(levels, q) }
	l := levelIndex{p10: find(0.1), p50: find(0.5), p90: find(0.9)}
	if l.p50 < 0 {
		return l, fmt.Errorf("levels %v: 0.5 is missing, the error is that of the median", levels)
	}
	return l, nil
}

// Scores gathers the forecasts of one series beside their actuals, by lead. It
// is for one goroutine.
type Scores struct {
	levels []float64
	index  levelIndex
	denom  Denominators
	leads  []cell // [horizon]
}

// NewScores returns empty scores of forecasts with these levels (ascending in
// (0, 1), with 0.5) for leads 1..horizon.
func NewScores(levels []float64, horizon int, d Denominators) (*Scores, error) {
	index, err := indexLevels(levels)
	if err != nil {
		return nil, fmt.Errorf("scores: %w", err)
	}
	if horizon < 1 {
		return nil, fmt.Errorf("scores: horizon %d: must be at least 1", horizon)
	}
	s := &Scores{levels: slices.Clone(levels), index: index, denom: d, leads: make([]cell, horizon)}
	for k := range s.leads {
		s.leads[k] = newCell(len(levels))
	}
	return s, nil
}

// Add counts one forecast of a lead (1..horizon) with its quantiles [levels]
// and its actual, both in the series' unit. An actual that is not finite is
// nobody's error and counts nothing. A forecast that is not finite, of another
// number of levels or another lead is refused. It allocates nothing.
//
// Forecasts are float32, so the actual is compared at that precision: a forecast
// that equals it to the bit must not lie beside it.
func (s *Scores) Add(lead int, actual float64, quantiles []float32) error {
	if lead < 1 || lead > len(s.leads) {
		return fmt.Errorf("score lead %d: must be 1 to %d", lead, len(s.leads))
	}
	if len(quantiles) != len(s.levels) {
		return fmt.Errorf(
			"score lead %d: %d quantiles for %d levels",
			lead, len(quantiles), len(s.levels),
		)
	}
	y := float64(float32(actual))
	if !meter.Finite(y) {
		return nil
	}
	for i, q := range quantiles {
		if !meter.Finite(float64(q)) {
			return fmt.Errorf("score lead %d: quantile %v is %v", lead, s.levels[i], q)
		}
	}
	c := &s.leads[lead-1]
	c.n++
	c.absActual += math.Abs(y)
	c.absErr += math.Abs(y - float64(quantiles[s.index.p50]))
	for i, q := range quantiles {
		c.pinball[i] += Pinball(s.levels[i], y, float64(q))
	}
	if l := s.index; l.p10 >= 0 && l.p90 >= 0 {
		low, high := float64(quantiles[l.p10]), float64(quantiles[l.p90])
		if low <= y && y <= high {
			c.inside++
		}
		c.interval += winkler(alpha80, y, low, high)
	}
	return nil
}

// Overall gives the measures over all leads.
func (s *Scores) Overall() Measures {
	c := s.sum(s.leads)
	return c.measures(s.index)
}

// sum is leads as one cell, scaled by the series' denominators.
func (s *Scores) sum(leads []cell) cell {
	c := newCell(len(s.levels))
	for k := range leads {
		c.add(&leads[k])
	}
	c.scale(s.denom.Week, s.denom.Day)
	return c
}

// Total adds up the scores of many series: sums over all, MASE as a mean in which each series has
// the same weight. It is for one goroutine.
type Total struct {
	levels  []float64
	index   levelIndex
	leads   []cell
	days    []cell
	day     int // leads of a day
	overall cell
}

// NewTotal returns an empty total; levels and horizon as in NewScores. day is the number of leads in a
// day.
func NewTotal(levels []float64, horizon, day int) (*Total, error) {
	s, err := NewScores(levels, horizon, Denominators{})
	if err != nil {
		return nil, err
	}
	t := &Total{
		levels: s.levels, index: s.index, leads: s.leads, day: day, overall: newCell(len(levels)),
	}
	for range (horizon + day - 1) / day {
		t.days = append(t.days, newCell(len(levels)))
	}
	return t, nil
}

// AddSeries counts a series. Add it once, when its scores are complete.
func (t *Total) AddSeries(s *Scores) error {
	if err := fits(t.levels, s.levels, len(t.leads), len(s.leads)); err != nil {
		return err
	}
	for k := range t.leads {
		c := newCell(len(s.levels))
		c.add(&s.leads[k])
		c.scale(s.denom.Week, s.denom.Day)
		t.leads[k].add(&c)
	}
	for d := range t.days {
		c := s.sum(s.leads[d*t.day : min((d+1)*t.day, len(s.leads))])
		t.days[d].add(&c)
	}
	c := s.sum(s.leads)
	t.overall.add(&c)
	return nil
}

// Lead gives the measures of one lead (1..horizon); another lead has none.
func (t *Total) Lead(lead int) Measures {
	if lead < 1 || lead > len(t.leads) {
		c := newCell(len(t.levels))
		return c.measures(t.index)
	}
	return t.leads[lead-1].measures(t.index)
}

// ByDay gives the measures of the leads of each day after the origin; the last day may be shorter.
func (t *Total) ByDay() []Measures {
	all := make([]Measures, len(t.days))
	for d := range t.days {
		all[d] = t.days[d].measures(t.index)
	}
	return all
}

// Overall gives the measures over all leads.
func (t *Total) Overall() Measures { return t.overall.measures(t.index) }

func fits(levels, other []float64, horizon, otherHorizon int) error {
	if !slices.Equal(levels, other) || horizon != otherHorizon {
		return fmt.Errorf(
			"add a series: levels %v to lead %d do not fit levels %v to lead %d",
			other, otherHorizon, levels, horizon,
		)
	}
	return nil
}
