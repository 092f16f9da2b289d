package forecaster

import (
	"os"
	"runtime/debug"
)

const (
	// stateBytes is what a series takes, about.
	stateBytes = 3 << 10
	// garbageBytes is what the collector may let lie before it runs, and
	// leastPercent the same as a share of a large state.
	garbageBytes, leastPercent = 128 << 20, 20
)

// collectorPercent is how much garbage may lie beside the state of that many
// series. Go lets as much lie as there is state; for gigabytes of it that would
// double the memory for little: the slabs hold no pointers and cost the collector
// nothing.
func collectorPercent(series int) int {
	state := max(series, 1) * stateBytes
	return min(max(100*garbageBytes/state, leastPercent), 100)
}

// tuneCollector sets it where it is another than before, unless the operator
// said one, and returns it.
func tuneCollector(before, series int) int {
	percent := collectorPercent(series)
	if percent != before && os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	return percent
}
