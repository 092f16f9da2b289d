package meter

import (
	"iter"
	"math"
	"slices"
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
	Estimated bool // spread over a gap, or what is left of it after a reset
}

// Counts say how often a register did not count on.
type Counts struct {
	Resets    int // it began near zero again
	RollOvers int // it passed 10^n
	Exchanges int // it went on from elsewhere: another meter, the difference is not known
}

// How far from a register's own pace something may lie. Usual is the energy that
// it counts in that time at its high rates.
const (
	// rollOverPlausible and resetPlausible bound, in usuals, the energy across a
	// roll-over and since a reset: the first takes a coincidence to be wrong, so it is
	// asked for more.
	rollOverPlausible, resetPlausible = 5, 10
	// risePlausible bounds a rise; beyond it is another meter. Less is for Judge.
	risePlausible = 1000
	// paceRank is the share of rates below the one that is the pace: the largest of
	// a few may be the jump to be judged.
	paceRank = 0.9
	// near is how near zero or 10^n, as a share, a register without a known pace must
	// be.
	near = 0.01
	// leastTop is the smallest 10^n that a register rolls over at.
	leastTop = 1e3
	// gapIntervals is the distance of two reads, in intervals, that is a gap.
	gapIntervals = 1.5
)

// Grid is where intervals begin: First is the first one that is asked for, cell
// n starts n intervals and the phase after the Unix epoch; both in seconds,
// Interval > 0.
type Grid struct {
	Interval, Phase int64
	First           int64
}

// start is the Unix second at which cell n starts.
func (g Grid) start(n int64) int64 { return n*g.Interval + g.Phase }

// cell is the interval that holds a moment.
func (g Grid) cell(second int64) int64 {
	d := second - g.Phase
	n := d / g.Interval
	if d%g.Interval < 0 {
		n--
	}
	return n
}

// Registers turns register readings into energy. The zero value is ready; it
// holds scratch memory alone and may serve one series after another.
type Registers struct {
	rates []float64
}

// Differ appends to dst the energy of each interval from grid.First on that lies
// wholly between the first and the last read, in order, and counts what was not
// counting on. reads ascend by Second; one that does not is passed over.
//
// A register that was not read on the border of an interval is interpolated
// linearly onto it. Between reads further apart than gapIntervals the energy is
// spread evenly and Estimated. A drop is a roll-over at 10^n when that makes a
// plausible difference at the pace of these reads, else a reset when what it
// shows now does, else an exchanged meter; so is a rise beyond all pace. The
// intervals that an exchange touches are left out: they are missing.
//
// The result is a function of reads, so it does not matter in which order they
// came. It costs a sort of the rates and a step for each interval and each read.
func (g *Registers) Differ(dst []Cell, reads []Read, grid Grid) ([]Cell, Counts) {
	var counts Counts
	pace := g.pace(reads)
	w := spread{Grid: grid, cells: dst, n: math.MinInt64}
	for from, to := range pairs(reads) {
		energy, what := difference(from, to, pace)
		switch what {
		case reset:
			counts.Resets++
		case rollOver:
			counts.RollOvers++
		case exchanged:
			counts.Exchanges++
		case counted:
		}
		gap := float64(to.Second-from.Second) > gapIntervals*float64(grid.Interval)
		w.over(from.Second, to.Second, energy, what == exchanged, gap || what == reset)
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

// pace is the high rate that the register is known to count at, per second; 0
// when none is known.
func (g *Registers) pace(reads []Read) float64 {
	g.rates = g.rates[:0]
	for from, to := range pairs(reads) {
		if d := to.Value - from.Value; d >= 0 {
			g.rates = append(g.rates, d/float64(to.Second-from.Second))
		}
	}
	if len(g.rates) < 2 {
		return 0
	}
	slices.Sort(g.rates)
	return g.rates[int(paceRank*float64(len(g.rates)-1))]
}

type course uint8

const (
	counted course = iota
	reset
	rollOver
	exchanged
)

// difference is the energy between two reads and how the register got there.
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

// spread adds the energy between one pair of reads after another to the intervals
// they touch, and hands out those that are covered from border to border.
type spread struct {
	Grid
	cells     []Cell
	n         int64 // the interval under way, when it is covered from its start
	energy    float64
	estimated bool
	missing   bool
}

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
