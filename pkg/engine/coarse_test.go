package engine

import (
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// A series that comes less often than hourly is told once, with its rhythm, and has no forecast
// from then on; a series beside it is forecast with each reading.
func TestCoarseSeriesIsToldAndLeftOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		step   time.Duration
		before int64 // readings until the rhythm is known
	}{
		"every two hours": {2 * time.Hour, 3}, "daily": {24 * time.Hour, 3},
		"of 45 minutes": {45 * time.Minute, 40}, "weekly": {7 * 24 * time.Hour, 3},
		"monthly": {30 * 24 * time.Hour, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, randomModel(64, 4))
			var told []Event
			for i := range int64(64) {
				seldom := at(0)
				seldom.Series.Meter = "seldom"
				seldom.Second += i * int64(c.step/time.Second)
				result := e.Step([]Reading{seldom})
				told = append(told, result.Events...)
				if i >= c.before && len(result.Forecasts) > 0 {
					t.Fatalf("reading %d has a forecast", i)
				}
				if result := e.Step([]Reading{at(i)}); len(result.Forecasts) != 1 {
					t.Fatalf("the series beside it has %d forecasts", len(result.Forecasts))
				}
			}
			id := at(0).Series
			id.Meter = "seldom"
			sum, ok := e.Summary(id)
			if !ok || time.Duration(sum.Step)*time.Second != c.step || sum.Source != meter.SourceNone {
				t.Errorf("every %d s, forecast by %q", sum.Step, sum.Source)
			}
			silent, census := 0, e.Census(0)
			for i, n := range census.By {
				if StandingAt(i).Source == meter.SourceNone {
					silent += n
				}
			}
			if silent != 1 || census.Reach != [len(intervals)]Reach{} {
				t.Errorf("%d series have no forecast, reach %v", silent, census.Reach)
			}
			if len(told) != 1 || told[0].Kind != IntervalUnsupported ||
				!strings.Contains(told[0].Text, "every "+meter.StepName(c.step)) {
				t.Errorf("told %+v", told)
			}
		})
	}
}
