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
//
// before is what was found when fewer values were known, ascending: it stays, unless what is found now
// is another level than then.
func Absurd(values []float32, before []int, perDay int) []int {
	now := keep(before, absurdOnce(values, perDay), len(values), perDay)
	now = append(now, tenfolds(values, now, perDay)...)
	slices.Sort(now)
	return now
}

// keep adds what was found before among the first so many values to what is found now, unless that is
// another level. It returns all of it, ascending.
func keep(before, now []int, values, perDay int) []int {
	i, _ := slices.BinarySearch(before, values)
	before = before[:i]
	if many := len(now) > few(perDay); !many || slices.ContainsFunc(before, func(i int) bool {
		_, again := slices.BinarySearch(now, i)
		return again
	}) {
		now = append(now, before...)
	}
	slices.Sort(now)
	return slices.Compact(now)
}

// absurdOnce is Absurd without what is known from before, and without tenfolds.
func absurdOnce(values []float32, perDay int) []int {
	w := newAbsurdity(values, perDay)
	var found []int
	for {
		var one []int
		if w.gaps() {
			sizes := sizesOf(w.cells)
			if one = w.few(sizes); one == nil {
				one = w.counting(sizes)
			}
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

// few is how many values may stand far above all others.
func few(perDay int) int { return max(1, int(absurdFew*float64(perDay))) }

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
	power float64 // of ten: the size
}

// absurdity is the values that are not found yet, in the order of time.
type absurdity struct {
	perDay int
	known  int // values, zeros among them
	cells  []absurdCell
}

func newAbsurdity(values []float32, perDay int) *absurdity {
	w := absurdity{perDay: perDay, cells: make([]absurdCell, 0, len(values))}
	for i, v := range values {
		if Finite(v) {
			w.known++
		}
		if size := magnitude(v); size > 0 { // not so for NaN
			w.cells = append(w.cells, absurdCell{i, v, size, math.Log10(float64(size))})
		}
	}
	return &w
}

// take leaves out the values at places, which ascend.
func (w *absurdity) take(found []int) {
	w.cells = slices.DeleteFunc(w.cells, func(c absurdCell) bool {
		_, out := slices.BinarySearch(found, c.at)
		return out
	})
}

// gaps says whether a size may be absurdGap times the next smaller one: then there are two powers of
// two, one behind the other, that no size between the smallest and the largest has. Most series have
// no gap, and their sizes need not be sorted.
func (w *absurdity) gaps() bool {
	var has [256]bool // by the exponent of the size
	for _, c := range w.cells {
		has[math.Float32bits(c.size)>>23] = true
	}
	last := -1
	for i, there := range has {
		if there && last >= 0 && i > last+2 {
			return true
		}
		if there {
			last = i
		}
	}
	return has[0] // smaller numbers have no exponent of their own
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

// few finds the values that stand far above all others, if there are few. sizes are those of all
// cells, ascending.
func (w *absurdity) few(sizes []float32) []int {
	most := few(w.perDay)
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
// other values. The series goes on with those. sizes are those of all cells, ascending.
func (w *absurdity) counting(sizes []float32) []int {
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

// middle sorts values and returns the median, the lower one of two.
func middle[T cmp.Ordered](values []T) T {
	slices.Sort(values)
	return values[(len(values)-1)/2]
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
