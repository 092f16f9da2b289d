package engine

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/meter"
)

var memorySeries = flag.Int("series", 20_000, "how many series TestBytesPerSeries fills an engine with")

// What a series may take in memory at 64 units: about 3 KiB, ids and index
// included, and the forecasts that wait for their actuals.
const mostBytes = 3300 + (1+6+12+24+4*accuracy.HeldCells)*21

// A series costs a little over 4 KiB of heap, and with the headroom that the forecaster
// leaves to the collector no more than 30 % above that of resident memory:
//
//	go test ./pkg/engine -run BytesPerSeries -series 1000000 -v
func TestBytesPerSeries(t *testing.T) {
	n := *memorySeries
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	before := heap()
	e := newEngine(t, benchModel())
	batch := make([]Reading, 0, 1000)
	for i := range n {
		r := at(0)
		r.Series = meter.ID{Site: fmt.Sprintf("site%03d", i%1000), Meter: fmt.Sprintf("meter-%07d", i)}
		r.Message = len(batch)
		if batch = append(batch, history(r)); len(batch) == cap(batch) || i == n-1 {
			e.Step(batch)
			batch = batch[:0]
		}
	}
	clear(e.hours().slabs.states) // series in their first day keep their readings
	for slot := range int32(n) {  // what readings of two weeks would have written to
		ones(e.hours().slabs.values.row(slot))
		ones(e.hours().slabs.live.row(slot))
		ones(e.hours().slabs.settled.row(slot))
		for k, row := 0, e.hours().slabs.held.row(slot); k < len(row); k++ {
			row[k] = 1
		}
		for k, row := 0, e.hours().slabs.quality.row(slot); k < len(row); k++ {
			row[k] = byte(meter.OK<<4 | meter.OK)
		}
	}
	bytes := float64(heap()-before) / float64(n)
	t.Logf("%d series: %.0f bytes of heap each, %.0f resident", n, bytes, float64(resident(t))/float64(n))
	if bytes > mostBytes {
		t.Errorf("a series takes %.0f bytes, at most %d are meant", bytes, mostBytes)
	}
	if most := 1.3 * mostBytes; n >= 1_000_000 && float64(resident(t))/float64(n) > most {
		t.Errorf("%.0f resident bytes a series, at most %.0f are meant", float64(resident(t))/float64(n), most)
	}
	runtime.KeepAlive(e)
}

func ones(row []float32) {
	for i := range row {
		row[i] = 1
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// resident is the process's memory as Linux counts it, 0 elsewhere.
func resident(t *testing.T) int {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages int
	if _, err := fmt.Fscan(strings.NewReader(string(data)), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}
