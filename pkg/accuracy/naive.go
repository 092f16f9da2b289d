package accuracy

import (
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// NaiveRule is the rule by which SeasonalNaive forecasts a series of which that
// many values are known.
func NaiveRule(known, season int) meter.Source {
	switch {
	case known < 1:
		return ""
	case season < 1 || known < season+1:
		return meter.SourcePersistence
	}
	return meter.SourceSeasonalNaive
}

// NaiveScratch is the length of scratch with which SeasonalNaive and Persistence
// do not allocate, for at most that many known values and levels.
func NaiveScratch(known, levels int) int { return levels + 4*known }

// SeasonalNaive forecasts leads 1..horizon of a series from its last known
// values, the newest last in past; older cells before them may hold anything.
// The value of lead k is that of the same hour of the latest known season:
//
//	y[t + k - m*season],  m = ceil(k / season)
//
// plus the quantiles of y[s] - y[s-m*season] over all known pairs; where they do not fill a season,
// those of fewer seasons apart. With fewer than season+1 values it is Persistence.
//
// dst [horizon*levels] takes lead k, level q at (k-1)*levels+q; levels ascend,
// so quantiles never cross. Known values are finite, in any unit; so is dst.
// scratch is overwritten (NaiveScratch).
func SeasonalNaive(
	dst, past []float32, known, season, horizon int, levels []float64, scratch []float32,
) meter.Source {
	if NaiveRule(known, season) != meter.SourceSeasonalNaive {
		return Persistence(dst, past, known, horizon, levels, scratch)
	}
	y := past[len(past)-known:]
	spread, room, spare := split(scratch, len(levels), known-season)
	for k := 1; k <= horizon; k++ {
		seasons := (k + season - 1) / season
		apart := seasons * season
		if (k-1)%season == 0 && (seasons == 1 || apart+season <= known) {
			residuals := room[:known-apart]
			for i := range residuals {
				residuals[i] = bounded(float64(y[i+apart]) - float64(y[i]))
			}
			quantiles(spread, residuals, spare, levels)
		}
		value := float64(y[known-1+k-seasons*season])
		lead := dst[(k-1)*len(levels):][:len(levels)]
		for q, r := range spread {
			lead[q] = bounded(value + float64(r))
		}
	}
	return meter.SourceSeasonalNaive
}

// Persistence forecasts the last known value for every lead, in a band that
// grows like that of a random walk: the quantiles of the steps seen so far, up
// and down alike, times the root of the lead. After a single value the band is
// as wide as the value. Arguments as in SeasonalNaive; without any known value
// dst is left alone and the rule is "".
func Persistence(
	dst, past []float32, known, horizon int, levels []float64, scratch []float32,
) meter.Source {
	if known < 1 {
		return ""
	}
	y := past[len(past)-known:]
	last := float64(y[known-1])
	spread, both, spare := split(scratch, len(levels), 2*(known-1))
	if known == 1 {
		for q, level := range levels {
			spread[q] = float32(math.Abs(last) * (level - 0.5))
		}
	} else {
		for i := range known - 1 {
			step := bounded(float64(y[i+1]) - float64(y[i]))
			both[2*i], both[2*i+1] = step, -step
		}
		quantiles(spread, both, spare, levels)
	}
	for k := 1; k <= horizon; k++ {
		grow := 1.0
		if known > 1 {
			grow = math.Sqrt(float64(k))
		}
		lead := dst[(k-1)*len(levels):][:len(levels)]
		for q, r := range spread {
			lead[q] = bounded(last + grow*float64(r))
		}
	}
	return meter.SourcePersistence
}

// split cuts scratch into one part for the levels and two for n values.
func split(scratch []float32, levels, n int) (spread, values, spare []float32) {
	scratch = slices.Grow(scratch[:0], levels+2*n)[:levels+2*n]
	return scratch[:levels], scratch[levels : levels+n], scratch[levels+n:]
}

// quantiles sorts values, at least one, and sets dst to their quantiles at
// levels, interpolated between order statistics (type 7).
func quantiles(dst, values, spare []float32, levels []float64) {
	sortFloats(values, spare)
	for q, level := range levels {
		at := float64(len(values)-1) * level
		i := min(int(at), len(values)-1)
		low, high := float64(values[i]), float64(values[min(i+1, len(values)-1)])
		// Rounding may carry the sum past high by the last bit, and levels across.
		dst[q] = bounded(min(low+(at-float64(i))*(high-low), high))
	}
}

// bounded keeps a sum of large values within float32.
func bounded(x float64) float32 {
	return float32(max(-math.MaxFloat32, min(math.MaxFloat32, x)))
}
