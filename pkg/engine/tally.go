package engine

import "github.com/loadtide/loadtide/pkg/meter"

// Tally says what became of the readings of a series that did not change it. Repeated is no part of
// the state: a checkpoint does not hold it, and no output depends on it.
type Tally struct {
	Repeated uint32 // readings that said again what is known, since the engine was made or restored
	Waiting  int    // readings that wait for others to agree now
}

// TallyOf returns the tally of a series, zero for one without a state.
func (e *Engine) TallyOf(id meter.ID) Tally {
	co, slot, ok := e.find(id)
	if !ok {
		return Tally{}
	}
	st := co.slabs.gridState(slot)
	return Tally{Repeated: co.slabs.record(slot).repeated, Waiting: st.Waiting()}
}
