package dataset

import (
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// DropLone leaves out the readings that are far ahead of all before them and that
// no later one agrees with: a wrong clock, which would stretch the history by
// years. It returns how many there were.
func (b *Builder) DropLone() int {
	dropped := 0
	for i, points := range b.points {
		slices.SortStableFunc(points, bySecond)
		kept := points[:0]
		for k, p := range points {
			ahead := k > 0 && p.Second-points[k-1].Second > meter.LatenessSeconds
			if ahead && (k == len(points)-1 || points[k+1].Second-p.Second > meter.LatenessSeconds) {
				dropped++
				continue
			}
			kept = append(kept, p)
		}
		b.points[i] = kept
	}
	return dropped
}
