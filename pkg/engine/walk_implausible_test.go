package engine

import (
	"testing"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

// When about three hours of each day of a series are implausible, the event comes at
// most once an hour of the readings' time, at each interval.
func TestImplausibleIsToldOnceAnHour(t *testing.T) {
	t.Parallel()
	for _, interval := range []int32{300, 900, meter.HourSeconds} {
		for every := int64(1); every <= 12; every++ {
			e := New()
			e.Begin(m17, "kWh", grid.Grid{Interval: interval})
			co, slot, _ := e.find(m17)
			first, told, last := int64(epoch)/int64(interval), 0, int64(0)
			ring := co.slabs.ring(slot)
			for n := first; n < first+int64(2*co.len.Day); n++ {
				ring.Set(n, 1, meter.OK)
				if (n-first)%every != 0 {
					continue
				}
				co.slabs.flagged.put(slot, raw{cell: n, said: said{1, meter.OK}})
				if !co.liesForHours(slot, n) {
					continue
				}
				if told++; told > 1 && (n-last)*int64(interval) <= meter.HourSeconds {
					t.Fatalf("interval %d, each %d. cell: told %d s after it was told", interval, every, (n-last)*int64(interval))
				}
				last = n
			}
			if told == 0 && every <= 8 {
				t.Errorf("interval %d, each %d. cell: nothing is told", interval, every)
			}
		}
	}
}
