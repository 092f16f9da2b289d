package meter_test

import (
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/servertest"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// Of the first week and the first two weeks of each public series, begun on any day, nothing is
// absurd.
func TestNoRealReadingsAreAbsurd(t *testing.T) {
	t.Parallel()
	servertest.Require(t, servertest.Long)
	for _, file := range publicFiles(t) {
		t.Run(file.name, func(t *testing.T) {
			t.Parallel()
			perDay, begun, cells := int(meter.DaySeconds/int64(file.interval.Seconds())), 0, 0
			for _, l := range lives(t, file.name, file.interval, tabular.Options{}) {
				for from := 0; from < len(l.values); from += perDay {
					for _, days := range []int{7, 14} {
						if from+days*perDay > len(l.values) {
							continue
						}
						begun++
						cells += days * perDay
						v := l.values[from : from+days*perDay]
						if found := meter.Absurd(v, perDay); len(found) > 0 {
							t.Errorf("%s from %s: %d of %d days, the first is %v",
								l.name, l.moment(from), len(found), days, v[found[0]])
						}
					}
				}
			}
			t.Logf("%d beginnings, %d cells", begun, cells)
		})
	}
}
