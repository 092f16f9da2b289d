package grid

import (
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Seconds of the times that the package speaks of.
const (
	hour = meter.HourSeconds
	day  = meter.DaySeconds
	// finest is the finest native interval.
	finest = meter.LeastIntervalSeconds
	// lateness is how far behind the newest cell a reading still changes its cell.
	lateness = meter.LatenessSeconds
	// recent is how far back of the newest cell a reading still goes into its cell.
	recent = 14 * day
)

// Native reports whether a series can be forecast at an interval, in seconds.
func Native(interval int32) bool { return meter.Native(time.Duration(interval) * time.Second) }

// Grid is the cells of a series. Cell n starts n intervals and the phase after the Unix epoch.
// Interval is in seconds and positive, Phase in [0, Interval).
type Grid struct {
	Interval int32
	Phase    int32
}

// Cell returns the cell that holds a Unix second.
func (g Grid) Cell(second int64) int64 {
	return meter.FloorDiv(second-int64(g.Phase), int64(g.Interval))
}

// Start returns the Unix second at which cell n starts.
func (g Grid) Start(n int64) int64 { return n*int64(g.Interval) + int64(g.Phase) }

// Joined is the grid of a coarser interval that cells are joined to: its cells start where those of
// the offset from UTC, in seconds, do; where none of g starts there, at the smallest phase.
func (g Grid) Joined(interval int32, offset int64) Grid {
	wanted := mod(-offset, int64(interval))
	if mod(wanted-int64(g.Phase), int64(g.Interval)) != 0 {
		wanted = int64(g.Phase)
	}
	return Grid{Interval: interval, Phase: int32(wanted)}
}

// LateCells is the number of cells that a reading may be behind the newest one.
func (g Grid) LateCells() int64 { return lateness / int64(g.Interval) }

// RecentCells is the number of the newest cells that a reading may still be for when it is a cell by
// itself: two weeks. A series that spans no more is young, and may begin earlier.
func (g Grid) RecentCells() int64 { return recent / int64(g.Interval) }

// tolerance is how far from a boundary of a step, in seconds, a moment is taken for the boundary:
// a tenth of the step, at most two minutes.
func tolerance(step int64) int64 { return min(step/10, 120) }

// near returns the boundary (a multiple of step, plus phase) that a moment is taken for, and
// whether one is within the tolerance.
func near(second, step, phase int64) (boundary int64, ok bool) {
	off := mod(second-phase, step)
	switch {
	case off <= tolerance(step):
		return second - off, true
	case step-off <= tolerance(step):
		return second + step - off, true
	}
	return second, false
}

// intervalOf is the native interval of a series whose readings come every step seconds, a step
// that divides the hour: the smallest that the step divides. Readings finer than 5 minutes make
// quarter-hours.
func intervalOf(step int32) int32 {
	if step < finest {
		return 900
	}
	for _, native := range meter.Intervals() {
		if interval := int32(native / time.Second); interval >= step && interval%step == 0 {
			return interval
		}
	}
	return hour
}

// mod is the remainder of a/b, in [0, b).
func mod(a, b int64) int64 { return a - meter.FloorDiv(a, b)*b }
