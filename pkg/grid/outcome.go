package grid

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Decision is what becomes of a reading.
type Decision uint8

// The decisions.
const (
	Applied  Decision = iota + 1 // counts for the cells
	Waiting                      // waits for others to agree
	Repeated                     // says again what is known
	Rejected                     // does not count
)

// Refusal is a reading that does not count, and why. Detail names the field, the value and the
// remedy.
type Refusal struct {
	Point  Point
	Reason meter.Reason
	Detail string
}

// Outcome is what a reading came to. Its slices are reused by the next call.
type Outcome struct {
	Decision Decision
	Refusal  Refusal // of the reading, when it is rejected
	// Released counts readings that waited and now count. Refused are those that waited in vain.
	Released int
	Refused  []Refusal
	// Late says that the reading changed a cell that is further behind than LateCells, of a series
	// that is not young.
	Late bool
	// Rebuilt says that the cells before are void: Cells has all there are.
	Rebuilt bool
	// Restarted says besides that the series begins again: it was silent for longer than a ring holds.
	Restarted bool
	// Was is the grid before, when the series changed to another: the caller calls Bring before it
	// takes Cells, which count on the new grid. Else it is zero.
	Was Grid
	// Cells are new, or have another value, ascending. New ones are behind the newest cell; those
	// between that are not here are MISSING.
	Cells  []Cell
	Counts meter.Counts // of a register: what was newly decided

	differences differences
}

// differences is memory for those of a register.
type differences struct {
	reads     []meter.Read
	energy    []meter.Cell
	registers meter.Registers
}

// Bring takes over the cells that the caller has on the grid before, Was: at gives those of cells
// first to newest. Cells then has all that there are on the grid that the series has now, from a
// measured one on; those before are void. A day less is brought over than a ring holds, so that the
// ring holds the new cells too.
func (o *Outcome) Bring(to Grid, kind meter.Kind, first, newest int64, at CellAt) {
	first = max(first, newest+1-(memory-day)/int64(o.Was.Interval))
	again := o.Cells
	o.Cells = nil
	take := func(c Cell) {
		if len(o.Cells) > 0 || c.Quality.Accepted() {
			o.Cells = append(o.Cells, c)
		}
	}
	Convert(o.Was, to, kind, first, newest, at, func(c Cell) {
		for len(again) > 0 && again[0].N < c.N {
			take(again[0])
			again = again[1:]
		}
		if len(again) > 0 && again[0].N == c.N {
			c, again = again[0], again[1:]
		}
		take(c)
	})
	for _, c := range again {
		take(c)
	}
}

func (o *Outcome) reset() {
	*o = Outcome{
		Refused: o.Refused[:0], Cells: o.Cells[:0], Decision: Applied, differences: o.differences,
	}
}

func (o *Outcome) reject(p Point, reason meter.Reason, format string, args ...any) {
	o.Decision = Rejected
	o.Refusal = Refusal{p, reason, fmt.Sprintf(format, args...)}
}

func (o *Outcome) refuse(p Point, reason meter.Reason, format string, args ...any) {
	o.Refused = append(o.Refused, Refusal{p, reason, fmt.Sprintf(format, args...)})
}

const (
	nothingBefore = "there is nothing to stand in for it; send good readings first"
	unconfirmed   = "was %d intervals ahead of its series and no second reading agreed: " +
		"set the meter's clock, ts is the start of the interval in UTC"
	fallsText = "value %g of a register that has only fallen for a day, from %g to %g: a register " +
		"counts up. Send the register of the other direction, or this one with the other sign; send " +
		"what is no register as kind energy or power"
	lonely = "off the series' grid, and no others are like it: send one reading for each interval, at its start"
)
