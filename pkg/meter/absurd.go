package meter

import (
	"cmp"
	"math"
	"slices"
)

// The bounds of what Absurd finds. They were chosen on public readings; docs/accuracy.md has how many
// true values they flag.
const (
	// absurdLeastDays is how many days of values that are not zero Absurd needs beside those that it
	// finds.
	absurdLeastDays = 2
	// absurdFew is how many values may stand far above all others, as a share of a day.
	absurdFew = 1.0 / 6
	// absurdGap is how many times the largest of the others such a value is at least, in a series
	// that varies; absurdGapFlat is the same where nothing else varies, as in a house that is empty
	// but for an hour.
	absurdGap, absurdGapFlat = 15, 5000
	// lively is how many times the largest tenth of the values is of the smallest in a series that
	// varies.
	lively = 2
	// levelApart is how far a value is from the usual one of its time of the day, as a power of ten,
	// to be of another level; within levelUnclear of it, the values around it decide.
	levelApart, levelUnclear = 1.5, 0.5
	// levelThousand is how far from three the middle of a level of a thousand is at most, and
	// levelSpread how far the values are from it. The second ones hold where nothing lies between the
	// two levels, the third ones in a series that does not vary. There a level of one run that lasts a
	// day may be further off, as working days are from a week: that of a grid is.
	levelThousand, levelThousandApart, levelThousandFlat = 0.35, 0.6, 0.04
	levelThousandDay                                     = 0.1
	levelSpread, levelSpreadFlat                         = 0.45, 0.06
	// levelRuns is how many times a meter may change its level, levelLeast the fewest values.
	levelRuns, levelLeast = 3, 3
	// levelWhole is the share of a run, and of the last day, that is of its level.
	levelWhole = 0.9
	// levelAbove is how many times the largest value of the lower level the middle of the higher is.
	levelAbove = 20
	// beginLeast and beginMost bound how many times the upper tenth of the first values that of all
	// later ones is, where the first ones are of another unit.
	beginLeast, beginMost = 200, 5000
	// absurdGapZero is how many times the largest of the others the first values are at least in a
	// series that is zero on most days, and absurdGapCount where the first values count on.
	absurdGapZero, absurdGapCount = 100_000, 1000
	// absurdKnown is the fewest values that are not zero in such a series.
	absurdKnown = 5
)

// Absurd returns the indexes, ascending, of the values of a new series that cannot be true beside the
// others. values are of neighbouring cells, a week or two of them, NaN where nothing was accepted;
// perDay is the number of cells of a day. The order of time counts, and no value is taken on trust:
//
//   - a few values far above all others, as when a meter sends what its register shows, or one value
//     is a hundred times too large;
//   - a level a thousand times, or a thousandth of, the other one, as of Wh among kWh: the level of
//     the last day is right, else that of most values;
//   - first values of another unit than all that follow;
//   - values that count on like a register does, by what the others are.
//
// Absurd rather misses a wrong value than flags a true one: rare peaks, a house that is empty but for
// a week-end, a charger, sun at noon are no more than a few times what else there is, or stand in a
// series that does not vary, or come again and again.
func Absurd(values []float32, perDay int) []int {
	w := absurdity{perDay: perDay}
	for i, v := range values {
		if Finite(v) {
			w.known++
		}
		if size := magnitude(v); size > 0 { // not so for NaN
			w.cells = append(w.cells, absurdCell{i, v, size})
		}
	}
	var found []int
	for {
		one := w.few()
		if one == nil {
			one = w.counting()
		}
		if one == nil {
			one = w.beginning()
		}
		if one == nil {
			one = w.level()
		}
		if one == nil {
			slices.Sort(found)
			return found
		}
		found = append(found, one...)
		w.take(one)
	}
}

// StandIn returns what fills the cell of an absurd value at an index: the value of the next day at the
// same time that is not absurd, else that of the day before, else 0. values and absurd are those of
// Absurd.
func StandIn(values []float32, absurd []int, perDay, at int) float32 {
	sound := func(i int) bool {
		_, found := slices.BinarySearch(absurd, i)
		return !found && Finite(values[i])
	}
	for i := at + perDay; i < len(values); i += perDay {
		if sound(i) {
			return values[i]
		}
	}
	for i := at - perDay; i >= 0; i -= perDay {
		if sound(i) {
			return values[i]
		}
	}
	return 0
}

// absurdCell is a value that is not zero.
type absurdCell struct {
	at    int
	value float32
	size  float32
}

// absurdity is the values that are not found yet, in the order of time.
type absurdity struct {
	perDay int
	known  int // values, zeros among them
	cells  []absurdCell
}

func (w *absurdity) take(found []int) {
	w.cells = slices.DeleteFunc(w.cells, func(c absurdCell) bool { return slices.Contains(found, c.at) })
}

// sizesOf are the sizes of cells, ascending.
func sizesOf(cells []absurdCell) []float32 {
	sizes := make([]float32, len(cells))
	for i, c := range cells {
		sizes[i] = c.size
	}
	slices.Sort(sizes)
	return sizes
}

// above are the cells above a size.
func (w *absurdity) above(size float32) []int {
	var found []int
	for _, c := range w.cells {
		if c.size > size {
			found = append(found, c.at)
		}
	}
	return found
}

// varies says whether sizes, ascending, are those of a series that varies.
func varies(sizes []float32) bool {
	tenth := len(sizes) / 10
	return sizes[len(sizes)-1-tenth] >= lively*sizes[tenth]
}

// few finds the values that stand far above all others, if there are few.
func (w *absurdity) few() []int {
	sizes := sizesOf(w.cells)
	most := max(1, int(absurdFew*float64(w.perDay)))
	for k := len(sizes) - 1; k >= max(len(sizes)-most, absurdKnown); k-- {
		gap := float32(absurdGapFlat)
		switch {
		case k < absurdLeastDays*w.perDay:
			gap = absurdGapZero
		case varies(sizes[:k]):
			gap = absurdGap
		}
		if sizes[k] > gap*sizes[k-1] {
			if found := w.above(sizes[k-1]); gap < absurdGapZero || w.first(found) {
				return found
			}
		}
	}
	return nil
}

// first says whether cells are the first ones of a series that is known for longer.
func (w *absurdity) first(found []int) bool {
	return w.known >= absurdLeastDays*w.perDay+len(found) && found[len(found)-1] == w.cells[len(found)-1].at
}

// counting finds a run that counts on like a register: it never falls, and its steps are like the
// other values. The series goes on with those.
func (w *absurdity) counting() []int {
	sizes := sizesOf(w.cells)
	for k := len(sizes) - 1; k >= absurdLeastDays*w.perDay; k-- {
		if sizes[k] < absurdGap*sizes[k-1] {
			continue
		}
		rest := sizes[:k]
		least, largest := rest[len(rest)/10], rest[len(rest)-1]
		last, steps := -1, 0
		for i, c := range w.cells {
			if c.size <= sizes[k-1] {
				continue
			}
			if last >= 0 {
				step := c.value - w.cells[last].value
				if cells := float32(c.at - w.cells[last].at); step < 0 || step > 3*cells*largest || c.value < 0 {
					return nil
				}
				if step >= least/3 {
					steps++
				}
			}
			last = i
		}
		found := w.above(sizes[k-1])
		counts := 2*steps > len(found) ||
			len(found) == 2 && steps == 1 && w.first(found) && sizes[k] > absurdGapCount*largest
		if last < len(w.cells)-w.perDay/4 && counts {
			return found
		}
		return nil
	}
	return nil
}

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
	for range 3 {
		usual := w.usual(kinds)
		for i, c := range w.cells {
			off[i] = math.Log10(float64(c.size)) - usual[c.at%w.perDay]
		}
		sortOut(kinds, off)
	}
	return off, kinds
}

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
	byTime := make([][]float64, w.perDay)
	var all []float64
	for i, c := range w.cells {
		if kinds[i] != 0 {
			continue
		}
		size := math.Log10(float64(c.size))
		byTime[c.at%w.perDay] = append(byTime[c.at%w.perDay], size)
		all = append(all, size)
	}
	usual := make([]float64, w.perDay)
	for i, sizes := range byTime {
		if len(sizes) == 0 {
			sizes = all
		}
		usual[i] = middle(sizes)
	}
	return usual
}

// thousand says whether the values of a kind are of a level that is a thousand times, or a thousandth
// of, the usual one: far from it, of one size with each other, and in a few runs, or with nothing
// between the two levels.
func (w *absurdity) thousand(off []float64, kinds []int, kind int) bool {
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
	if len(level) < levelLeast || len(usual) < levelLeast {
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

// middle is the median, the lower one of two.
func middle[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}

func count(kinds []int, kind int) int {
	n := 0
	for _, k := range kinds {
		if k == kind {
			n++
		}
	}
	return n
}
