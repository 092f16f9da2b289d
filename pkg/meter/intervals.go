package meter

import (
	"strconv"
	"time"
)

// Intervals returns the intervals that series are forecast at, ascending.
func Intervals() []time.Duration {
	return []time.Duration{
		5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 20 * time.Minute, 30 * time.Minute, time.Hour,
	}
}

// IntervalName returns an interval as messages, names of models and labels have it: "15m", "1h".
func IntervalName(d time.Duration) string { return string(AppendInterval(nil, d)) }

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
