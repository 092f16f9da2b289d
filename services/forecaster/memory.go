package forecaster

import (
	"os"
	"runtime/debug"
)

const (
	// stateBytes is about how much memory a series takes.
	stateBytes = 3 << 10
	// garbageBytes is how much garbage may gather before the collector runs. leastPercent is the
	// same for a large state, as a share of the state.
	garbageBytes, leastPercent = 128 << 20, 20
)

// collectorPercent returns the setting of the collector, as GOGC, for the state of so many series.
// With Go's own setting the garbage grows to the size of the state. For a state of gigabytes that
// would double the memory and save little: the slabs hold no pointers, so a run of the collector
// costs the same for any state.
func collectorPercent(series int) int {
	state := max(series, 1) * stateBytes
	return min(max(100*garbageBytes/state, leastPercent), 100)
}

// tuneCollector sets the collector for so many series, and returns the setting. before is the
// setting of the last call. When the operator has set GOGC, tuneCollector changes nothing.
func tuneCollector(before, series int) int {
	percent := collectorPercent(series)
	if percent != before && os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	return percent
}
