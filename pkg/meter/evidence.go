package meter

import "math"

// The bounds of a true value. They were chosen on public readings of households, substations and
// zones. docs/accuracy.md has the wrong values that they find there, and the true ones that they
// flag.
const (
	// frozenLeast is the shortest run of equal values after which one more may be too many.
	frozenLeast = 4
	// frozenChance is how unlikely a run must be, given how often the series repeats itself.
	frozenChance = 1e-6
	// frozenBelow is the share of cells that must lie below a frozen value, or above a negative
	// one. A flat line at the bottom of the range is a standby load.
	frozenBelow = 0.25
	// spikeRange is how far outside the range of two weeks a spike lies, as a share of the range;
	// spikeRangeNew is the same where most of the two weeks is not known: a house whose people come
	// back in its second week charges a car at ten times what the empty house took.
	spikeRange, spikeRangeNew = 1.5, 6
	// mostKnown is the share of the two weeks that is most of them.
	mostKnown = 0.8
	// unusual is how many times the mean absolute value over months a value must be to lie far
	// outside two weeks.
	unusual = 6
	// spikeJump is how many times the largest step of two weeks leads to a spike, in a series
	// whose steps are at most smooth, as a share of its range.
	spikeJump, smooth = 2, 0.5
	// varied is the share of cells that must differ from the cell before. A series that mostly
	// stands still has no range.
	varied = 0.5
	// beyond is how many times the largest value of two weeks a value may be, where the flags
	// before it do not lie close together.
	beyond = 3
	// thousand is the factor of a meter that changes its unit. Such a value lies at least far
	// times outside the range of two weeks.
	thousand, far = 1000, 30
	// away is the least absolute value of two weeks, as a share of their mean absolute value, of
	// a series that stays away from zero. off is the same for a value that is a thousand times
	// too small.
	away, off = 0.2, 0.05
)

// evidence is what two weeks of accepted cells hold.
type evidence struct {
	count      int     // accepted cells
	bad        int     // BAD cells within BelieveWithinDays
	low, high  float32 // range
	nearest    float32 // least absolute value
	mean, size float64 // mean, mean absolute value
	step       float32 // largest change between neighbours
	pairs      int     // neighbours, without those of the present run
	repeats    int     // neighbours that are equal
	longest    int     // longest run of equal values, without the present run
	below      int     // cells below the value judged
	above      int     // cells above it

	// The state of scan, which goes from the newest cell to the oldest.
	later    float32 // the value of the cell that scan saw before
	adjacent bool    // that cell was accepted
	present  bool    // scan is still within the run that the value judged would join
	run      int     // equal values so far
}

func (p Past) evidence(value float32) evidence {
	inf := float32(math.Inf(1))
	e := evidence{low: inf, high: -inf, nearest: inf, present: true, run: 1}
	look, lately := min(p.Known, LookDays*p.PerDay), BelieveWithinDays*p.PerDay
	i := int(p.Newest%int64(len(p.Values))) + 1
	for back := 0; back < look; {
		n := min(i, look-back) // cells before index i, as far as the ring does not wrap
		e.scan(p, i-n, i, value)
		for k := i - min(n, max(lately-back, 0)); k < i; k++ {
			if p.Quality.At(k) == Bad {
				e.bad++
			}
		}
		back += n
		i = len(p.Values)
	}
	e.mean /= float64(max(e.count, 1))
	e.size /= float64(max(e.count, 1))
	return e
}

// scan adds the cells at the indexes [from, to), from the last to the first. It is written for
// speed: a comparison costs a tenth of the built-in min and max, which handle NaN.
func (e *evidence) scan(p Past, from, to int, value float32) {
	for i := to - 1; i >= from; i-- {
		v := p.Values[i]
		if !p.Quality.At(i).Accepted() {
			e.adjacent, e.run = false, 1
			continue
		}
		e.count++
		if v < e.low {
			e.low = v
		}
		if v > e.high {
			e.high = v
		}
		a := magnitude(v)
		if a < e.nearest {
			e.nearest = a
		}
		e.mean += float64(v)
		e.size += float64(a)
		if v < value {
			e.below++
		} else if v > value {
			e.above++
		}
		if e.present = e.present && v == value; !e.present && e.adjacent {
			e.pairs++
			if v == e.later {
				e.repeats++
				if e.run++; e.run > e.longest {
					e.longest = e.run
				}
			} else {
				if d := magnitude(v - e.later); d > e.step {
					e.step = d
				}
				e.run = 1
			}
		}
		e.later, e.adjacent = v, true
	}
}

// frozen says whether run equal values and this one are too many for the series: more than twice
// its longest run, of a chance below frozenChance, and not at the quiet end of its range, which is
// a standby load. Zero is no standby load of a series that never stays there, and a series that
// moves smoothly has none.
func (e *evidence) frozen(value float32, run int) bool {
	if run < 2*e.longest {
		return false
	}
	quiet := e.below
	if value < 0 {
		quiet = e.above
	}
	if value != 0 && float64(quiet) < frozenBelow*float64(e.count) && !e.smooth() {
		return false
	}
	chance := float64(e.repeats+1) / float64(e.pairs+2)
	return float64(run)*math.Log(chance) < math.Log(frozenChance)
}

// smooth says whether each step of the series spans little of its range.
func (e *evidence) smooth() bool { return e.step <= smooth*(e.high-e.low) }

// outlier judges a value that is outside the range of two weeks, which are look cells, or that a leap
// leads to.
func (e *evidence) outlier(value, usual float32, r *recent, look int) Flag {
	size, largest := magnitude(value), max(e.high, -e.low)
	unlike := size > unusual*usual
	if (unlike || size < largest) && e.thousandfold(size, largest) {
		return Factor
	}
	if float64(e.pairs-e.repeats) < varied*float64(e.pairs) {
		return Fine
	}
	if e.swapped(value, size, largest, r.value) {
		return Sign
	}
	if size > largest && r.missing > 0 {
		if share := float64(value) / (float64(r.missing+1) * e.mean); share > 0.5 && share < 2 {
			return Gathered
		}
	}
	apart := float32(spikeRange)
	if float64(e.count) < mostKnown*float64(look) {
		apart = spikeRangeNew
	}
	// Steps that do not go one way add up as the root of their number.
	limit := spikeJump * e.step * float32(math.Sqrt(float64(r.since)))
	leaps := e.smooth() && magnitude(value-r.value) > limit
	switch ratio := value / r.value; {
	case size*far < e.nearest && e.keepsAway(), value == 0 && leaps:
		return ZeroRun
	case leaps && r.since == 1 && ratio > 1.8 && ratio < 2.2:
		return Double
	case leaps, unlike && max(value-e.high, e.low-value) > apart*(e.high-e.low):
		return Spike
	}
	return Fine
}

// keepsAway says whether the series never comes near zero.
func (e *evidence) keepsAway() bool { return float64(e.nearest) > away*e.size }

// thousandfold says whether the value lies far outside the range, and fits it when divided or
// multiplied by a thousand.
func (e *evidence) thousandfold(size, largest float32) bool {
	up, down := float64(size)*thousand, float64(size)/thousand
	switch {
	case largest == 0:
		return false
	case size > far*largest:
		return down <= 2*float64(largest) && down >= float64(e.nearest)/2 && down > 0.01*e.size
	case size > 0 && size*far < e.nearest && float64(e.nearest) > off*e.size:
		return up <= 2*float64(largest) && up >= float64(e.nearest)/2
	}
	return false
}

// swapped says whether a series of one sign, which stays away from zero, goes from the middle of
// its range to the other sign. A house that feeds in for the first time comes near zero before.
func (e *evidence) swapped(value, size, largest, before float32) bool {
	if e.low <= 0 && e.high >= 0 || value*e.high >= 0 || !e.keepsAway() {
		return false
	}
	within := size >= e.nearest && size <= largest
	half := e.size / 2
	return within && float64(size) > half && float64(magnitude(before)) > half
}
