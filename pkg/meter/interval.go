package meter

import "time"

// Seconds of the clock's units.
const (
	HourSeconds = 3600
	DaySeconds  = 24 * HourSeconds
	WeekSeconds = 7 * DaySeconds
)

// IntervalSeconds is the interval of every series, in seconds: cell n of a series starts n
// intervals, and the series' phase, after the Unix epoch. A day and a week have this many cells.
const (
	IntervalSeconds = HourSeconds
	DayCells        = DaySeconds / IntervalSeconds
	WeekCells       = WeekSeconds / IntervalSeconds
)

// The shortest and the longest interval that readings and models may name. Each interval between
// them divides the hour.
const (
	LeastIntervalSeconds = 300
	LeastInterval        = LeastIntervalSeconds * time.Second
	MostInterval         = time.Hour
)

// LatenessCells is how many intervals a reading may be behind the newest one of its series. It is
// also how far a reading may be ahead of its series before a second reading agrees.
const (
	LatenessCells   = 48
	LatenessSeconds = LatenessCells * IntervalSeconds
)

// FutureLimit is how far a reading may be ahead of the clock of its log, so that one wrong clock
// cannot close the window of its series.
const FutureLimit = 15 * time.Minute
