package meter

import (
	"math"
	"slices"
)

// beginning finds the first values when nearly all later ones are of a unit that is a thousand times
// as large: up to the last value far above whatever follows after half a day. Beside load that is
// nothing at night, no level of the first values stands out.
func (w *absurdity) beginning() []int {
	after, next := float32(0), len(w.cells) // the largest size from cell next on
	for b := len(w.cells); b >= levelLeast; b-- {
		last := w.cells[b-1]
		for next > b && w.cells[next-1].at >= last.at+w.perDay/2 {
			next--
			after = max(after, w.cells[next].size)
		}
		if len(w.cells)-next >= absurdLeastDays*w.perDay && last.size > levelAbove*after {
			return w.ofOtherUnit(b, next)
		}
	}
	return nil
}

// ofOtherUnit returns the first b cells if they are of another unit than those from next on, and
// the cells between that are.
func (w *absurdity) ofOtherUnit(b, next int) []int {
	first, later := sizesOf(w.cells[:b]), sizesOf(w.cells[next:])
	high, largest := first[b-1-b/10], later[len(later)-1]
	times := high / later[len(later)-1-len(later)/10]
	if !varies(later) || high < levelAbove*largest || times < beginLeast || times > beginMost {
		return nil
	}
	atTime := make([]float32, w.perDay) // the largest size of later cells
	for _, c := range w.cells[next:] {
		atTime[c.at%w.perDay] = max(atTime[c.at%w.perDay], c.size)
	}
	var found []int
	for i, c := range w.cells[:next] {
		if most := atTime[c.at%w.perDay]; i < b || most > 0 && c.size > levelAbove*most {
			found = append(found, c.at)
		}
	}
	return found
}

// AbsurdUnit returns the indexes, ascending, of the first values of a new series when nearly all of them
// are a thousand times as large as those of the last day or more, or a thousandth. It is for the days
// before Absurd knows enough, with the same arguments: of fewer values than unitDays it finds none. What
// was found before stays as there.
func AbsurdUnit(values []float32, before []int, perDay int) []int {
	return keep(before, absurdUnitOnce(values, perDay), len(values), perDay)
}

func absurdUnitOnce(values []float32, perDay int) []int {
	if len(values) < unitDays*perDay {
		return nil
	}
	w := newAbsurdity(values, perDay)
	found := w.level()
	if len(found) == 0 {
		return nil
	}
	last := found[len(found)-1]
	first, _ := slices.BinarySearchFunc(w.cells, last+1, func(c absurdCell, at int) int { return c.at - at })
	if float64(len(found)) < levelWhole*float64(first) || len(w.cells)-first < perDay {
		return nil // others lie between, or too few follow
	}
	return found
}

// level finds the values of a level that is a thousand times another one. The level of the last day
// is right, else the usual one; values that are too small are found at the beginning alone.
func (w *absurdity) level() []int {
	if len(w.cells) < absurdLeastDays*w.perDay+levelLeast {
		return nil
	}
	off, kinds := w.kinds()
	newest := kinds[len(kinds)-w.perDay:]
	for _, other := range [...]int{1, -1} {
		if !w.thousand(off, kinds, other) {
			continue
		}
		wrong := other
		if float64(count(newest, other)) >= levelWhole*float64(w.perDay) {
			wrong = 0
		}
		if small := wrong < max(other, 0); small && kinds[0] != wrong {
			continue
		}
		var found []int
		for i, c := range w.cells {
			if kinds[i] == wrong {
				found = append(found, c.at)
			}
		}
		return found
	}
	return nil
}

// kinds returns how far each value is from the usual one of its time of the day, as a power of ten,
// and its kind: 0 for the usual level, 1 for one above and -1 for one below. What is usual is found
// from all values, and then from those that are.
func (w *absurdity) kinds() (off []float64, kinds []int) {
	off, kinds = make([]float64, len(w.cells)), make([]int, len(w.cells))
	before := make([]int, len(w.cells))
	for range 3 {
		usual := w.usual(kinds)
		for i, c := range w.cells {
			off[i] = c.power - usual[c.at%w.perDay]
		}
		copy(before, kinds)
		if sortOut(kinds, off); slices.Equal(before, kinds) {
			break // what is usual stays
		}
	}
	return off, kinds
}

// unitDays is the fewest days of which AbsurdUnit judges.
const unitDays = 3

// unclear is the kind of a value that may be of either of two.
const unclear = 2

// sortOut gives values their kinds. Where a value may be of two, the clear ones before and behind it
// decide if they agree.
func sortOut(kinds []int, off []float64) {
	for i, v := range off {
		switch size := math.Abs(v); {
		case math.Abs(size-levelApart) < levelUnclear:
			kinds[i] = unclear
		case size < levelApart:
			kinds[i] = 0
		default:
			kinds[i] = int(math.Copysign(1, v))
		}
	}
	for i, v := range off {
		if kinds[i] != unclear {
			continue
		}
		before, behind := unclear, unclear
		if i > 0 {
			before = kinds[i-1]
		}
		if at := slices.IndexFunc(kinds[i:], func(k int) bool { return k != unclear }); at >= 0 {
			behind = kinds[i+at]
		}
		switch {
		case before == behind && before != unclear:
			kinds[i] = before
		case math.Abs(v) < levelApart:
			kinds[i] = 0
		default:
			kinds[i] = int(math.Copysign(1, v))
		}
	}
}

// usual is the middle size of the values of the usual level at each time of the day, as a power of
// ten.
func (w *absurdity) usual(kinds []int) []float64 {
	days := w.cells[len(w.cells)-1].at/w.perDay + 1
	byTime, known := make([]float64, w.perDay*days), make([]int, w.perDay)
	for i, c := range w.cells {
		if t := c.at % w.perDay; kinds[i] == 0 {
			byTime[t*days+known[t]] = c.power
			known[t]++
		}
	}
	usual, all := make([]float64, w.perDay), math.NaN()
	for t := range usual {
		if powers := byTime[t*days:][:known[t]]; len(powers) > 0 {
			usual[t] = middle(powers)
			continue
		}
		if math.IsNaN(all) {
			all = w.usualOfAll(kinds)
		}
		usual[t] = all
	}
	return usual
}

// usualOfAll is the middle size of all values of the usual level, as a power of ten.
func (w *absurdity) usualOfAll(kinds []int) float64 {
	var powers []float64
	for i, c := range w.cells {
		if kinds[i] == 0 {
			powers = append(powers, c.power)
		}
	}
	return middle(powers)
}

// thousand says whether the values of a kind are of a level that is a thousand times, or a thousandth
// of, the usual one: far from it, of one size with each other, and in a few runs, or with nothing
// between the two levels.
func (w *absurdity) thousand(off []float64, kinds []int, kind int) bool {
	if count(kinds, kind) < levelLeast {
		return false
	}
	var level []float64
	var sizes, usual []float32
	runs, within, last := 0, 0, -1
	for i, k := range kinds {
		switch k {
		case 0:
			usual = append(usual, w.cells[i].size)
		case kind:
			level, sizes = append(level, math.Abs(off[i])), append(sizes, w.cells[i].size)
			if last < 0 || i-last > max(2, w.perDay/8) {
				runs++
			} else {
				within += i - last - 1
			}
			last = i
		}
	}
	if len(usual) < levelLeast {
		return false
	}
	slices.Sort(sizes)
	slices.Sort(usual)
	low, high := usual, sizes
	if kind < 0 {
		low, high = sizes, usual
	}
	inRuns := runs <= levelRuns && len(level) >= levelLeast*runs &&
		float64(within) <= (1-levelWhole)*float64(len(level))
	apart := varies(usual) && high[0] >= absurdGap*low[len(low)-1]
	if !inRuns && !apart || middle(high) < levelAbove*low[len(low)-1] {
		return false
	}
	m := middle(level)
	far := make([]float64, len(level))
	for i, v := range level {
		far[i] = math.Abs(v - m)
	}
	most, spread := levelThousand, levelSpread
	switch {
	case !varies(usual):
		most, spread = levelThousandFlat, levelSpreadFlat
		if inRuns && runs == 1 && len(level) >= w.perDay {
			most = levelThousandDay
		}
	case apart:
		most = levelThousandApart
	}
	return math.Abs(m-3) < most && middle(far) < spread
}
