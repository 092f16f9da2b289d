package dataset

import (
	"cmp"
	"fmt"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Coarse tells in a line which series Build left out because their readings come more rarely than
// the interval of the histories; it is empty when there are none.
func (b *Builder) Coarse() string {
	if len(b.left) == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d series come more rarely than every %d minutes and are left out: %s",
		len(b.left), len(b.series), max(b.interval, 300)/60, SomeOf(b.left))
}

// commonStep is the most frequent distance of neighbouring readings in the order of time, in
// seconds; 0 when there are less than two moments.
func commonStep(reads []reading) int64 {
	counts := map[int64]int{}
	for i := 1; i < len(reads); i++ {
		if step := reads[i].second - reads[i-1].second; step > 0 {
			counts[step]++
		}
	}
	var common int64
	for step, n := range counts {
		if n > counts[common] || n == counts[common] && step < common {
			common = step
		}
	}
	// a few stray readings do not make it finer
	if counts[common] == counts[meter.HourSeconds] {
		return meter.HourSeconds
	}
	return common
}

// bySecond orders readings by time.
func bySecond(a, b reading) int { return cmp.Compare(a.second, b.second) }
