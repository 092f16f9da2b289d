package series

import "github.com/loadtide/loadtide/pkg/meter"

// Times that features, scales and replays look back on, in days.
const (
	featureDays  = 14
	inputDays    = 7
	scalerDays   = 7
	halfLifeDays = 90
)

// Lengths are, in cells of one interval, the times that serving and training look back on. They are
// the same times for all intervals.
type Lengths struct {
	Interval int64 // seconds of a cell
	Day      int   // cells of a day
	Week     int   // cells of a week
	Late     int   // how far behind the newest cell a reading may be
	// cells that may still change: the newest one and those that a late reading may be for
	Open     int
	Features int // how far back the features look: two weeks
	Inputs   int // how far back of them the features of one LSTM step look: a week
	// Ring is the length of a ring: what the features look back on before the oldest open cell, so
	// that a replay sees every lag that the first pass saw.
	Ring int
	// Scale is how many accepted cells the first scale is made from: a week. Until then a series has
	// none and simple rules serve it.
	Scale int
}

// LengthsOf returns the lengths of an interval, in seconds, that divides the day.
func LengthsOf(interval int64) Lengths {
	day := int(meter.DaySeconds / interval)
	late := int(meter.LatenessSeconds / interval)
	return Lengths{
		Interval: interval, Day: day, Week: 7 * day, Late: late, Open: late + 1,
		Features: featureDays * day, Inputs: inputDays * day, Ring: featureDays*day + late + 1,
		Scale: scalerDays * day,
	}
}

// Hourly are the lengths of hours.
var Hourly = LengthsOf(meter.HourSeconds)
