package accuracy

import (
	"encoding/json"
	"math"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Measures of forecasts over series, origins and leads. The error of a forecast
// is that of its median. A measure that has no meaning (no level, no
// denominator, actuals that are all zero) is NaN, null in JSON.
type Measures struct {
	// N is the number of actuals that were compared.
	N int
	// MAE is the mean absolute error, in the series' unit.
	MAE float64
	// WAPE is the sum of absolute errors over the sum of absolute actuals.
	WAPE float64
	// MASE is the mean over series of MAE over the in-sample MAE of the seasonal
	// naive rule with a season of one week.
	MASE float64
	// MASE24 is the same with a season of one day.
	MASE24 float64
	// Pinball is wQL: the mean over all levels of ND.
	Pinball float64
	// NDP10, NDP50, NDP90 are ND at 0.1, 0.5 and 0.9: twice the sum of pinball
	// losses over the sum of absolute actuals.
	NDP10, NDP50, NDP90 float64
	// Coverage80 is the share of actuals inside [P10, P90], ends included.
	Coverage80 float64
	// IntervalScore80 is the mean Winkler score of [P10, P90] over the mean
	// absolute actual.
	IntervalScore80 float64
}

// MarshalJSON writes the names of `loadtide backtest --json`.
func (m Measures) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		N               int      `json:"n"`
		MAE             *float64 `json:"mae"`
		WAPE            *float64 `json:"wape"`
		MASE            *float64 `json:"mase"`
		MASE24          *float64 `json:"mase24"`
		Pinball         *float64 `json:"pinball"`
		NDP10           *float64 `json:"nd_p10"`
		NDP50           *float64 `json:"nd_p50"`
		NDP90           *float64 `json:"nd_p90"`
		Coverage80      *float64 `json:"coverage80"`
		IntervalScore80 *float64 `json:"interval_score80"`
	}{
		m.N, orNull(m.MAE), orNull(m.WAPE), orNull(m.MASE), orNull(m.MASE24), orNull(m.Pinball),
		orNull(m.NDP10), orNull(m.NDP50), orNull(m.NDP90), orNull(m.Coverage80),
		orNull(m.IntervalScore80),
	})
}

// Map gives the measures that have a value by their JSON names, n left out: what
// a model's metrics.json holds.
func (m Measures) Map() map[string]float64 {
	all := map[string]float64{
		"mae": m.MAE, "wape": m.WAPE, "mase": m.MASE, "mase24": m.MASE24, "pinball": m.Pinball,
		"nd_p10": m.NDP10, "nd_p50": m.NDP50, "nd_p90": m.NDP90,
		"coverage80": m.Coverage80, "interval_score80": m.IntervalScore80,
	}
	for name, v := range all {
		if !meter.Finite(v) {
			delete(all, name)
		}
	}
	return all
}

func orNull(v float64) *float64 {
	if !meter.Finite(v) {
		return nil
	}
	return &v
}

// cell sums what measures are made of, for one lead or all of them.
type cell struct {
	n         int
	absErr    float64
	absActual float64
	pinball   []float64 // [levels]
	inside    int
	interval  float64
	// Means over series: the sum of each series' scaled error, and their number.
	mase, mase24             float64
	maseSeries, mase24Series int
}

func newCell(levels int) cell { return cell{pinball: make([]float64, levels)} }

func (c *cell) add(o *cell) {
	c.n += o.n
	c.absErr += o.absErr
	c.absActual += o.absActual
	for i, p := range o.pinball {
		c.pinball[i] += p
	}
	c.inside += o.inside
	c.interval += o.interval
	c.mase += o.mase
	c.mase24 += o.mase24
	c.maseSeries += o.maseSeries
	c.mase24Series += o.mase24Series
}

// scale sets the means over series to those of this one series.
func (c *cell) scale(week, day float64) {
	c.mase, c.mase24, c.maseSeries, c.mase24Series = 0, 0, 0, 0
	if c.n == 0 {
		return
	}
	mae := c.absErr / float64(c.n)
	if week > leastDenominator {
		c.mase, c.maseSeries = mae/week, 1
	}
	if day > leastDenominator {
		c.mase24, c.mase24Series = mae/day, 1
	}
}

func (c *cell) measures(l levelIndex) Measures {
	n := float64(c.n)
	nd := func(level int) float64 {
		if level < 0 {
			return math.NaN()
		}
		return ratio(2*c.pinball[level], c.absActual)
	}
	m := Measures{
		N:    c.n,
		MAE:  ratio(c.absErr, n),
		WAPE: ratio(c.absErr, c.absActual),
		MASE: ratio(c.mase, float64(c.maseSeries)), MASE24: ratio(c.mase24, float64(c.mase24Series)),
		NDP10: nd(l.p10), NDP50: nd(l.p50), NDP90: nd(l.p90),
		Coverage80: math.NaN(), IntervalScore80: math.NaN(),
	}
	for i := range c.pinball {
		m.Pinball += nd(i) / float64(len(c.pinball))
	}
	if l.p10 >= 0 && l.p90 >= 0 {
		m.Coverage80 = ratio(float64(c.inside), n)
		m.IntervalScore80 = ratio(c.interval, c.absActual)
	}
	return m
}
