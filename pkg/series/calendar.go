package series

import (
	"math"

	"github.com/loadtide/loadtide/pkg/meter"
)

const (
	// calendarSlots is how many slots, each as long as the shortest interval, a week has.
	calendarSlots = meter.WeekSeconds / meter.LeastIntervalSeconds
	// mondayOffset is the second of the week at the Unix epoch, which is a Thursday.
	mondayOffset = 3 * meter.DaySeconds
	yearSeconds  = 365.25 * meter.DaySeconds
)

// CalendarFeature is a number that is known of every time. The order of the weekly ones is the
// order of the columns of weekTable.
type CalendarFeature uint8

// The calendar features. The weekly ones come first.
const (
	HourSin CalendarFeature = iota
	HourCos
	Hour2Sin
	Hour2Cos
	WeekdaySin
	WeekdayCos
	Saturday
	Sunday
	weekFeatures
)

// The day of the year is for training data of more than a year. Holiday says whether the day is
// one, where the country is known.
const (
	YearSin CalendarFeature = weekFeatures + iota
	YearCos
	Holiday
	calendarFeatures
)

var calendarNames = [calendarFeatures]string{
	HourSin: "hour_sin", HourCos: "hour_cos", Hour2Sin: "hour2_sin", Hour2Cos: "hour2_cos",
	WeekdaySin: "weekday_sin", WeekdayCos: "weekday_cos", Saturday: "saturday", Sunday: "sunday",
	YearSin: "year_sin", YearCos: "year_cos", Holiday: "holiday",
}

// weekTable holds the weekly features of every slot of a week that starts on Monday. It is filled
// once and never written again.
var weekTable = func() *[calendarSlots][weekFeatures]float32 {
	var t [calendarSlots][weekFeatures]float32
	for slot := range t {
		second := float64(slot * meter.LeastIntervalSeconds)
		hour := 2 * math.Pi * second / meter.DaySeconds
		day := int(second) / meter.DaySeconds
		week := 2 * math.Pi * float64(day) / 7
		row := &t[slot]
		row[HourSin], row[HourCos] = float32(math.Sin(hour)), float32(math.Cos(hour))
		row[Hour2Sin], row[Hour2Cos] = float32(math.Sin(2*hour)), float32(math.Cos(2*hour))
		row[WeekdaySin], row[WeekdayCos] = float32(math.Sin(week)), float32(math.Cos(week))
		if day == 5 {
			row[Saturday] = 1
		}
		if day == 6 {
			row[Sunday] = 1
		}
	}
	return &t
}()

// writeCalendar writes the features of an interval that starts at a Unix second.
func writeCalendar(dst []float32, features []CalendarFeature, place *Place, second int64) {
	localSecond := place.Local(second)
	s := (localSecond + mondayOffset) % meter.WeekSeconds
	if s < 0 {
		s += meter.WeekSeconds
	}
	row := &weekTable[s/meter.LeastIntervalSeconds]
	for i, f := range features {
		switch {
		case f < weekFeatures:
			dst[i] = row[f]
		case f == YearSin:
			dst[i] = float32(math.Sin(yearAngle(localSecond)))
		case f == YearCos:
			dst[i] = float32(math.Cos(yearAngle(localSecond)))
		default:
			dst[i] = 0
			if place.Holiday(localSecond) {
				dst[i] = 1
			}
		}
	}
}

// yearAngle is how much of the year has passed at a second, as an angle. The difference is exact, so
// it equals math.Mod(years, 1), which is slow.
func yearAngle(second int64) float64 {
	years := float64(second) / yearSeconds
	return 2 * math.Pi * (years - math.Trunc(years))
}
