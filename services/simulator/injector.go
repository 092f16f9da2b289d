package simulator

import (
	"cmp"
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// arrival is a reading as it reaches the broker or a file.
type arrival struct {
	second int64   // the timestamp
	value  float64 // as it is sent
	text   string  // sent instead of the value; empty for a number
	never  bool    // the reading never comes: a file has only its truth
	truth  float64 // the true value of the timestamp; NaN when there is none
	fault  Fault   // "" is none

	due   int64  // the cell at the end of which the reading comes
	order uint64 // among the arrivals of one cell
}

// How late a reading may come, in intervals.
const (
	mostLate  = 40
	mostAgain = 24
	leastHeld = 6 // a burst after its stretch
	mostHeld  = 72
	pastCells = 24 // the readings that set the size of spikes and of flat lines
)

// How late an overdue chunk may come, in days after its end.
const (
	leastOverdue = 3
	mostOverdue  = 10
)

// injector lets the readings of one series go wrong. It accepts readings in the order of time. The
// arrivals are a function of seed, series, time and the readings of some time before, see lookback.
type injector struct {
	faults []active
	key    key
	step   int64 // seconds
	origin int64 // cell from which periods count
	first  int64 // cell of the first reading
	rolls  float64

	past     []float64 // true readings, newest last, at most pastCells
	last     int64     // cell of the newest
	stuck    float64   // the value that the stretch repeats that began at stuckAt
	stuckAt  int64
	gathered float64 // energy that waits for the next good reading
	offset   float64 // of a register, since it was reset or exchanged
	waiting  []arrival
}

// active is a fault of a series, its times in cells.
type active struct {
	faultRow
	key           key
	share         float64
	length, every int64
}

// newInjector returns the faults of a series with a reading every step seconds. once is the period
// of stretches that come once, in cells from origin on. The first reading is that of origin, unless
// the caller sets first. rolls is the value at which a register
// rolls over to 0; it is 0 for a series that is no register.
func newInjector(f Faults, k key, step, origin, once int64, rolls float64) *injector {
	in := &injector{
		key: k, step: step, origin: origin, first: origin, last: math.MinInt64, stuckAt: math.MinInt64,
	}
	for _, row := range faultTable {
		r, ok := f.rates[row.name]
		if !ok || !row.has.have(rolls > 0) {
			continue
		}
		if row.name == Rollover {
			in.rolls = rolls
			continue
		}
		a := active{faultRow: row, key: k.sub(string(row.name)), share: r.share}
		a.length = max(int64(r.length.Seconds())/step, 1)
		a.every = max(int64(r.every.Seconds())/step, a.length)
		if r.every == 0 && row.form == byStretch {
			a.every = max(once, 1)
			a.length = min(a.length, a.every)
		}
		in.faults = append(in.faults, a)
	}
	return in
}

// lookback returns how many cells before a cell the injector must accept, so that the arrivals of
// the cell are those of an injector that has accepted all cells.
func (in *injector) lookback() int64 {
	cells, held := int64(1), int64(mostHeld)
	for _, a := range in.faults {
		cells = max(cells, a.length)
		if a.name == Overdue {
			held = max(held, in.days(mostOverdue))
		}
		if a.form == byMoment {
			cells = max(cells, 2*a.every)
		}
	}
	return cells + pastCells + held + 1
}

// days returns a number of days in cells.
func (in *injector) days(n int64) int64 { return n * meter.DaySeconds / in.step }

// stretch returns the position of a cell in a stretch of a fault, -1 outside. Each period has one
// stretch, which begins at a random cell.
func (in *injector) stretch(a *active, cell int64) int64 {
	block := meter.FloorDiv(cell-in.origin, a.every)
	start := in.origin + block*a.every + int64(a.key.uniform(block)*float64(a.every-a.length+1))
	if cell < start || cell >= start+a.length {
		return -1
	}
	return cell - start
}

// hit returns the fault of a cell, nil for none, and the position of the cell in a stretch.
func (in *injector) hit(cell int64) (*active, int64) {
	for i := range in.faults {
		a := &in.faults[i]
		switch a.form {
		case byReading:
			if a.key.uniform(cell) < a.share {
				return a, 0
			}
		case byStretch:
			if at := in.stretch(a, cell); at >= 0 {
				return a, at
			}
		case byStart:
			at := cell - in.first
			one := int64(a.key.uniform(0) * float64(a.length)) // of the first readings
			if at >= 0 && at < a.length && (a.name != Hundredfold || at == one) {
				return a, at
			}
		default:
		}
	}
	return nil, -1
}

// accept takes the true reading of a cell, which is later than the cells before.
func (in *injector) accept(cell int64, truth float64) {
	event := in.registerEvent(cell, truth)
	a := arrival{
		second: cell * in.step, value: in.display(truth), truth: truth, fault: event, due: cell,
	}
	if f, at := in.hit(cell); f != nil {
		a.fault = f.name
		in.spoil(f, at, a)
	} else {
		if in.gathered != 0 { // it comes with the first reading after the stretch
			a.value, a.fault, in.gathered = a.value+in.gathered, Gathered, 0
		}
		in.send(a)
	}
	if len(in.past) == pastCells {
		in.past = append(in.past[:0], in.past[1:]...)
	}
	in.past, in.last = append(in.past, truth), cell
}

// registerEvent resets, exchanges or rolls over a register when one of these is due at a cell. It
// returns the fault, "" for none.
func (in *injector) registerEvent(cell int64, truth float64) Fault {
	var event Fault
	for i := range in.faults {
		a := &in.faults[i]
		if a.form != byMoment || in.stretch(a, cell) != 0 || len(in.past) == 0 {
			continue
		}
		event = a.name
		in.offset = in.before(truth)
		if a.name == Exchange {
			in.offset -= math.Floor(1000 * a.key.sub("start").uniform(cell))
		}
	}
	if event == "" && in.rolls > 0 &&
		math.Floor((truth-in.offset)/in.rolls) != math.Floor((in.before(truth)-in.offset)/in.rolls) {
		event = Rollover
	}
	return event
}

// display returns the value that the meter shows for a true reading.
func (in *injector) display(v float64) float64 {
	if in.offset == 0 && in.rolls == 0 {
		return v
	}
	v -= in.offset
	if in.rolls > 0 {
		v -= in.rolls * math.Floor(v/in.rolls)
	}
	return rounded(v)
}

// rounded returns v with three decimals.
func rounded(v float64) float64 { return math.Round(1000*v) / 1000 }

// before returns the true reading of the cell before, or otherwise when there is none.
func (in *injector) before(otherwise float64) float64 {
	if len(in.past) == 0 {
		return otherwise
	}
	return in.past[len(in.past)-1]
}

// mean returns the mean of the past readings, or otherwise when there are none.
func (in *injector) mean(otherwise float64) float64 {
	if len(in.past) == 0 {
		return otherwise
	}
	sum := 0.0
	for _, v := range in.past {
		sum += v
	}
	return sum / float64(len(in.past))
}

// usual returns the mean absolute value of the past readings.
func (in *injector) usual() float64 {
	sum := 0.0
	for _, v := range in.past {
		sum += math.Abs(v)
	}
	return sum / float64(max(len(in.past), 1))
}

func (in *injector) send(a arrival) { in.waiting = append(in.waiting, a) }

// busy reports whether a reading is still on its way.
func (in *injector) busy() bool { return len(in.waiting) > 0 }

// due returns the arrivals up to the end of a cell, in their order, and forgets them. The slice is
// valid until the next accept.
func (in *injector) due(cell int64) []arrival {
	slices.SortStableFunc(in.waiting, func(a, b arrival) int {
		return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.order, b.order))
	})
	n := 0
	for n < len(in.waiting) && in.waiting[n].due <= cell {
		n++
	}
	ready := in.waiting[:n:n]
	in.waiting = in.waiting[n:]
	return ready
}
