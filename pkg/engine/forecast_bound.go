package engine

import "github.com/loadtide/loadtide/pkg/meter"

// leastBand is the least width of the band from P10 to P90, as a share of the level. It is 1 % still
// when both ends are rounded to the five digits that are published.
const leastBand = 0.0102

// bound brings a forecast, whatever made it, within what its series can be:
//
//   - A series without a negative reading in the last two weeks, as far as they are known, gets no
//     quantile below zero. Only cells that were measured and are plausible count.
//   - The band from P10 to P90 is at least 1 % of the level wide. The level of a lead is its median
//     or the mean of all medians of the forecast, whichever is further from zero: a series of zeros
//     may have no band, the night of a solar plant has one.
//
// A median changes only where it is negative and must not be. Quantiles do not cross afterwards.
func (co *cohort) bound(slot int32, f *Forecast) {
	b := bandOf(f.Levels)
	mean := float32(0)
	for k := range f.Horizon {
		mean += magnitude(f.lead(k)[b.median]) / float32(f.Horizon)
	}
	outside := false
	for k := range f.Horizon {
		lead := f.lead(k)
		outside = outside || lead[0] < 0 || b.missing(lead, mean) > 0
	}
	if !outside { // as most forecasts: the cells are not looked at
		return
	}
	floor := float32(-meter.MaxValue)
	if !co.feedsIn(slot) {
		floor = 0
	}
	for k := range f.Horizon {
		lead := f.lead(k)
		for i := range lead {
			lead[i] = max(lead[i], floor)
		}
		if width := b.missing(lead, mean); width > 0 {
			b.widen(lead, width, floor)
		}
	}
}

// lead is the quantiles of lead k+1.
func (f *Forecast) lead(k int) []float32 { return f.Quantiles[k*len(f.Levels):][:len(f.Levels)] }

// feedsIn says whether a series had a negative reading within the last two weeks.
func (co *cohort) feedsIn(slot int32) bool {
	ring := co.slabs.ring(slot)
	i := int(ring.Newest % int64(len(ring.Values)))
	for range min(ring.Known, co.len.Features) {
		if ring.Values[i] < 0 && ring.Quality.At(i).Accepted() {
			return true
		}
		if i--; i < 0 {
			i = len(ring.Values) - 1
		}
	}
	return false
}

// band is where the levels of P10, or the first level within, the median and P90 are.
type band struct {
	levels            []float64
	low, median, high int
}

func bandOf(levels []float64) band {
	b := band{levels: levels, high: len(levels) - 1}
	for b.levels[b.low] < 0.1 {
		b.low++
	}
	for b.levels[b.high] > 0.9 {
		b.high--
	}
	for b.levels[b.median] < 0.5 {
		b.median++
	}
	return b
}

// missing is the width that the band of a lead must have and has not, 0 when it is wide enough. mean
// is that of the medians of the forecast. Where P10 or P90 is no level, the width is in proportion.
func (b *band) missing(lead []float32, mean float32) float32 {
	least := leastBand * max(mean, magnitude(lead[b.median]))
	share := float32(b.levels[b.high]-b.levels[b.low]) / 0.8
	if lead[b.high]-lead[b.low] >= share*least {
		return 0
	}
	return least
}

// widen moves the quantiles of a lead apart until the band from P10 to P90 has a width. They move
// alike to both sides of the median, in proportion to their levels, but no further down than the
// floor.
func (b *band) widen(lead []float32, width, floor float32) {
	median := lead[b.median]
	down := min(width/2, median-floor)
	up := width - down
	for i, level := range b.levels {
		distance := float32(level-0.5) / 0.4 // 1 at P90
		if distance < 0 {
			lead[i] = max(min(lead[i], median+distance*down), floor)
		} else {
			lead[i] = bounded(max(lead[i], median+distance*up))
		}
	}
}

func magnitude(v float32) float32 { return max(v, -v) }
