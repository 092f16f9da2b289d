package meter_test

import (
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/servertest"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// mostAbsurd is the largest share of the cells of a file that may be found.
const mostAbsurd = 0.001

// Of the first week and the first two weeks of each public series, begun on any day, hardly anything is
// absurd: hours that are ten times the others, or a tenth, in their shape. docs/accuracy.md has how many.
func TestFewRealReadingsAreAbsurd(t *testing.T) {
	t.Parallel()
	servertest.Require(t, servertest.Long)
	for _, file := range publicFiles(t) {
		t.Run(file.name, func(t *testing.T) {
			t.Parallel()
			perDay := int(meter.DaySeconds / int64(file.interval.Seconds()))
			begun, cells, absurd, early := 0, 0, 0, 0
			for _, l := range lives(t, file.name, file.interval, tabular.Options{}) {
				for from := 0; from < len(l.values); from += perDay {
					for days := 3; days < 7 && from+days*perDay <= len(l.values); days++ {
						v := l.values[from : from+days*perDay]
						found := meter.AbsurdUnit(v, nil, perDay)
						if early += len(found); len(found) > 0 && testing.Verbose() {
							t.Logf("%s from %s: %d of %d days, of another unit, the first is %v",
								l.name, l.moment(from), len(found), days, v[found[0]])
						}
					}
					for _, days := range []int{7, 14} {
						if from+days*perDay > len(l.values) {
							continue
						}
						begun++
						cells += days * perDay
						v := l.values[from : from+days*perDay]
						found := meter.Absurd(v, nil, perDay)
						if absurd += len(found); len(found) > 0 && testing.Verbose() {
							t.Logf("%s from %s: %d of %d days, the first is %v",
								l.name, l.moment(from), len(found), days, v[found[0]])
						}
					}
				}
			}
			t.Logf("%d beginnings, %d cells, %d absurd, %d of another unit", begun, cells, absurd, early)
			if share := float64(absurd) / float64(cells); share > mostAbsurd {
				t.Errorf("%.5f %% of the cells are absurd, want at most %v %%", 100*share, 100*mostAbsurd)
			}
		})
	}
}
