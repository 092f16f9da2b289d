package dataset

import (
	"fmt"
	"slices"
	"strings"
)

// Resample lets the builder bring finer readings to hours: energy is summed,
// power averaged. kind is energy or power, or "" for what the unit of a series
// says (Wh is energy, all else power). Without it finer readings are taken as
// serving takes them, which is not at all.
func (b *Builder) Resample(kind string) { b.resample, b.kind = true, kind }

// Coarse names a series that comes less often than once an hour, as an error
// that tells its interval; nil when there is none.
func (b *Builder) Coarse() error {
	for i, points := range b.points {
		slices.SortStableFunc(points, bySecond)
		if step := commonStep(points); step > Interval {
			return fmt.Errorf("series %s has a reading every %.3g h: models forecast hours, and coarser readings cannot be made finer; leave it out with --series, or give hourly data", b.ids[i], float64(step)/Interval)
		}
	}
	return nil
}

// hours joins readings that come more often into hours; an hour of which one is
// missing is a hole. Hours start on the hour.
func (b *Builder) hours(i int, points []point) []point {
	step := commonStep(points)
	if !b.resample || step <= 0 || step >= Interval || Interval%step != 0 {
		return points
	}
	parts := int(Interval / step)
	sum := b.kind == "energy" || b.kind == "" && strings.HasSuffix(b.units[i], "Wh")
	var out []point
	for start := 0; start < len(points); {
		hour := floorDiv(points[start].second, Interval) * Interval
		var total float64
		count, end := 0, start
		for ; end < len(points) && points[end].second < hour+Interval; end++ {
			if end > start && points[end].second == points[end-1].second {
				continue // the first of a moment counts
			}
			total += float64(points[end].value)
			count++
		}
		if count == parts {
			if !sum {
				total /= float64(parts)
			}
			out = append(out, point{hour, float32(total)})
		}
		start = end
	}
	return out
}

// commonStep is the most frequent distance of neighbouring readings in order of
// time, in seconds; 0 when there are less than two moments.
func commonStep(points []point) int64 {
	counts := map[int64]int{}
	for i := 1; i < len(points); i++ {
		if step := points[i].second - points[i-1].second; step > 0 {
			counts[step]++
		}
	}
	var common int64
	for step, n := range counts {
		if n > counts[common] || n == counts[common] && step < common {
			common = step
		}
	}
	return common
}

// bySecond orders readings by time.
func bySecond(a, b point) int {
	switch {
	case a.second < b.second:
		return -1
	case a.second > b.second:
		return 1
	}
	return 0
}
