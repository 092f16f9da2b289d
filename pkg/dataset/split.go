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

// LeastDays is the shortest history that a network is trained on.
const LeastDays = 21

// DefaultCut gives the last tenth of the span to the test, and the tenth before it to validation.
// first and last are the starts of the first and the last interval, in Unix seconds; the ranges are
// whole intervals.
func DefaultCut(first, last, interval int64) (Cut, error) {
	until := last + interval
	span := until - first
	if err := enough(span); err != nil {
		return Cut{}, err
	}
	tenth := span / 10 / interval * interval
	return Cut{First: first, TrainUntil: until - 2*tenth, ValidUntil: until - tenth,
		TestFrom: until - tenth, TestUntil: until}, nil
}

// CutBefore gives the last fifth before until to validation, at least 7 and at most 56 days. It has
// no test range, and uses nothing after until. The ranges are whole intervals.
func CutBefore(first, until, interval int64) (Cut, error) {
	span := until - first
	if span <= 0 {
		return Cut{}, fmt.Errorf("there are no data before %s: they begin on %s", date(until),
			date(first))
	}
	if err := enough(span); err != nil {
		return Cut{}, err
	}
	fifth := min(max(span/5, meter.WeekSeconds),
		8*meter.WeekSeconds) / interval * interval
	return Cut{First: first, TrainUntil: until - fifth, ValidUntil: until, TestFrom: until,
		TestUntil: until}, nil
}

func enough(span int64) error {
	if span < LeastDays*meter.DaySeconds {
		return fmt.Errorf("the data spans %.1f days, training needs %d: add history, or wait for "+
			"more readings", float64(span)/meter.DaySeconds, LeastDays)
	}
	return nil
}

// String shows the ranges to a person, by day.
func (c Cut) String() string {
	return fmt.Sprintf("train %s to %s, validate to %s, test to %s", date(c.First),
		date(c.TrainUntil), date(c.ValidUntil), date(c.TestUntil))
}

func date(second int64) string { return time.Unix(second, 0).UTC().Format(time.DateOnly) }
