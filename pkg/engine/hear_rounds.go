package engine

import (
	"github.com/loadtide/loadtide/pkg/meter"
)

// rounds cut a batch into runs that hold at most one reading of a series, each
// series' readings in their order. The cut costs time in proportion to the
// batch, also when one message holds a thousand readings.
type rounds struct {
	round []int32 // indexes of the readings in the current round
	after []int32 // the next reading of the same series, or -1
	group []int32 // which of the batch's messages a reading is of
	last  []int32 // by group: its last reading
	owed  []bool  // by group: a reading was taken, and the newest one is not history
	// by group: a reading changed a known cell
	revised []bool
	tail    map[meter.ID]int32
	begun   bool
}

func (w *rounds) cut(readings []Reading) {
	w.round, w.after, w.group = w.round[:0], w.after[:0], w.group[:0]
	w.last, w.owed, w.revised = w.last[:0], w.owed[:0], w.revised[:0]
	if w.tail == nil {
		w.tail = make(map[meter.ID]int32)
	}
	clear(w.tail)
	w.begun = false
	for i := range readings {
		r := &readings[i]
		if i == 0 || readings[i-1].Message != r.Message {
			w.last = append(w.last, 0)
			w.owed, w.revised = append(w.owed, false), append(w.revised, false)
		}
		g := int32(len(w.last) - 1)
		w.group = append(w.group, g)
		w.last[g] = int32(i)
		w.after = append(w.after, -1)
		if before, ok := w.tail[r.Series]; ok {
			w.after[before] = int32(i)
		} else {
			w.round = append(w.round, int32(i))
		}
		w.tail[r.Series] = int32(i)
	}
}

// next moves to the next round; false when all readings were in one.
func (w *rounds) next() bool {
	if w.begun {
		rest := w.round[:0]
		for _, i := range w.round {
			if w.after[i] >= 0 {
				rest = append(rest, w.after[i])
			}
		}
		w.round = rest
	}
	w.begun = true
	return len(w.round) > 0
}

func (w *rounds) lastOfMessage(i int32) bool { return w.last[w.group[i]] == i }
