package evaluate

import (
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
)

// ForecastAt streams the histories of one series through an engine, and returns the newest forecast
// of the day that ends at the origin, in Unix seconds; it is nil when there is no reading on that
// day, and the histories do not end with it. ahead is nil for a model that reads no covariates.
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
	for i, h := range own {
		if i > 0 && h.Start(h.Own) >= origin {
			break
		}
		begin(e, h)
		for n := h.Ring.First(); n <= h.Ring.Newest && h.Start(n+1) <= origin; n++ {
			result := readCell(e, h, n, origin-h.Start(n+1) >= meter.DaySeconds)
			if len(result.Forecasts) > 0 {
				last = &result.Forecasts[0]
				if last.Quality == meter.Missing && h.Marked(n) { // as in serving
					last.Quality = meter.Bad
				}
			}
		}
	}
	return last, nil
}

// readCell gives cell n of a history to an engine; history says that no forecast is asked for. The
// last cell has one also where it is MISSING.
func readCell(e *engine.Engine, h *dataset.History, n int64, history bool) engine.Result {
	r, ok := readingOf(h, n)
	switch {
	case ok:
		lapse(e, h, n)
		r.History = history
		return e.Step([]engine.Reading{r})
	case n == h.Ring.Newest:
		return e.Lapse(h.ID, h.Start(n+1), 0)
	}
	return engine.Result{}
}

// lapse tells an engine of the silence before cell n of a history, where it is so long that the
// engine would hold the reading.
func lapse(e *engine.Engine, h *dataset.History, n int64) {
	for m := n - 1; m >= h.Ring.First(); m-- {
		if _, q := h.Raw.At(m); q != meter.Missing {
			return
		}
		if n-m >= int64(h.Len.Late) {
			e.Lapse(h.ID, h.Start(n), -1)
			return
		}
	}
}

// begin begins the series of a history in an engine: serving has begun it anew where another history
// was before, after a silence or with the cells that it brought over from another grid.
func begin(e *engine.Engine, h *dataset.History) {
	e.Delete(h.ID)
	e.Begin(h.ID, h.Unit, grid.Grid{Interval: int32(h.Len.Interval), Phase: int32(h.Phase)})
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
	if m.Version == model.BaseVersion { // as in serving, but with all of its leads
		if err := e.SetLeads(int32(m.Spec.Step()/time.Second), m.Spec.Horizon); err != nil {
			return nil, err
		}
	}
	return e, e.SetModel(m)
}

// readingOf is cell n of a history as a reading; ok is false when nothing was said about it.
func readingOf(h *dataset.History, n int64) (r engine.Reading, ok bool) {
	value, q := h.Raw.At(n)
	return engine.Reading{
		Series: h.ID, Second: h.Start(n), Value: float64(value), Unit: h.Unit, Quality: q,
		Interval: int32(h.Len.Interval),
	}, q != meter.Missing
}
