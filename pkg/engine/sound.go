package engine

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/meter"
)

// unsound returns the reason for which a value in the unit of its series cannot be published, and
// "" for a sound value.
func unsound(v float32) meter.Reason {
	switch {
	case !meter.Finite(v):
		return meter.ReasonNotFinite
	case v > meter.MaxValue || v < -meter.MaxValue:
		return meter.ReasonOutOfRange
	}
	return ""
}

// bounded limits v to the values that a reading may have. It returns 0 for NaN.
func bounded(v float32) float32 {
	if v != v {
		return 0
	}
	return min(max(v, -meter.MaxValue), meter.MaxValue)
}

// network fills f with the network's forecast, whose values come in scaled units. When a value is
// unsound, network fills f with the forecast of a simple rule instead, so weights and states never
// reach a subscriber as they are. The first such forecast of an origin adds an event.
func (e *Engine) network(slot int32, f *Forecast, scaled []float32, result *Result) {
	scaler := e.slabs.scale(slot).Scaler
	f.Source, f.Model = meter.SourceLSTM, e.model
	for k, z := range scaled {
		v := scaler.Inverse(z)
		f.Quantiles[k] = v
		reason := unsound(v)
		if reason == "" {
			continue
		}
		f.Replaced, f.Model = reason, nil
		f.Source = e.naive(f.Quantiles, slot, f.Horizon, f.Levels)
		if rec := e.slabs.record(slot); !rec.reported {
			rec.reported = true
			lead, level := k/len(f.Levels)+1, f.Levels[k%len(f.Levels)]
			result.Events = append(result.Events, Event{
				Message: f.Message, Series: f.Series, Kind: ForecastReplaced,
				Text: fmt.Sprintf("%s: %s forecasts %v for lead %d at level %v: %s stands in",
					reason, nameOf(e.model), v, lead, level, f.Source),
			})
		}
		return
	}
}
