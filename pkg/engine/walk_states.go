package engine

import (
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// place is a state of a series, live or settled, and the cell it is brought to.
type place struct {
	slot    int32
	cell    int64
	settled bool
}

func (co *cohort) stateOf(p place) []float32 {
	if p.settled {
		return co.slabs.settled.row(p.slot)
	}
	return co.slabs.live.row(p.slot)
}

// stepStates takes the live states over the newest cell of each series, and the
// settled ones over the cell that this one closed. Jobs whose states do not fit
// any more are marked to have them computed anew.
func (co *cohort) stepStates(jobs []job) {
	s, w := &co.slabs, &co.work
	w.stepping, w.warming = w.stepping[:0], w.warming[:0]
	for i := range jobs {
		j := &jobs[i]
		rec := s.record(j.slot)
		if j.again = j.rejudge; !rec.fresh { // as after another scale
			continue
		}
		co.plan(place{slot: j.slot, cell: rec.newest})
		if settled := rec.newest - int64(co.len.Open); j.closes && settled >= s.first(j.slot) {
			co.plan(place{slot: j.slot, cell: settled, settled: true})
		}
	}
	co.lstm(w.stepping)
	co.warmUp(w.warming, warmUpCells(co.len))
}

// plan says how a state is taken over its next cell: by one step; not at all
// while a meter is silent for long; anew from the ring when it is back.
func (co *cohort) plan(p place) {
	ring, w := co.slabs.ring(p.slot), &co.work
	_, q := ring.At(p.cell)
	switch long := longSilence(&ring, p.cell, co.len.Late); {
	case q == meter.Missing && long:
	case q != meter.Missing && longSilence(&ring, p.cell-1, co.len.Late):
		w.warming = append(w.warming, p)
	default:
		w.stepping = append(w.stepping, p)
	}
}

// longSilence says that more cells up to cell n were silent than a state is stepped through.
func longSilence(ring *series.Ring, n int64, silent int) bool {
	if n-int64(silent) < ring.First() {
		return false // its first cell is not silent
	}
	for k := range int64(silent + 1) {
		if _, q := ring.At(n - k); q != meter.Missing {
			return false
		}
	}
	return true
}

// warmUp computes states from zero over the n cells that end with each one's
// cell, all side by side. A young series has fewer.
func (co *cohort) warmUp(places []place, n int64) {
	if len(places) == 0 {
		return
	}
	for _, p := range places {
		clear(co.stateOf(p))
	}
	steps := co.work.warmSteps
	for back := n - 1; back >= 0; back-- {
		steps = steps[:0]
		for _, p := range places {
			if p.cell -= back; p.cell >= co.slabs.first(p.slot) {
				steps = append(steps, p)
			}
		}
		co.lstm(steps)
	}
	co.work.warmSteps = steps
}

// lstm takes one step of each state with its cell.
func (co *cohort) lstm(places []place) {
	if len(places) == 0 {
		return
	}
	w := &co.work
	for _, n := range co.networks() {
		w.picked = w.picked[:0]
		for i, p := range places {
			if co.by(p.slot) == n {
				w.picked = append(w.picked, i)
			}
		}
		co.lstmOf(n, places)
	}
}

// lstmOf takes one step of one network for those of places that are picked.
func (co *cohort) lstmOf(n *network, places []place) {
	picked, s, hidden, inputs := co.work.picked, &co.slabs, n.shape.Hidden, n.shape.Inputs
	if len(picked) == 0 {
		return
	}
	n.room(len(picked))
	for i, at := range picked {
		p := places[at]
		h, c := s.halves(co.stateOf(p))
		copy(n.h[i*hidden:][:hidden], h)
		copy(n.c[i*hidden:][:hidden], c)
		win := co.window(p.slot, p.cell, co.len.Inputs)
		layout := co.layoutOf(n, p.slot)
		layout.Input(n.x[i*inputs:][:inputs], &win)
	}
	n.model.LSTM.Step(n.ws, n.x, n.h, n.c, len(picked))
	for i, at := range picked {
		h, c := s.halves(co.stateOf(places[at]))
		copy(h, n.h[i*hidden:][:hidden])
		copy(c, n.c[i*hidden:][:hidden])
	}
}

// window is the past of a series in the scale in force, up to n cells that end
// with a cell.
func (co *cohort) window(slot int32, end int64, n int) series.Window {
	w := &co.work
	if cap(w.window) < n {
		w.window = make([]float32, n)
	}
	ring := co.slabs.ring(slot)
	win := series.WindowOf(
		w.window[:n], &ring, co.slabs.scale(slot).Scaler, end, int64(co.slabs.record(slot).Phase),
		co.len.Interval,
	)
	if co.foreseen != nil {
		win.Ahead = co.foreseen(co.slabs.ids[slot])
	}
	return win
}
