package evaluate

import (
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
)

// ForecastAt streams the histories of one series through an engine, and returns the newest forecast
// of the day that ends at the origin, in Unix seconds; it is nil when there is no reading on that
// day. ahead is nil for a model that reads no covariates.
func ForecastAt(
	m *model.Model,
	own []*dataset.History,
	ahead *dataset.Covariates,
	origin int64,
) (*engine.Forecast, error) {
	e, err := engineOf(m, ahead)
	if err != nil {
		return nil, err
	}
	var last *engine.Forecast
	for _, h := range own {
		for n := h.Ring.First(); n <= h.Ring.Newest && h.Start(n+1) <= origin; n++ {
			value, q := h.Raw.At(n)
			if !q.Accepted() {
				continue
			}
			r := readingOf(h, n, value, q)
			r.History = origin-h.Start(n+1) >= meter.DaySeconds
			if result := e.Step([]engine.Reading{r}); len(result.Forecasts) > 0 {
				last = &result.Forecasts[0]
			}
		}
	}
	return last, nil
}

// everySeries is the pattern of a setting for all series.
var everySeries = meter.ID{Site: meter.Any, Meter: meter.Any}

// engineOf is an engine with a model. Histories stand at the interval of the model, so the engine
// holds all series at it, whatever is missing.
func engineOf(m *model.Model, ahead *dataset.Covariates) (*engine.Engine, error) {
	e := engine.New()
	interval := int32(m.Spec.Step() / time.Second)
	if _, err := e.Configure(everySeries, engine.Setting{Interval: interval}); err != nil {
		return nil, err
	}
	if ahead != nil {
		e.Foresee(ahead.Of)
	}
	return e, e.SetModel(m)
}

// readingOf is cell n of a history as a reading.
func readingOf(h *dataset.History, n int64, value float32, q meter.Quality) engine.Reading {
	return engine.Reading{
		Series: h.ID, Second: h.Start(n), Value: float64(value), Unit: h.Unit, Quality: q,
		Interval: int32(h.Len.Interval),
	}
}
