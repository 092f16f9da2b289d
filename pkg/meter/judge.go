package meter

import "math"

// What a judgement looks at, in days of cells. All of it lies within LookDays
// before the cell judged: a ring that holds a lateness window beyond that gives
// a replay the verdicts of the first pass.
const (
	// LookDays is how far back a judgement looks.
	LookDays = 14
	// LearnDays is how many days of accepted cells a series needs in that before it
	// is judged at all.
	LearnDays = 7
	// BelieveDays is how many days of BAD cells within the last BelieveWithinDays
	// make a new level: from there on values are taken as they come until the
	// flags have aged. Flags in a row are the common case; a house whose nights look
	// the same on either level is believed after a few days, see believable.
	BelieveDays, BelieveWithinDays = 1, 7
)

// Flag says why a value cannot be true. Fine says that it can.
type Flag string

// The flags.
const (
	Fine     Flag = ""
	Frozen   Flag = "frozen"   // the same value more often than this series repeats itself
	ZeroRun  Flag = "zero_run" // zero in a series that stays far from it or never stays there
	Spike    Flag = "spike"    // far outside the values of the last two weeks
	Gathered Flag = "gathered" // the energy of a gap in the value after it
	Double   Flag = "double"   // two intervals in one, as on the day the clocks go back
	Factor   Flag = "factor"   // a thousand times, or a thousandth of, what fits
	Sign     Flag = "sign"     // fits with the sign swapped
)

// Past is what is known of a series before the cell to be judged: a view of the
// last Known cells of a ring, where cell n lies at n modulo the length. Values
// are in the series' unit. Cells that are not accepted hold fills, which are not
// looked at, so verdicts do not depend on what fills gaps.
type Past struct {
	Values  []float32
	Quality Qualities
	Newest  int64 // the cell before the one judged; not negative
	Known   int   // cells up to Newest, at most len(Values)
	PerDay  int   // cells of a day: 24 at 1 h
	// Usual is the mean absolute value over months, 0 when it is not known: a house
	// that was left alone for two weeks is not lying when it is lived in again.
	Usual float32
}

// Judge says whether value can be true for the cell after p.Newest. It is a
// function of its arguments and allocates nothing; most values cost a look at
// the last day, a suspect one a look at two weeks.
//
// It is built to miss rather than to accuse: a value within the range of two
// weeks that is not repeated nor reached by a leap is taken, a series with little
// history is not tried at all, and a day of flags in a row ends the trial.
func (p Past) Judge(value float32) Flag {
	r := p.recent(value)
	if r.seen == 0 {
		return Fine
	}
	run := r.run
	if run < frozenLeast || run >= BelieveDays*p.PerDay-1 { // a longer one was believed
		run = 0
	}
	if leaps := magnitude(value-r.value) > spikeJump*r.step; !leaps && p.ordinary(value, run) {
		return Fine
	}
	e := p.evidence(value)
	if e.count < LearnDays*p.PerDay || e.bad >= BelieveDays*p.PerDay && p.believable(value, &e) {
		return Fine
	}
	if run > 0 && e.frozen(value, run) {
		if value == 0 {
			return ZeroRun
		}
		return Frozen
	}
	return e.outlier(value, p.Usual, &r)
}

// believable says that flags enough to end the trial speak for the value: those of a
// new level come thick, or it is not far from what was taken. After a day on which a
// meter stood still, flags that are days old do not excuse a spike.
func (p Past) believable(value float32, e *evidence) bool {
	if magnitude(value) <= beyond*max(e.high, -e.low) {
		return true
	}
	thick := 0
	for back := range int64(min(p.Known, 2*BelieveDays*p.PerDay)) {
		if p.Quality.At(int((p.Newest-back)%int64(len(p.Values)))) == Bad {
			thick++
		}
	}
	return thick >= BelieveDays*p.PerDay
}

// recent is the quick look at the last day of accepted cells.
type recent struct {
	seen    int     // accepted cells looked at
	step    float32 // the largest change between neighbours
	value   float32 // the newest one
	since   int     // cells from it to the one judged, at least 1
	missing int     // MISSING cells between the two
	run     int     // accepted cells in a row up to the newest that equal the value judged
}

func (p Past) recent(value float32) recent {
	var r recent
	if p.Known == 0 {
		return r
	}
	i := int(p.Newest % int64(len(p.Values)))
	equal, adjacent := true, false
	var later float32
	for back := range min(p.Known, LookDays*p.PerDay) {
		v, q := p.Values[i], p.Quality.At(i)
		if i--; i < 0 {
			i = len(p.Values) - 1
		}
		if !q.Accepted() {
			if r.seen == 0 && q == Missing {
				r.missing++
			}
			adjacent = false
			continue
		}
		if r.seen == 0 {
			r.value, r.since = v, back+1
		}
		if d := magnitude(v - later); adjacent && d > r.step {
			r.step = d
		}
		if equal = equal && v == value; equal {
			r.run++
		}
		later, adjacent = v, true
		if r.seen++; r.seen == p.PerDay {
			break
		}
	}
	return r
}

// ordinary says that a value lies within the range of the last two weeks and
// that a run of equal values before it, if that is more than none, is not even
// twice as long as another. It looks back as far as it takes to know, which is
// hours for most values.
func (p Past) ordinary(value float32, run int) bool {
	i := int(p.Newest % int64(len(p.Values)))
	below, above, usual := false, false, run == 0
	present, adjacent, length := true, false, 1
	var later float32
	for range min(p.Known, LookDays*p.PerDay) {
		v, q := p.Values[i], p.Quality.At(i)
		if i--; i < 0 {
			i = len(p.Values) - 1
		}
		if !q.Accepted() {
			adjacent, length = false, 1
			continue
		}
		below, above = below || v <= value, above || v >= value
		if present = present && v == value; !present && adjacent && v == later {
			length++
			usual = usual || 2*length > run
		} else {
			length = 1
		}
		if below && above && usual {
			return true
		}
		later, adjacent = v, true
	}
	return false
}

func magnitude(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }
