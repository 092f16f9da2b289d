package engine

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/meter"
)

// unsound says why a value in the unit of its series cannot be published, in the words that refuse
// a reading with such a value. It returns "" for a sound value.
func unsound(v float32) meter.Reason {
	switch {
	case !meter.Finite(v):
		return meter.ReasonNotFinite
	case v > meter.MaxValue || v < -meter.MaxValue:
		return meter.ReasonOutOfRange
	}
	return ""
}

// bounded returns v within what readings may be, and 0 for NaN.
func bounded(v float32) float32 {
	if v != v {
		return 0
	}
	return min(max(v, -meter.MaxValue), meter.MaxValue)
}

// network fills f with the network's forecast, which comes in scaled units. When a value of it is
// unsound, f is the forecast of a simple rule, whatever the weights and the states hold. An event
// tells of it, one of each origin.
func (co *cohort) network(slot int32, f *Forecast, scaled []float32, result *Result) {
	scaler := co.slabs.scale(slot).Scaler
	m := co.by(slot).whole
	f.Source, f.Model = meter.SourceLSTM, m
	for k, z := range scaled {
		v := scaler.Inverse(z)
		f.Quantiles[k] = v
		reason := unsound(v)
		if reason == "" {
			continue
		}
		f.Replaced, f.Model = reason, nil
		f.Source = co.naive(f.Quantiles, slot, f.Horizon, f.Levels)
		if rec := co.slabs.record(slot); !rec.reported {
			rec.reported = true
			lead, level := k/len(f.Levels)+1, f.Levels[k%len(f.Levels)]
			result.Events = append(result.Events, Event{
				Message: f.Message, Series: f.Series, Kind: ForecastReplaced,
				Text: fmt.Sprintf("%s: %s forecasts %v for lead %d at level %v: %s stands in",
					reason, m.Title(), v, lead, level, f.Source),
			})
		}
		return
	}
}
