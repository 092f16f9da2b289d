package meter

import (
	"slices"
	"strconv"
	"time"
)

// Seconds of the clock's units.
const (
	HourSeconds = 3600
	DaySeconds  = 24 * HourSeconds
	WeekSeconds = 7 * DaySeconds
)

// The shortest and the longest interval that readings and models may name. Each interval between
// them divides the hour.
const (
	LeastIntervalSeconds = 300
	LeastInterval        = LeastIntervalSeconds * time.Second
	MostInterval         = time.Hour
)

// LatenessSeconds is how far a reading may be behind the newest one of its series. It is also how
// far a reading may be ahead of its series before a second reading agrees.
const LatenessSeconds = 2 * DaySeconds

// FutureLimit is how far a reading may be ahead of the clock of its log, so that one wrong clock
// cannot close the window of its series.
const FutureLimit = 15 * time.Minute

// Intervals returns the intervals that series are forecast at, ascending.
func Intervals() []time.Duration {
	return []time.Duration{
		LeastInterval,
		10 * time.Minute,
		15 * time.Minute,
		20 * time.Minute,
		30 * time.Minute,
		MostInterval,
	}
}

// Native reports whether series are forecast at an interval.
func Native(interval time.Duration) bool { return slices.Contains(Intervals(), interval) }

// IntervalName returns an interval as messages, names of models and labels have it: "15m", "1h".
func IntervalName(d time.Duration) string { return string(AppendInterval(nil, d)) }

// StepName returns the time from one reading to the next for a person: an interval, or the number
// of days where there are two or more. A clock that changes makes a day an hour longer or shorter.
func StepName(d time.Duration) string {
	const day = 24 * time.Hour
	days := d.Round(day)
	if days >= 2*day && (d-days).Abs() <= time.Hour {
		return strconv.FormatInt(int64(days/day), 10) + " days"
	}
	return IntervalName(d)
}

// AppendInterval appends an interval in its shortest form: "1h", "30m", "90s"; below a second as Go
// writes it.
func AppendInterval(dst []byte, d time.Duration) []byte {
	switch {
	case d > 0 && d%time.Hour == 0:
		return append(strconv.AppendInt(dst, int64(d/time.Hour), 10), 'h')
	case d > 0 && d%time.Minute == 0:
		return append(strconv.AppendInt(dst, int64(d/time.Minute), 10), 'm')
	case d > 0 && d%time.Second == 0:
		return append(strconv.AppendInt(dst, int64(d/time.Second), 10), 's')
	default:
		return append(dst, d.String()...)
	}
}
