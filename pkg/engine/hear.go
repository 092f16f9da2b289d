package engine

import (
	"cmp"
	"slices"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

// Step takes a batch of readings through the network. Forecasts come out in the
// order of their messages, one for each message that changed its series and is
// not history, at the newest origin then. Of a first history that comes in any order, few messages
// have one.
func (e *Engine) Step(readings []Reading) Result {
	var result Result
	e.begun()
	e.rounds.cut(readings)
	result.Series = len(e.rounds.round)
	for e.rounds.next() {
		e.observe(readings, &result) // order, grid: which cells are new or another
		e.forward(&result)
	}
	e.settleDown()
	slices.SortStableFunc(result.Forecasts, func(a, b Forecast) int { return cmp.Compare(a.Message, b.Message) })
	slices.SortStableFunc(result.Scores, func(a, b Score) int { return cmp.Compare(a.Message, b.Message) })
	slices.SortStableFunc(result.Events, func(a, b Event) int { return cmp.Compare(a.Message, b.Message) })
	return result
}

// begun empties what a batch leaves.
func (e *Engine) begun() {
	for _, co := range e.cohorts {
		if co != nil {
			clear(co.work.changed)
			co.work.touched, co.work.fresh = co.work.touched[:0], co.work.fresh[:0]
		}
	}
}

// forward takes what a round touched through the network, cohort by cohort: a finer one touches the
// views in the coarser one that serves it.
func (e *Engine) forward(result *Result) {
	for _, co := range e.cohorts {
		if co == nil || len(co.work.touched) == 0 {
			continue
		}
		touched := co.work.touched
		co.advance(touched) // flags, gaps, ring, scale, one LSTM step each
		co.tellImplausible(touched, result)
		co.score(touched, result)    // forecasts that meet their actual
		co.join()                    // views in the cohort that serves
		co.forecast(touched, result) // head, quantiles
		co.work.touched, co.work.fresh = touched[:0], co.work.fresh[:0]
	}
}

// update is a reading that changes its series, or asks for a forecast.
type update struct {
	slot    int32
	next    bool  // its series has new cells
	from    int64 // the first new one that something was said about
	to      int64
	cells   []grid.Cell // the new ones that something was said about, ascending
	changed bool        // an open cell is another
	revised bool        // its message changed a known cell, this reading or one before
	counts  bool        // it is not history: forecasts are held against it
	message int
	ask     int // the message that wants a forecast, or -1
}

// said is what a meter said about a cell; the zero value is that it said
// nothing.
type said struct {
	value   float32
	quality meter.Quality
}

// raw is what a meter said about which cell.
type raw struct {
	cell int64
	said
	absurd bool // beside what else was said of its series: see meter.Absurd
}

// observe judges the readings of one round against their series; those that change it are touched.
// When the last reading of a message is refused but an earlier one was taken, the message's forecast
// is still owed: the series is touched without a cell.
func (e *Engine) observe(readings []Reading, result *Result) {
	for _, i := range e.rounds.round {
		r := &readings[i]
		t := update{counts: !r.History, message: r.Message, ask: -1}
		co, decision := e.hear(r, &t, account{result, int(i), r.Message})
		group := e.rounds.group[i]
		switch decision {
		case grid.Applied:
			result.Applied++
			if t.next || t.changed {
				asks := !co.backfills(&t) || e.rounds.owed[group]
				e.rounds.owed[group] = asks && !r.History
				e.rounds.revised[group] = e.rounds.revised[group] || t.changed
			}
			co.heardFrom(t.slot, r)
		case grid.Waiting:
			result.Held++
		case grid.Repeated:
			result.Repeated++
			co.slabs.record(t.slot).repeated++
		case grid.Rejected:
		}
		if co == nil {
			continue
		}
		last := e.rounds.lastOfMessage(i)
		if last && e.rounds.owed[group] && (t.next || co.slabs.record(t.slot).known > 0) {
			t.ask, t.revised = r.Message, e.rounds.revised[group]
		}
		if t.next || t.changed || t.ask >= 0 {
			co.work.touched = append(co.work.touched, t)
		}
		if t.ask < 0 && last {
			co.takeChanged(t.slot) // mended by history, or refused in the end
		}
	}
}

// soil notes that an open cell of a series is another than the states have seen.
func (co *cohort) soil(slot int32, cell int64) {
	w := &co.work
	if w.changed == nil {
		w.changed = map[int32][]int64{}
	}
	w.changed[slot] = append(w.changed[slot], cell)
	co.rewalk(slot)
}

// rewalk has the open cells of a series walked again, before its next forecast and at the end of the
// batch at the latest.
func (co *cohort) rewalk(slot int32) {
	if r := co.slabs.record(slot); !r.dirty {
		r.dirty = true
		co.work.dirty = append(co.work.dirty, slot)
	}
}

// advance brings the series of a round up to what was said: those with a new
// cell, and those of a forecast that would be of a past which is another now.
// Other changes wait, so that a burst of late readings is walked once.
func (co *cohort) advance(touched []update) {
	w := &co.work
	w.jobs = w.jobs[:0]
	for i := range touched {
		t := &touched[i]
		rec := co.slabs.record(t.slot)
		switch {
		case t.next:
			w.jobs = append(w.jobs, job{slot: t.slot, from: t.from, to: t.to, cells: t.cells})
		case rec.dirty && t.ask >= 0:
			w.jobs = append(w.jobs, job{slot: t.slot, from: rec.newest, to: rec.newest})
		}
	}
	co.walk(w.jobs)
}

// settleDown walks what still waits at the end of a batch: the state between
// batches does not depend on how they were cut (I4).
func (e *Engine) settleDown() {
	for _, co := range e.cohorts {
		if co != nil && len(co.work.dirty)+len(co.work.touched) > 0 {
			co.settleDown()
		}
	}
}

func (co *cohort) settleDown() {
	w := &co.work
	co.advance(w.touched) // views that begin with what is another now
	w.jobs, w.touched, w.fresh = w.jobs[:0], w.touched[:0], w.fresh[:0]
	slices.Sort(w.dirty)
	for _, slot := range slices.Compact(w.dirty) {
		if rec := co.slabs.record(slot); rec.dirty {
			w.jobs = append(w.jobs, job{slot: slot, from: rec.newest, to: rec.newest})
			w.touched = append(w.touched, update{slot: slot, message: -1, ask: -1})
		}
	}
	w.dirty = w.dirty[:0]
	co.walk(w.jobs)
	co.join()
	w.touched = w.touched[:0]
}
