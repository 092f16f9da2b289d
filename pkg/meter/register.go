package meter

import "math"

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
	Momentary int // reads of another value, behind which the register went on from where it was
}

// Add counts more.
func (c *Counts) Add(more Counts) {
	c.Resets += more.Resets
	c.RollOvers += more.RollOvers
	c.Exchanges += more.Exchanges
	c.Momentary += more.Momentary
}

// Since returns what is counted beyond what was counted before. Later reads may take a decision
// back; what was counted once stays counted.
func (c Counts) Since(before Counts) Counts {
	return Counts{
		Resets:    max(c.Resets-before.Resets, 0),
		RollOvers: max(c.RollOvers-before.RollOvers, 0),
		Exchanges: max(c.Exchanges-before.Exchanges, 0),
		Momentary: max(c.Momentary-before.Momentary, 0),
	}
}

// gapIntervals is how many intervals apart two reads are when there is a gap between them.
const gapIntervals = 1.5

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
	reads []Read    // those that ascend
	legs  []leg     // by read: the likeliest way to it
	path  []int     // the reads that the likeliest way takes
	jumps []int     // reads behind which the register jumps
	rates []float64 // of the way, to be ranked
	rises []float64 // of the way, likewise
}

// Differ appends to dst, in order, the energy of each interval from grid.First on that lies wholly
// between the first and the last read, and counts the reads at which the register did not count on.
// reads ascend by Second; a read that does not ascend is passed over. begins says that no read came
// before them.
//
// When there is no read on the border of an interval, the register is interpolated linearly onto
// it. Between reads further apart than gapIntervals the energy is spread evenly and Estimated.
// Reads of another value behind which the register goes on from where it was are momentary: they
// count for nothing, and the energy between the reads around them is spread in the same way. Any
// other drop is a roll-over at 10^n, a reset, or an exchanged meter. The intervals that an exchange
// touches are left out, and so are those of wrong first reads. While the last reads may still turn
// out to be momentary, because the register dropped to zero or to another value and has not counted
// since, the intervals behind the drop are left out too.
//
// All reads together tell which of these it is (see likeliest). So a reset may turn out to be a
// momentary read when the next read comes, and the cells change then. The result is a function of
// the arguments: it does not depend on the order in which the reads came. Differ costs a few steps
// for each interval and each read.
func (r *Registers) Differ(dst []Cell, reads []Read, grid Grid, begins bool) ([]Cell, Counts) {
	r.take(reads)
	if len(r.reads) == 0 {
		return dst, Counts{}
	}
	r.likeliest(begins)
	counts := Counts{Momentary: len(r.reads) - len(r.path)}
	w, open := spread{Grid: grid, cells: dst, n: math.MinInt64}, r.open()
	for i, last := range r.path[1:] {
		from, to, leg := r.reads[r.path[i]], r.reads[last], r.legs[last]
		switch leg.course {
		case reset:
			counts.Resets++
		case rollOver:
			counts.RollOvers++
		case exchanged:
			counts.Exchanges++
		case counted:
		}
		gap := float64(to.Second-from.Second) > gapIntervals*float64(grid.Interval)
		estimated := gap || leg.course == reset || last > r.path[i]+1
		w.over(from.Second, to.Second, leg.energy, leg.course == exchanged || i+1 >= open, estimated)
	}
	return w.cells, counts
}

// take keeps the reads that ascend.
func (r *Registers) take(reads []Read) {
	r.reads = r.reads[:0]
	for _, read := range reads {
		if n := len(r.reads); n == 0 || read.Second > r.reads[n-1].Second {
			r.reads = append(r.reads, read)
		}
	}
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
