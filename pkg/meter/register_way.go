package meter

import (
	"math"
	"slices"
	"sort"
)

// course is how a register gets from one read to a later one.
type course uint8

const (
	counted course = iota
	reset
	rollOver
	exchanged
)

// Bounds of what a register counts, as multiples of the usual energy of a time.
const (
	// rollOverPlausible and resetPlausible bound the energy across a roll-over and since a reset. A
	// drop looks like a roll-over only by coincidence, so the bound of a roll-over is the closer one.
	rollOverPlausible, resetPlausible = 5, 10
	// risePlausible is up to where nothing speaks against a rise.
	risePlausible = 4
	// jumpPlausible is up to where a change, up or down, is none that tells a momentary value.
	jumpPlausible = 2
	// near is how near zero or 10^n a register without a known pace must be, as a share.
	near = 0.01
	// leastTop is the smallest 10^n at which a register rolls over.
	leastTop = 1e3
)

// What speaks against a course, as 5 times the binary logarithm of odds. Only their proportions
// matter: a momentary read is likelier than a reset followed by a rise to the value before, and a
// rise is another meter when it is more than 256 times the usual, behind a zero, or where a register
// dropped to and stood still, more than 21 times.
const (
	againstDoubling  = 5   // of a rise beyond risePlausible
	againstUnknown   = 5   // a rise of a register without a known pace
	againstRollOver  = 3   // plausible by the pace
	againstReset     = 8   // plausible by the pace
	againstExchange  = 30  // another meter
	againstWaking    = 12  // another meter, behind a zero or a drop to where the register stood still
	againstMomentary = 4.5 // a run of momentary reads
	againstRead      = 0.5 // and each of them
	againstZeros     = 3   // a run of momentary reads that are zero, the usual case
	againstMoreZeros = 1   // and each doubling of their number
	againstHour      = 0.2 // and each hour from the read before the run to the one behind
	againstFirst     = 15  // wrong first reads
	againstMoreFirst = 3   // and each doubling of their number
	againstFirstZero = 11  // first reads that are zero
)

const (
	// momentSeconds is the longest time between the reads around momentary ones. Field cases last
	// from one read to some hours; a counter that begins at zero each day comes back after a day.
	momentSeconds = 12 * HourSeconds
	// firstSeconds and firstReads bound wrong first reads, unless they are zero.
	firstSeconds, firstReads = 6 * HourSeconds, 8
	// momentJumps is how many jumps back the read before momentary ones is looked for.
	momentJumps = 16
)

// MomentSeconds is how long before a read those are that Differ needs to tell what the read is.
const MomentSeconds = momentSeconds

// leg is the way to a read from an earlier one: all between the two are momentary.
type leg struct {
	energy  float64
	course  course
	from    int     // index of the earlier read; none for the first read of a way
	against float64 // of this leg and those before it
	still   bool    // the register shows what it showed behind a reset or an exchange
}

const none = -1

// pace is how a register usually counts.
type pace struct {
	rate float64 // a high rate, per second; 0 when fewer than two are known
	step float64 // a usual rise between reads: an integer register counts by 1; 0 without a rise
}

// usual is the energy that the register counts in a time at its high rates, or in one step.
func (p pace) usual(seconds int64) float64 { return max(p.rate*float64(seconds), p.step) }

// jumps says that a register with this pace does not change so within two reads.
func (p pace) jumps(from, to Read) bool {
	return math.Abs(to.Value-from.Value) > jumpPlausible*p.usual(to.Second-from.Second)
}

// between is the way from one read to a later one.
func (p pace) between(from, to Read) leg {
	d, usual := to.Value-from.Value, p.usual(to.Second-from.Second)
	if d >= 0 {
		return rise(d, usual, againstExchange)
	}
	if to.Value < 0 {
		return leg{course: exchanged, against: againstExchange}
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
		return leg{energy: over, course: rollOver, against: againstRollOver}
	case began:
		return leg{energy: to.Value, course: reset, against: againstReset}
	}
	return leg{course: exchanged, against: againstExchange}
}

// rise is the way up by d, which is not negative. At most so much as most speaks against another
// meter.
func rise(d, usual, most float64) leg {
	switch {
	case d <= risePlausible*usual:
		return leg{energy: d}
	case usual == 0:
		return leg{energy: d, against: againstUnknown}
	}
	against := againstDoubling * math.Log2(d/usual/risePlausible)
	if against > most {
		return leg{course: exchanged, against: most}
	}
	return leg{energy: d, against: against}
}

// likeliest finds the way through the reads, from one of the first to the last one, against which
// the least speaks. The last read is on it: whether that is momentary is not known yet. The pace
// that decides is that of the way itself, so two ways are looked for: the first by the middle of
// the rates among reads that only rise.
func (r *Registers) likeliest(begins bool) {
	const high, middle = 0.9, 0.5
	r.legs, r.path = r.legs[:0], r.path[:0]
	for i := range r.reads {
		r.legs, r.path = append(r.legs, leg{}), append(r.path, i)
	}
	if r.plain(r.pace(high)) {
		return
	}
	r.rising()
	first := r.pace(middle)
	r.way(first, begins)
	second := r.pace(high)
	if second == (pace{}) {
		second = first
	}
	r.way(second, begins)
}

// rising takes the most reads that only rise, and none that is momentary among many: it is the
// longest subsequence that does not fall, by Fredman's way of binary search (1975).
func (r *Registers) rising() {
	ends := r.jumps[:0] // by length: the read with the lowest value that ends one
	for i, read := range r.reads {
		k := sort.Search(len(ends), func(k int) bool { return r.reads[ends[k]].Value > read.Value })
		if r.legs[i].from = none; k > 0 {
			r.legs[i].from = ends[k-1]
		}
		if k == len(ends) {
			ends = append(ends, i)
		}
		ends[k] = i
	}
	r.jumps = ends
	r.trace(ends[len(ends)-1])
}

// trace takes the way that ends at a read.
func (r *Registers) trace(last int) {
	r.path = r.path[:0]
	for i := last; i != none; i = r.legs[i].from {
		r.path = append(r.path, i)
	}
	slices.Reverse(r.path)
}

// plain takes all reads when nothing speaks against any rise, and says whether that is so.
func (r *Registers) plain(p pace) bool {
	for i := 1; i < len(r.reads); i++ {
		r.legs[i] = p.between(r.reads[i-1], r.reads[i])
		if r.legs[i].against > 0 {
			for k := 1; k <= i; k++ {
				r.legs[k] = leg{}
			}
			return false
		}
	}
	return true
}

// pace is that of the way. rank is the share of rates that lie below the rate of it: the largest of
// a few rates may be the jump to be judged.
func (r *Registers) pace(rank float64) (p pace) {
	r.rates, r.rises = r.rates[:0], r.rises[:0]
	for i := 1; i < len(r.path); i++ {
		from, to := r.reads[r.path[i-1]], r.reads[r.path[i]]
		d := to.Value - from.Value
		if d < 0 || r.legs[r.path[i]].course != counted {
			continue
		}
		if r.rates = append(r.rates, d/float64(to.Second-from.Second)); d > 0 {
			r.rises = append(r.rises, d)
		}
	}
	if n := len(r.rates); n >= 2 {
		p.rate = ranked(r.rates, int(rank*float64(n-1)))
	}
	if n := len(r.rises); n > 0 {
		p.step = ranked(r.rises, (n-1)/2)
	}
	return p
}

// way finds the way against which the least speaks at a pace.
func (r *Registers) way(p pace, begins bool) {
	r.legs[0], r.jumps = leg{from: none}, r.jumps[:0]
	first := firsts{reads: r.reads, may: begins, zero: true}
	for j := 1; j < len(r.reads); j++ {
		best := r.from(j-1, j, p)
		first.take(j-1, p)
		if best.against > r.legs[j-1].against {
			best = better(best, leg{from: none, against: first.against(j)})
		}
		if j >= 2 && (r.reads[j-1].Value < r.reads[j-2].Value || r.reads[j].Value < r.reads[j-1].Value) {
			best = better(best, r.over(j-2, j, r.reads[j-1].Value == 0, p))
		}
		if p.jumps(r.reads[j-1], r.reads[j]) {
			best = r.comeback(best, j, p)
			r.jumps = append(r.jumps, j-1)
		}
		r.legs[j] = best
	}
	r.trace(len(r.reads) - 1)
}

func better(a, b leg) leg {
	if b.against < a.against {
		return b
	}
	return a
}

// from is the way to read j by way of read i.
func (r *Registers) from(i, j int, p pace) leg {
	from, to := r.reads[i], r.reads[j]
	way, still := p.between(from, to), r.legs[i].still
	if to.Value > from.Value && (still || from.Value == 0) {
		way = rise(to.Value-from.Value, p.usual(to.Second-from.Second), againstWaking)
	}
	way.still = way.course == reset || way.course == exchanged || still && to.Value == from.Value
	way.from = i
	way.against += r.legs[i].against
	return way
}

// over is the way from read i to read j when those between them are momentary; zero says that they
// are zero.
func (r *Registers) over(i, j int, zero bool, p pace) leg {
	way, seconds, run := r.from(i, j, p), r.reads[j].Second-r.reads[i].Second, float64(j-i-1)
	way.against += againstHour * float64(seconds) / HourSeconds
	switch {
	case seconds > momentSeconds, way.course == reset: // over a longer time a reset would be plausible
		way.against = math.Inf(1)
	case zero:
		way.against += againstZeros + againstMoreZeros*math.Log2(run)
	default:
		way.against += againstMomentary + againstRead*run
	}
	return way
}

// comeback returns the better one of a way to read j, a jump behind the read before it, and those
// over a run of momentary reads that begins with a jump too. The register goes on behind the run
// from where it was before it, and no read of the run could lie between.
func (r *Registers) comeback(best leg, j int, p pace) leg {
	to := r.reads[j].Value
	low, high := math.Inf(-1), math.Inf(-1) // the highest reads of the run up to read j, and beyond it
	run := j                                // where the run begins
	for n := len(r.jumps) - 1; n >= max(0, len(r.jumps)-momentJumps); n-- {
		i := r.jumps[n]
		if r.reads[j].Second-r.reads[i].Second > momentSeconds {
			break
		}
		for run > i+1 {
			if run--; r.reads[run].Value <= to {
				low = max(low, r.reads[run].Value)
			} else {
				high = max(high, r.reads[run].Value)
			}
		}
		from, way := r.reads[i].Value, r.over(i, j, max(low, high) == 0, p)
		if way.course == counted && low < from ||
			way.course == rollOver && high < from && math.IsInf(low, -1) {
			best = better(best, way)
		}
	}
	return best
}

// open is the index, on the way, of the first read that may still turn out to be momentary: the
// register dropped to it less than momentSeconds ago and has shown nothing else since. It is the
// length of the way when there is none.
func (r *Registers) open() int {
	last := len(r.path) - 1
	for k := last; k > 0; k-- {
		leg := r.legs[r.path[k]]
		if !leg.still || leg.energy != 0 {
			break
		}
		if leg.course == counted {
			continue
		}
		if r.reads[r.path[last]].Second-r.reads[r.path[k-1]].Second > momentSeconds {
			break
		}
		return k
	}
	return len(r.path)
}

// firsts are the first reads of a register, as far as they may be wrong.
type firsts struct {
	reads []Read
	may   bool // they may be
	zero  bool // all of them are zero
	count bool // the register counted between two of them
}

// take adds read i.
func (f *firsts) take(i int, p pace) {
	f.zero = f.zero && f.reads[i].Value == 0
	if i > 0 {
		from, to := f.reads[i-1], f.reads[i]
		f.count = f.count || to.Value > from.Value && p.between(from, to).against == 0
	}
}

// against is what speaks against all reads before read j being wrong: they are zero, or the register
// does not count on between any two of them.
func (f *firsts) against(j int) float64 {
	switch {
	case !f.may:
	case f.zero:
		return againstFirstZero
	case !f.count && j <= firstReads && f.reads[j].Second-f.reads[0].Second <= firstSeconds:
		return againstFirst + againstMoreFirst*math.Log2(float64(j))
	}
	return math.Inf(1)
}
