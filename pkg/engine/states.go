package engine

import (
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// place is a hidden state of a series, live or settled, and the cell that it advances to.
type place struct {
	slot    int32
	cell    int64
	settled bool
}

func (e *Engine) stateOf(p place) []float32 {
	if p.settled {
		return e.slabs.settled.row(p.slot)
	}
	return e.slabs.live.row(p.slot)
}

// stepStates advances the live states over the newest cell of each series, and the settled states
// over the cell that the newest one closed. Jobs whose states are out of date are marked for
// recomputation.
func (e *Engine) stepStates(jobs []job) {
	s, w := &e.slabs, &e.work
	w.stepping, w.warming = w.stepping[:0], w.warming[:0]
	for i := range jobs {
		j := &jobs[i]
		rec := s.record(j.slot)
		if j.again = j.rejudge; j.again || !rec.fresh {
			continue
		}
		e.plan(place{slot: j.slot, cell: rec.newest})
		if j.closed {
			e.plan(place{slot: j.slot, cell: rec.newest - series.OpenCells, settled: true})
		}
	}
	e.lstm(w.stepping)
	e.warmUp(w.warming, WarmUpCells)
}

// plan decides how a state advances over its next cell: by one step; not at all during a long
// silence; from zero over the ring when the meter is back.
func (e *Engine) plan(p place) {
	ring, w := e.slabs.ring(p.slot), &e.work
	_, q := ring.At(p.cell)
	switch long := longSilence(&ring, p.cell); {
	case q == meter.Missing && long:
	case q != meter.Missing && longSilence(&ring, p.cell-1):
		w.warming = append(w.warming, p)
	default:
		w.stepping = append(w.stepping, p)
	}
}

// longSilence reports whether more than SilentCells cells up to cell n are silent.
func longSilence(ring *series.Ring, n int64) bool {
	for k := range int64(SilentCells + 1) {
		if !ring.Has(n - k) {
			return false
		}
		if _, q := ring.At(n - k); q != meter.Missing {
			return false
		}
	}
	return true
}

// warmUp computes states from zero over the n cells that end with each state's cell, all states
// together.
func (e *Engine) warmUp(places []place, n int64) {
	for _, p := range places {
		clear(e.stateOf(p))
	}
	steps := e.work.warmSteps
	for back := n - 1; back >= 0; back-- {
		steps = steps[:0]
		for _, p := range places {
			p.cell -= back
			steps = append(steps, p)
		}
		e.lstm(steps)
	}
	e.work.warmSteps = steps
}

// lstm advances each state by one step with its cell.
func (e *Engine) lstm(places []place) {
	if len(places) == 0 {
		return
	}
	w, s, hidden := &e.work, &e.slabs, e.slabs.hidden
	w.room(len(places))
	for i, p := range places {
		h, c := s.halves(e.stateOf(p))
		copy(w.h[i*hidden:], h)
		copy(w.c[i*hidden:], c)
		win := e.window(p.slot, p.cell, series.InputCells)
		layout := e.layoutOf(p.slot)
		layout.Input(w.x[i*w.shapeOf.Inputs:][:w.shapeOf.Inputs], &win)
	}
	e.model.LSTM.Step(w.ws, w.x, w.h, w.c, len(places))
	for i, p := range places {
		h, c := s.halves(e.stateOf(p))
		copy(h, w.h[i*hidden:])
		copy(c, w.c[i*hidden:])
	}
}

// window returns up to n cells of a series that end with a cell, on the scale in force.
func (e *Engine) window(slot int32, end int64, n int) series.Window {
	w := &e.work
	if cap(w.window) < n {
		w.window = make([]float32, n)
	}
	ring := e.slabs.ring(slot)
	win := series.WindowOf(
		w.window[:n],
		&ring,
		e.slabs.scale(slot).Scaler,
		end,
		int64(e.slabs.record(slot).phase),
		meter.IntervalSeconds,
	)
	if e.foreseen != nil {
		win.Ahead = e.foreseen(e.slabs.ids[slot])
	}
	return win
}
