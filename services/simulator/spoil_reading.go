package simulator

import (
	"math"

	"github.com/loadtide/loadtide/pkg/meter"
)

// draws are the random numbers of a fault at a cell.
type draws struct {
	key  key
	cell int64
}

// share returns number n, in [0, 1).
func (d draws) share(n int) float64 { return d.key.sub("draw").uniform(d.cell*8 + int64(n)) }

// after returns a cell that is from least to most cells after the cell of the fault.
func (d draws) after(least, most int) int64 {
	return d.cell + int64(least) + int64(d.share(7)*float64(most-least+1))
}

// order returns a random position among the arrivals of one cell, behind those in time.
func (d draws) order() uint64 { return 1 + d.key.bits(d.cell)>>1 }

// spoil sends a reading as a fault changes it; at is its position in a stretch.
func (in *injector) spoil(f *active, at int64, a arrival) {
	if f.name != Gathered {
		in.gathered = 0 // no good reading follows that could bring it
	}
	switch f.name {
	case Gap, Lost:
		a.never = true
	case Gathered:
		in.gathered += a.value
		a.never = true
	case Burst:
		block := a.due - at
		more := f.key.sub("held").uniform(block) * float64(mostHeld-leastHeld)
		a.order = 1 + f.key.sub("shuffle").bits(a.due)>>1
		a.due = block + f.length + leastHeld + int64(more)
	case Overdue:
		block := a.due - at
		days := leastOverdue + f.key.sub("days").uniform(block)*(mostOverdue-leastOverdue)
		a.due = block + f.length + int64(days*float64(in.days(1)))
		a.order = uint64(f.length - at)
	case Reversed:
		a.due, a.order = in.first+f.length-1, uint64(f.length-at)
	case Frozen:
		a.value = in.repeat(a.due-at, in.display(in.before(a.truth)))
	case Flat:
		a.value = in.repeat(a.due-at, rounded(in.mean(a.value)))
	case Total:
		a.value = in.total(f, a)
	case Blank:
		a.value = in.repeat(a.due-at, rounded(in.other(f, a)))
	case Years, Double, Ahead, Unfinished, Repeated, Late:
		in.spoilTime(f, &a)
	default:
		in.spoilValue(f, &a)
	}
	in.send(a)
}

// spoilTime gives a reading another time, or sends it late or twice.
func (in *injector) spoilTime(f *active, a *arrival) {
	d := draws{f.key, a.due}
	absent := arrival{second: a.second, never: true, truth: a.truth, fault: f.name, due: a.due}
	switch f.name {
	case Years:
		in.send(absent)
		a.second += (1 + int64(8*d.share(0))) * 365 * meter.DaySeconds
		a.truth = math.NaN()
	case Double:
		if in.last != a.due-1 {
			a.fault = "" // the cell before has no reading
			return
		}
		in.send(absent)
		a.second -= in.step
		a.truth = in.before(a.truth) // of the interval before
	case Ahead:
		in.send(absent)
		a.second += in.step
		a.truth = math.NaN() // of an interval that is not over
	case Unfinished:
		part := *a
		part.second += in.step
		part.value, part.truth = rounded(a.value*(0.02+0.3*d.share(0))), math.NaN()
		part.order = d.order()
		in.send(part)
		a.fault = ""
	case Repeated:
		again := *a
		again.due, again.order = d.after(1, mostAgain), d.order()
		in.send(again)
	case Late:
		a.due, a.order = d.after(1, mostLate), d.order()
	default:
	}
}

// spoilValue gives a reading another value. Corrected sends the true value later.
func (in *injector) spoilValue(f *active, a *arrival) {
	d, size := draws{f.key, a.due}, math.Max(math.Abs(a.value), in.usual())
	fits := func(v float64) float64 {
		if math.Abs(v) >= meter.MaxValue {
			return a.value
		}
		return v
	}
	switch f.name {
	case Zero, Unset:
		a.value = 0
	case Sign:
		a.value = -a.value
	case Factor, WattHours:
		a.value = fits(1000 * a.value)
	case Hundredfold:
		a.value = fits(rounded(100 * size))
	case Tenth:
		a.value = rounded(a.value / 10)
	case Tenfold:
		a.value = fits(10 * a.value)
	case Garbage:
		words := []string{"NaN", "n/a", "error 17", "--", "inf", "12.3.4"}
		a.text = words[int(d.share(0)*float64(len(words)))]
	case Spikes:
		size *= 5 + 20*d.share(0)
		if d.share(1) < 0.15 {
			size = -size
		}
		a.value = fits(rounded(a.value + size))
	case Corrected:
		right := *a
		right.due, right.order = d.after(1, mostAgain), d.order()
		in.send(right)
		share := 0.1 + 0.4*d.share(0)
		if d.share(1) < 0.5 {
			share = -share
		}
		a.value = fits(rounded(a.value + share*size))
	default:
	}
}

// total returns what a meter has counted so far: from half a year to six years of readings as large
// as the first one.
func (in *injector) total(f *active, a arrival) float64 {
	years := 0.5 + 5.5*f.key.uniform(in.first)
	size := math.Max(math.Abs(a.value), 0.1)
	began := in.repeat(in.first, math.Round(size*years*float64(in.days(365))))
	in.stuck += math.Abs(a.value)
	if in.stuck >= meter.MaxValue {
		return a.value
	}
	return rounded(began)
}

// other returns the number that a register shows which it does not have: 0 in half of the cases,
// else one from 0 to twice its own.
func (in *injector) other(f *active, a arrival) float64 {
	share := f.key.sub("other").uniform(a.due) * 4
	if share < 2 {
		return 0
	}
	return (share - 2) * a.value
}

// repeat returns the value that a stretch repeats: the value of its first reading. began is the
// first cell of the stretch.
func (in *injector) repeat(began int64, value float64) float64 {
	if in.stuckAt != began {
		in.stuck, in.stuckAt = value, began
	}
	return in.stuck
}
