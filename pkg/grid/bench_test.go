package grid_test

import (
	"fmt"
	"testing"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

// ringed is a caller with a ring.
type ringed struct {
	values  [4096]float32
	quality [4096]meter.Quality
	first   int64
	newest  int64
	known   bool
}

func (r *ringed) Bounds() (first, newest int64, ok bool) { return r.first, r.newest, r.known }

func (r *ringed) Said(n int64) (float32, meter.Quality) { return r.values[n%4096], r.quality[n%4096] }

func BenchmarkPut(b *testing.B) {
	for _, step := range []int{10, 60, 300, 900, 3600} {
		b.Run(fmt.Sprintf("%d", step), func(b *testing.B) {
			b.ReportAllocs()
			s, ring, second := grid.State{Pattern: grid.Pattern{Kind: meter.Energy}}, &ringed{}, int64(midnight)
			var out grid.Outcome
			for b.Loop() {
				s.Put(grid.Point{Second: second, Value: 1, Quality: meter.OK}, ring, &out)
				second += int64(step)
				if out.Rebuilt {
					ring.known = false
				}
				for _, c := range out.Cells {
					if !ring.known {
						ring.first, ring.known = c.N, true
					}
					ring.values[c.N%4096], ring.quality[c.N%4096] = c.Value, c.Quality
					ring.newest = max(ring.newest, c.N)
					if !ring.known || out.Rebuilt {
						ring.newest = c.N
					}
				}
				ring.first = max(ring.first, ring.newest-4000)
				s.Settle(ring.newest - s.LateCells() - 1)
			}
		})
	}
}
