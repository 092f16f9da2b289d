package engine

import (
	"fmt"
	"testing"
)

// A batch of a hundred series in steady state makes its forecasts and little
// else: the number of allocations does not follow the number of series.
func TestStepAllocatesPerBatch(t *testing.T) {
	const meters = 100
	for name, e := range map[string]*Engine{"network": newEngine(t, randomModel(20, 8)), "rules": New()} {
		batch := make([]Reading, meters)
		next := int64(0)
		step := func() {
			for k := range batch {
				batch[k] = at(next)
				batch[k].Series.Meter, batch[k].Message = names[k], k
			}
			next++
			if got := len(e.Step(batch).Forecasts); got != meters {
				t.Fatalf("%s: %d forecasts", name, got)
			}
		}
		for range 400 { // a series of at most two weeks is judged anew each day
			step()
		}
		// The forecasts and their numbers; readings of the test itself allocate
		// the noise's source.
		noise := testing.AllocsPerRun(10, func() {
			for range batch {
				at(next)
			}
		})
		if got := testing.AllocsPerRun(20, step) - noise; got > 6 {
			t.Errorf("%s: %v allocations in a batch of %d series", name, got, meters)
		}
	}
}

var names = func() (all [100]string) {
	for k := range all {
		all[k] = fmt.Sprint("m", k)
	}
	return all
}()
