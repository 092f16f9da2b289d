package engine

import (
	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

// holdGrids brings the series of a pattern to the label and the interval that are set for them.
// before are the settings that were in force.
func (e *Engine) holdGrids(pattern meter.ID, before settings, result *Result) {
	for _, id := range e.inOrder() {
		if !meter.Covers(pattern, id) {
			continue
		}
		now, was := e.settings.of(id), before.of(id)
		if now.Label != was.Label {
			e.regrid(id, result, func(st *grid.State, past grid.Past, out *grid.Outcome) {
				st.AtEnd = was.Label == meter.LabelEnd
				st.Label(now.Label == meter.LabelEnd, past, out)
			})
		}
		if co, slot, _ := e.find(id); co.slabs.record(slot).Set != now.Interval {
			e.regrid(id, result, func(st *grid.State, past grid.Past, out *grid.Outcome) {
				st.AtEnd = now.Label == meter.LabelEnd
				st.Hold(now.Interval, past, out)
			})
		}
	}
}

// regrid changes how the readings of a series are put onto its grid.
func (e *Engine) regrid(
	id meter.ID, result *Result, change func(*grid.State, grid.Past, *grid.Outcome),
) {
	co, slot, _ := e.find(id)
	st := co.slabs.gridState(slot)
	e.gridPast = past{&co.slabs, slot}
	change(&st, &e.gridPast, &e.outcome)
	t := update{message: -1, ask: -1}
	co, t.slot = e.seat(co, slot, true, id, "", st, &e.outcome, result)
	co.apply(&t, &e.outcome, account{Result: result})
	if t.next || t.changed {
		co.work.touched = append(co.work.touched, t)
		e.forward(result)
		e.settleDown()
	}
}
