package evaluate

import (
	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
)

// Config says which origins are scored: the first one is From, then one every Every intervals while
// its whole horizon starts before Until (Unix seconds).
type Config struct {
	From, Until int64
	Every       int
	Horizon     int // leads that are scored; 0 is all the model has
	// Levels are the quantile levels that are scored, ascending; nil is all the model has.
	Levels  []float64
	Workers int // goroutines that share the series; 0 is one
	// ExcludeFlagged leaves out actuals that cannot be true.
	ExcludeFlagged bool
	// Ahead holds the covariates. A model that reads covariates is refused without it.
	Ahead *dataset.Covariates

	// Feed holds the readings of each series as they arrived. The model then reads the feed, and
	// the histories are the truth that its forecasts are scored against. When Feed is nil, the
	// model reads the histories.
	Feed map[meter.ID][]Arrival

	// Progress is called with the hours that are streamed and all hours, from any goroutine but one
	// at a time. It may be nil.
	Progress func(done, total int)
	// Each is called with every forecast that is scored, one at a time, in the order of time within
	// a series. It may be nil.
	Each func(engine.Forecast)
}

// Arrival is a reading of a feed.
type Arrival struct {
	Second int64 // timestamp of the reading: the start of its interval; of a register its moment
	Value  float64
	Kind   meter.Kind // as the sender says; KindUnknown is by the unit
	// Clock is the newest Second of any reading when this one arrived. It never falls within a
	// series.
	Clock int64
}

// interval is the start of the newest interval that any reading was of when this one arrived. A
// register is read at the end of an interval.
func (a *Arrival) interval(step int64) int64 {
	if a.Kind == meter.Register {
		return a.Clock - step
	}
	return a.Clock
}

// isOrigin reports whether the forecast after cell n is scored.
func (c *Config) isOrigin(h *dataset.History, n int64) bool {
	first := h.Cell(c.From) - 1
	return n >= max(first, h.Own) && (n-first)%int64(max(c.Every, 1)) == 0 &&
		n+int64(c.Horizon) <= h.Ring.Newest
}

// actual is the value that a forecast of cell n is scored against. ok is false when the cell has no
// reading, or one that cannot be true and is excluded.
func (c *Config) actual(h *dataset.History, n int64) (value float32, ok bool) {
	value, q := h.Raw.At(n)
	if c.ExcludeFlagged {
		_, q = h.Ring.At(n)
	}
	return value, q.Accepted()
}
