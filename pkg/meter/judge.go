package meter

import "math"

// How many days of cells Judge looks at. All of them lie within LookDays before the cell that is
// judged. A ring that holds a lateness window beyond LookDays therefore gives a replay the flags of
// the first run.
const (
	// LookDays is how far back Judge looks.
	LookDays = 14
	// LearnDays is how many days of accepted cells within LookDays a series needs before Judge
	// flags any of its values.
	LearnDays = 7
	// BelieveDays is how many days of BAD cells within the last BelieveWithinDays make a new
	// level: Judge then takes values as they come until those cells have aged. BAD cells in a row
	// are the common case. A house whose nights look the same on both levels is believed after a
	// few days, see believable.
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
	Tenfold  Flag = "tenfold"  // ten times, or a tenth of, the usual, for hours
)

// Past is what is known of a series before the cell to be judged: a view of the last Known cells of
// a ring, in which cell n lies at n modulo the length. Values are in the series' unit. Judge does
// not look at the values of cells that are not accepted: the fills of gaps do not change a flag.
type Past struct {
	Values  []float32
	Quality Qualities
	Newest  int64 // the cell before the one judged; not negative
	Known   int   // cells up to Newest, at most len(Values)
	PerDay  int   // cells of a day: 24 at 1 h
	// Usual is the mean absolute value over months, 0 when it is not known. A house that stood
	// empty for two weeks has true values when people live in it again.
	Usual float32
}

// Judge says whether value can be true for the cell after p.Newest. It is a function of its
// arguments and allocates nothing. Most values cost a look at the last day, a suspect value a look
// at two weeks.
//
// Judge rather misses a wrong value than flags a true one. It takes a value within the range of the
// last two weeks that is neither repeated nor reached by a leap. It flags no value of a series with
// little history, nor any after a day of flags in a row.
func (p Past) Judge(value float32) Flag {
	flag := p.alone(value)
	if flag == Fine && p.tenfold(value) {
		return Tenfold
	}
	return flag
}

// alone judges the value by itself, and by the equal ones before it.
func (p Past) alone(value float32) Flag {
	r := p.recent(value)
	if r.count == 0 {
		return Fine
	}
	run := r.run
	if run < frozenLeast || run >= BelieveDays*p.PerDay-1 { // Judge took the longer run as true
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
	return e.outlier(value, p.Usual, &r, LookDays*p.PerDay)
}

// believable says whether the flags of the last days make the value true: the flags of a new level
// lie close together, or the value is not far from the accepted ones. After a day on which a meter
// stood still, flags that are days old do not make a spike true.
func (p Past) believable(value float32, e *evidence) bool {
	if magnitude(value) <= beyond*max(e.high, -e.low) {
		return true
	}
	bad := 0
	for back := range int64(min(p.Known, 2*BelieveDays*p.PerDay)) {
		if p.Quality.At(int((p.Newest-back)%int64(len(p.Values)))) == Bad {
			bad++
		}
	}
	return bad >= BelieveDays*p.PerDay
}

// recent is what the last day of accepted cells holds.
type recent struct {
	count   int     // accepted cells
	step    float32 // the largest change between neighbours
	value   float32 // of the newest accepted cell
	since   int     // cells from the newest accepted one to the one judged, at least 1
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
			if r.count == 0 && q == Missing {
				r.missing++
			}
			adjacent = false
			continue
		}
		if r.count == 0 {
			r.value, r.since = v, back+1
		}
		if d := magnitude(v - later); adjacent && d > r.step {
			r.step = d
		}
		if equal = equal && v == value; equal {
			r.run++
		}
		later, adjacent = v, true
		if r.count++; r.count == p.PerDay {
			break
		}
	}
	return r
}

// ordinary says whether a value lies within the range of the last two weeks, and whether run, the
// number of equal values before it, is 0 or less than twice the length of another run. It looks
// back only until it knows, which is hours for most values.
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
