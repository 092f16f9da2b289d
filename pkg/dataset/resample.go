package dataset

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Kind says what the values of series mean that are added from here on. Unknown is
// what the unit of each says: energy is summed into hours, all else averaged.
func (b *Builder) Kind(kind meter.Kind) { b.kind = kind }

// Coarse names a series that comes less often than once an hour, as an error
// that tells its interval; nil when there is none.
func (b *Builder) Coarse() error {
	for i, points := range b.points {
		if b.kinds[i] == meter.Register {
			continue
		}
		slices.SortStableFunc(points, bySecond)
		if step := commonStep(points); step > meter.IntervalSeconds {
			return fmt.Errorf("series %s has a reading every %.3g h: models forecast hours, and coarser readings cannot be made finer; leave it out with --series, or give hourly data", b.ids[i], float64(step)/meter.IntervalSeconds)
		}
	}
	return nil
}

// hours are the cells of a series as serving joins them: the differences of a
// register, finer readings brought to hours, others as they are.
func (b *Builder) hours(i int) []point {
	reads := b.points[i]
	slices.SortStableFunc(reads, bySecond)
	if len(reads) == 0 {
		return nil
	}
	b.repeats += repeated(reads)
	kind := b.kinds[i]
	if kind == meter.KindUnknown {
		kind = meter.KindOf(b.units[i])
	}
	step := commonStep(reads)
	switch {
	case kind == meter.Register:
		var registers meter.Registers
		cells, _ := registers.Differ(nil, reads, meter.Grid{Interval: meter.IntervalSeconds, First: meter.FloorDiv(reads[0].Second, meter.IntervalSeconds)})
		points := make([]point, len(cells))
		for k, c := range cells {
			points[k] = point{c.N * meter.IntervalSeconds, float32(c.Energy), quality(c.Estimated)}
		}
		return points
	case step > 0 && step < meter.IntervalSeconds && meter.IntervalSeconds%step == 0:
		return join(reads, kind, step)
	}
	points := make([]point, len(reads))
	for k, r := range reads {
		points[k] = point{r.Second, float32(r.Value), meter.OK}
	}
	return points
}

// join brings readings that come every step seconds to hours, which start on the
// hour. Readings off that grid are left out; the last of a moment counts.
func join(reads []meter.Read, kind meter.Kind, step int64) []point {
	var points []point
	for start := 0; start < len(reads); {
		hour := meter.FloorDiv(reads[start].Second, meter.IntervalSeconds)
		var sum float64
		have, end := 0, start
		for ; end < len(reads) && meter.FloorDiv(reads[end].Second, meter.IntervalSeconds) == hour; end++ {
			again := end+1 < len(reads) && reads[end+1].Second == reads[end].Second
			if reads[end].Second%step == 0 && !again {
				sum += reads[end].Value
				have++
			}
		}
		if value, estimated, ok := kind.Whole(sum, have, int(meter.IntervalSeconds/step)); ok {
			points = append(points, point{hour * meter.IntervalSeconds, float32(value), quality(estimated)})
		}
		start = end
	}
	return points
}

func quality(estimated bool) meter.Quality {
	if estimated {
		return meter.Estimated
	}
	return meter.OK
}

// commonStep is the most frequent distance of neighbouring readings in order of
// time, in seconds; 0 when there are less than two moments.
func commonStep(reads []meter.Read) int64 {
	counts := map[int64]int{}
	for i := 1; i < len(reads); i++ {
		if step := reads[i].Second - reads[i-1].Second; step > 0 {
			counts[step]++
		}
	}
	var common int64
	for step, n := range counts {
		if n > counts[common] || n == counts[common] && step < common {
			common = step
		}
	}
	if counts[common] == counts[meter.IntervalSeconds] { // one that strays is not finer
		return meter.IntervalSeconds
	}
	return common
}

// bySecond orders readings by time.
func bySecond(a, b meter.Read) int { return cmp.Compare(a.Second, b.Second) }
