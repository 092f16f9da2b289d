package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

// note is what is remembered of how a series is sent, of the few series that give reason to.
type note struct {
	// early counts readings of energy in a row that came before their interval was over. Behind an
	// event it counts the readings down until the next one may be told.
	early uint8
	// means says that cells were made of several readings, or brought over from another grid, while
	// nothing said that the values are energy: they are means.
	means bool
}

const (
	// earlyTold is how many readings in a row are told of.
	earlyTold = 3
	// earlyQuiet is how many readings pass before the next event: eight hours at least.
	earlyQuiet = 96
)

// noteMeans notes whether a series has cells that are means because no kind is known of it.
func (e *Engine) noteMeans(id meter.ID, st *grid.State, out *grid.Outcome) {
	n := e.notes[id]
	n.means = st.Kind == meter.KindUnknown && (n.means && !out.Rebuilt || out.Was != (grid.Grid{}) ||
		st.Raw != nil && st.Step != st.Interval)
	e.keepNote(id, n)
}

func (e *Engine) keepNote(id meter.ID, n note) {
	if n == (note{}) {
		delete(e.notes, id)
		return
	}
	e.notes[id] = n
}

// tellEarly adds an event when a new interval of energy comes for the third time in a row before it
// is over by the log's clock: its energy cannot be known. last is the newest reading before. A mean
// of power may be measured at the start of its interval.
func (e *Engine) tellEarly(id meter.ID, st *grid.State, last int64, r *Reading, to account) {
	interval := int64(r.Interval)
	if interval == 0 {
		interval = int64(st.Step)
	}
	if r.History || r.Received == 0 || st.Kind != meter.Energy || st.AtEnd || r.Second <= last ||
		interval < meter.LeastIntervalSeconds {
		return
	}
	n := e.notes[id]
	ahead := r.Second + interval - r.Received
	switch early := ahead > min(int64(meter.FutureLimit/time.Second), interval/2); {
	case n.early > earlyTold:
		if n.early--; n.early == earlyTold {
			n.early = 0
		}
	case !early:
		n.early = 0
	default:
		if n.early++; n.early < earlyTold {
			break
		}
		n.early = earlyTold + earlyQuiet
		to.tell(id, IntervalNotOver, fmt.Sprintf("energy of intervals that are not over yet by the "+
			"broker's clock, %d in a row, the last one %s before its end: when readings bear the end of "+
			"their interval, loadtide series set %s --label end; else let the sender wait for the end, or "+
			"set its clock", earlyTold, time.Duration(ahead)*time.Second, id))
	}
	e.keepNote(id, n)
}

func (e *Engine) writeNotes() []byte {
	ids := make([]meter.ID, 0, len(e.notes))
	for id := range e.notes {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, compareIDs)
	data := byteOrder.AppendUint32(nil, uint32(len(ids)))
	for _, id := range ids {
		n := e.notes[id]
		data = append(appendText(appendText(data, id.Site), id.Meter), n.early, bit(n.means))
	}
	return data
}

// readNotes reads notes, after the series.
func (e *Engine) readNotes(r *reader) {
	before := meter.ID{}
	for n := r.uint32(); n > 0 && r.err == nil; n-- {
		id, of := meter.ID{Site: r.text(), Meter: r.text()}, note{early: r.byte(), means: r.bit()}
		if r.err != nil {
			return
		}
		if _, _, known := e.find(id); !known || compareIDs(before, id) >= 0 || of == (note{}) ||
			of.early == earlyTold || of.early > earlyTold+earlyQuiet {
			r.err = fmt.Errorf("note of %s: not known, nothing is noted (%d), or out of order", id, of.early)
		}
		e.notes[id], before = of, id
	}
}
