package dataset

import (
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Cut divides time, never series: training before TrainUntil, validation from there to ValidUntil,
// and the test from TestFrom to TestUntil. All are Unix seconds; a range holds the intervals that
// start in it.
type Cut struct {
	First, TrainUntil, ValidUntil, TestFrom, TestUntil int64
}

// LeastDays is the shortest history that a network of a horizon of up to three days is trained on.
const LeastDays = 21

// Extent is the time that is cut, for a network of a horizon.
type Extent struct {
	First, Last int64 // starts of the first and of the last interval, in Unix seconds
	Interval    int64 // in seconds
	Horizon     int64 // in seconds
	// Reach is how long before First a few series have readings already, in seconds. First moves back
	// within it when the time is too short otherwise.
	Reach int64
}

// until is the end of the last interval.
func (e *Extent) until() int64 { return e.Last + e.Interval }

// DefaultCut gives the last tenth of the span to the test, and the tenth before it to validation;
// each of them has at least a horizon and a day. The ranges are whole intervals.
func DefaultCut(e Extent) (Cut, error) {
	until := e.until()
	first, err := e.enough(until)
	if err != nil {
		return Cut{}, err
	}
	tenth := TestLength(until-first, e.Interval, e.Horizon)
	return Cut{First: first, TrainUntil: until - 2*tenth, ValidUntil: until - tenth,
		TestFrom: until - tenth, TestUntil: until}, nil
}

// TestLength is the default length of the test of a span: a tenth of it, and at least a horizon and
// a day, so that it holds whole forecasts. It is of whole intervals; all are in seconds.
func TestLength(span, interval, horizon int64) int64 {
	return max(span/10, horizon+meter.DaySeconds) / interval * interval
}

// CutBefore gives the last fifth before until to validation, at least 7 and at most 56 days, and at
// least a horizon and a day. It has no test range, and uses nothing after until. The ranges are whole
// intervals.
func CutBefore(e Extent, until int64) (Cut, error) {
	until = min(until, e.until())
	if begin := e.First - e.Reach; until <= begin {
		return Cut{}, fmt.Errorf("there are no data before %s: they begin on %s", date(until),
			date(begin))
	}
	first, err := e.enough(until)
	if err != nil {
		return Cut{}, err
	}
	fifth := min(max((until-first)/5, meter.WeekSeconds, e.Horizon+meter.DaySeconds),
		8*meter.WeekSeconds) / e.Interval * e.Interval
	return Cut{First: first, TrainUntil: until - fifth, ValidUntil: until, TestFrom: until,
		TestUntil: until}, nil
}

// enough returns the first second of the time that is cut, and refuses a time until which there are
// too few readings. Three ranges hold whole forecasts: each has a horizon and a day, and that of the
// training begins with a week for the scale.
func (e *Extent) enough(until int64) (first int64, err error) {
	least := max(LeastDays, (3*(e.Horizon+meter.DaySeconds)+meter.WeekSeconds+meter.DaySeconds-1)/
		meter.DaySeconds)
	first = max(min(e.First, until-least*meter.DaySeconds), e.First-e.Reach)
	span := until - first
	if span >= least*meter.DaySeconds {
		return first, nil
	}
	words := fmt.Sprintf("the data spans %.1f days, training needs %d", float64(span)/meter.DaySeconds,
		least)
	if least > LeastDays {
		return 0, fmt.Errorf("%s for a horizon of %.3g days: add history, wait for more readings, or take "+
			"a shorter horizon", words, float64(e.Horizon)/meter.DaySeconds)
	}
	return 0, fmt.Errorf("%s: add history, or wait for more readings", words)
}

// String shows the ranges to a person, by day.
func (c Cut) String() string {
	return fmt.Sprintf("train %s to %s, validate to %s, test to %s", date(c.First),
		date(c.TrainUntil), date(c.ValidUntil), date(c.TestUntil))
}

func date(second int64) string { return time.Unix(second, 0).UTC().Format(time.DateOnly) }
