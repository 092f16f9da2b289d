package meter

import (
	"iter"
	"math"
)

// Read is a register as it stood at a moment.
type Read struct {
	Second int64 // Unix second
	Value  float64
}

// Cell is the energy of one interval, in the register's unit.
type Cell struct {
	N         int64 // the interval starts N intervals (and the phase) after the Unix epoch
	Energy    float64
	Estimated bool // spread over a gap, or counted only since a reset
}

// Counts say how often a register did not count on.
type Counts struct {
	Resets    int // the register began near zero again
	RollOvers int // the register passed 10^n
	Exchanges int // the register went on from another value: another meter, the energy is not known
}

// Add counts more.
func (c *Counts) Add(more Counts) {
	c.Resets += more.Resets
	c.RollOvers += more.RollOvers
	c.Exchanges += more.Exchanges
}

// How far from a register's own pace its values may lie. The usual energy of a time is what the
// register counts in it at its high rates.
const (
	// rollOverPlausible and resetPlausible bound the energy across a roll-over and since a reset,
	// as a multiple of the usual energy. A drop looks like a roll-over only by coincidence, so the
	// bound of a roll-over is the closer one.
	rollOverPlausible, resetPlausible = 5, 10
	// risePlausible bounds a rise in the same way. A larger rise is another meter; smaller ones
	// are left to Judge.
	risePlausible = 1000
	// paceRank is the share of rates that lie below the pace: the largest of a few rates may be
	// the jump to be judged.
	paceRank = 0.9
	// near is how near zero or 10^n a register without a known pace must be, as a share.
	near = 0.01
	// leastTop is the smallest 10^n at which a register rolls over.
	leastTop = 1e3
	// gapIntervals is how many intervals apart two reads are when there is a gap between them.
	gapIntervals = 1.5
)

// Grid is where intervals begin: cell n starts n intervals and the phase after the Unix epoch, both
// in seconds. First is the first cell that Differ computes. Interval is above 0.
type Grid struct {
	Interval, Phase int64
	First           int64
}

// start is the Unix second at which cell n starts.
func (g Grid) start(n int64) int64 { return n*g.Interval + g.Phase }

// cell is the interval that holds a second.
func (g Grid) cell(second int64) int64 {
	return FloorDiv(second-g.Phase, g.Interval)
}

// Registers turns the reads of a register into energy. The zero Registers is ready. It holds only
// scratch memory, so one Registers serves one series after another.
type Registers struct {
	rates []float64
}

// Differ appends to dst, in order, the energy of each interval from grid.First on that lies wholly
// between the first and the last read, and counts the reads at which the register did not count on.
// reads ascend by Second; a read that does not ascend is passed over.
//
// When there is no read on the border of an interval, the register is interpolated linearly onto
// it. Between reads further apart than gapIntervals the energy is spread evenly and Estimated. A
// drop is a roll-over at 10^n when that gives a plausible energy at the pace of these reads. Else
// it is a reset when the new value is a plausible energy, else an exchanged meter. A rise beyond
// risePlausible is an exchanged meter, too. The intervals that an exchange touches are left out.
//
// The result is a function of reads: it does not depend on the order in which they came. Differ
// costs a few steps for each interval and each read.
func (r *Registers) Differ(dst []Cell, reads []Read, grid Grid) ([]Cell, Counts) {
	var counts Counts
	pace := r.pace(reads)
	w := spread{Grid: grid, cells: dst, n: math.MinInt64}
	for from, to := range pairs(reads) {
		energy, course := difference(from, to, pace)
		switch course {
		case reset:
			counts.Resets++
		case rollOver:
			counts.RollOvers++
		case exchanged:
			counts.Exchanges++
		case counted:
		}
		gap := float64(to.Second-from.Second) > gapIntervals*float64(grid.Interval)
		w.over(from.Second, to.Second, energy, course == exchanged, gap || course == reset)
	}
	return w.cells, counts
}

// pairs are the reads that follow each other in time.
func pairs(reads []Read) iter.Seq2[Read, Read] {
	return func(yield func(Read, Read) bool) {
		for i, last := 1, 0; i < len(reads); i++ {
			if reads[i].Second <= reads[last].Second {
				continue
			}
			if !yield(reads[last], reads[i]) {
				return
			}
			last = i
		}
	}
}

// pace is the high rate of the register, per second. It is 0 when fewer than two rates are known.
func (r *Registers) pace(reads []Read) float64 {
	r.rates = r.rates[:0]
	for from, to := range pairs(reads) {
		if d := to.Value - from.Value; d >= 0 {
			r.rates = append(r.rates, d/float64(to.Second-from.Second))
		}
	}
	if len(r.rates) < 2 {
		return 0
	}
	return ranked(r.rates, int(paceRank*float64(len(r.rates)-1)))
}

// ranked returns the value that sorting would bring to index k. It changes the order of values. It
// is Hoare's selection (CACM 4, 1961, algorithm 65): a few steps a value on average, where sorting
// takes a few for each doubling of their number.
func ranked(values []float64, k int) float64 {
	for low, high := 0, len(values)-1; low < high; {
		pivot := values[low+(high-low)/2]
		i, j := low, high
		for i <= j {
			for values[i] < pivot {
				i++
			}
			for pivot < values[j] {
				j--
			}
			if i <= j {
				values[i], values[j] = values[j], values[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case k <= j:
			high = j
		case k >= i:
			low = i
		default:
			return values[k]
		}
	}
	return values[k]
}

// course is how a register gets from one read to the next.
type course uint8

const (
	counted course = iota
	reset
	rollOver
	exchanged
)

// difference is the energy between two reads, and the course of the register between them.
func difference(from, to Read, pace float64) (float64, course) {
	d := to.Value - from.Value
	usual := pace * float64(to.Second-from.Second)
	if d >= 0 {
		if usual > 0 && d > risePlausible*usual {
			return 0, exchanged
		}
		return d, counted
	}
	if to.Value < 0 {
		return 0, exchanged
	}
	top := leastTop
	for top <= from.Value {
		top *= 10
	}
	over := top - from.Value + to.Value
	rolled, began := over <= rollOverPlausible*usual, to.Value <= resetPlausible*usual
	if usual == 0 {
		rolled = from.Value >= (1-near)*top && to.Value <= near*top
		began = to.Value <= near*from.Value
	}
	switch {
	case rolled:
		return over, rollOver
	case began:
		return to.Value, reset
	}
	return 0, exchanged
}

// spread adds the energy between pairs of reads to the intervals that they touch. An interval that
// is covered from border to border becomes a cell.
type spread struct {
	Grid
	cells     []Cell
	n         int64 // the interval in hand, where it is covered from its start
	energy    float64
	estimated bool
	missing   bool
}

// over spreads the energy between the seconds from and to.
func (w *spread) over(from, to int64, energy float64, missing, estimated bool) {
	for at := max(from, w.start(w.First)); at < to; {
		n := w.cell(at)
		end := min(to, w.start(n+1))
		if at == w.start(n) {
			w.n, w.energy, w.estimated, w.missing = n, 0, false, false
		}
		w.energy += energy * (float64(end-at) / float64(to-from))
		w.estimated = w.estimated || estimated
		w.missing = w.missing || missing
		if end == w.start(n+1) && w.n == n && !w.missing {
			w.cells = append(w.cells, Cell{N: n, Energy: w.energy, Estimated: w.estimated})
		}
		at = end
	}
}
