package dataset

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Coarse returns an error that names a series with less than one reading an hour, and its interval;
// nil when there is none.
func (b *Builder) Coarse() error {
	for i := range b.series {
		s := &b.series[i]
		if s.kind == meter.Register {
			continue
		}
		slices.SortStableFunc(s.reads, bySecond)
		if step := commonStep(s.reads); step > meter.IntervalSeconds {
			return fmt.Errorf("series %s has a reading every %.3g h: models forecast hours, and "+
				"coarser "+
				"readings cannot be made finer; leave it out with --series, or give hourly data",
				s.id, float64(step)/meter.IntervalSeconds)
		}
	}
	return nil
}

// points brings the readings of a series to hours as serving does: the differences of a register,
// the sums or means of finer readings, and all others as they are. It sorts the readings by time.
func (s *gathered) points() []point {
	slices.SortStableFunc(s.reads, bySecond)
	kind := s.kind
	if kind == meter.KindUnknown {
		kind = meter.KindOf(s.unit)
	}
	if len(s.reads) > 0 && kind == meter.Register {
		return differences(s.reads)
	}
	if step := commonStep(s.reads); step > 0 && step < meter.IntervalSeconds &&
		meter.IntervalSeconds%step == 0 {
		return join(s.reads, kind, step)
	}
	points := make([]point, len(s.reads))
	for k, r := range s.reads {
		points[k] = point{r.Second, float32(r.Value), meter.OK}
	}
	return points
}

// differences are the hours of a register.
func differences(reads []meter.Read) []point {
	var registers meter.Registers
	first := hourOf(reads[0].Second)
	cells, _ := registers.Differ(nil, reads, meter.Grid{Interval: meter.IntervalSeconds,
		First: first})
	points := make([]point, len(cells))
	for k, c := range cells {
		points[k] = point{c.N * meter.IntervalSeconds, float32(c.Energy), quality(c.Estimated)}
	}
	return points
}

// join brings readings of every step seconds to hours, which start on the hour. Readings off that
// grid are left out. Of readings of the same moment, the last one counts.
func join(reads []meter.Read, kind meter.Kind, step int64) []point {
	var points []point
	for start := 0; start < len(reads); {
		hour := hourOf(reads[start].Second)
		var sum float64
		have, end := 0, start
		for ; end < len(reads) && hourOf(reads[end].Second) == hour; end++ {
			again := end+1 < len(reads) && reads[end+1].Second == reads[end].Second
			if reads[end].Second%step == 0 && !again {
				sum += reads[end].Value
				have++
			}
		}
		if value, estimated, ok := kind.Whole(sum, have, int(meter.IntervalSeconds/step)); ok {
			points = append(points, point{hour * meter.IntervalSeconds, float32(value),
				quality(estimated)})
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

// commonStep is the most frequent distance of neighbouring readings in the order of time, in
// seconds; 0 when there are less than two moments.
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
	// a few stray readings do not make it finer
	if counts[common] == counts[meter.IntervalSeconds] {
		return meter.IntervalSeconds
	}
	return common
}

// bySecond orders readings by time.
func bySecond(a, b meter.Read) int { return cmp.Compare(a.Second, b.Second) }
