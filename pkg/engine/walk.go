package engine

import (
	"math"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// SilentCells bounds the silent cells in a row that the network steps through. After them the
// hidden state stays as it is, and it is computed from the ring at the next reading.
const SilentCells = meter.LatenessCells

// job advances one series to a cell.
type job struct {
	slot    int32
	from    int64 // the first new cell that something was said about
	to      int64
	reading raw  // about a new cell
	also    raw  // about another
	joins   bool // the new cells are joined of readings

	high  int64 // the newest cell the series ever had
	again bool  // its states are computed anew before the next cell

	// Of the next cell: what goes into the ring, and what was said and is kept aside.
	put     said
	kept    said
	asking  bool // the network fills it
	flagged bool
	rejudge bool // it brought another scale: the open cells are looked at anew
	closed  bool // it is new, so that an older one can no longer change
}

// walk advances every series of jobs to its cell, one cell of all series at a time, so that the
// network steps many series together.
//
// The state of a series is a function of its readings. The settled part belongs to the cells that
// no reading can change any more; the open cells are walked from there. When an open cell changed,
// or the states do not belong to the model, the scale and the ring, walk goes back to the settled
// part and repeats the walk with the same code. So a late reading leaves the same bits as the same
// reading in order.
func (e *Engine) walk(jobs []job) {
	s := &e.slabs
	for i := range jobs {
		j := &jobs[i]
		rec := s.record(j.slot)
		if rec.known == 0 {
			rec.newest, j.high = j.from-1, math.MinInt64
		} else {
			j.high = rec.newest
		}
		j.again = e.stale(j.slot)
		if rec.dirty && !j.again {
			e.rewind(j.slot)
		}
		rec.dirty = false
	}
	e.again(jobs)
	for {
		n := 0
		for _, j := range jobs {
			if s.record(j.slot).newest < j.to {
				jobs[n] = j
				n++
			}
		}
		if jobs = jobs[:n]; n == 0 {
			return
		}
		e.decide(jobs)
		e.write(jobs)
		e.stepStates(jobs)
		e.again(jobs)
	}
}

// stale reports whether the network serves a series whose states are out of date.
func (e *Engine) stale(slot int32) bool {
	return e.model != nil && e.slabs.scale(slot).Ready && !e.slabs.record(slot).fresh
}

// rewind takes a series back to the newest cell that can no longer change. The open cells are
// walked again from there.
func (e *Engine) rewind(slot int32) {
	s := &e.slabs
	ring := s.ring(slot)
	copy(s.live.row(slot), s.settled.row(slot))
	s.back(slot, max(ring.Newest-series.OpenCells, ring.First()-1))
}

// again rewinds the jobs that ask for it. States that are out of date are first computed from zero
// over the last WarmUpCells cells: the settled ones here, the live ones during the walk.
func (e *Engine) again(jobs []job) {
	s, w := &e.slabs, &e.work
	w.warming = w.warming[:0]
	for i := range jobs {
		if j := &jobs[i]; e.stale(j.slot) {
			w.warming = append(
				w.warming,
				place{
					slot:    j.slot,
					cell:    s.record(j.slot).newest - series.OpenCells,
					settled: true,
				},
			)
		}
	}
	e.warmUp(w.warming, WarmUpCells-series.OpenCells)
	for _, p := range w.warming {
		s.record(p.slot).fresh = true
	}
	for i := range jobs {
		if j := &jobs[i]; j.again {
			j.again = false
			e.rewind(j.slot)
		}
	}
}

// decide finds the content of the next cell of each series: its reading, or a fill when there is
// none or the reading is implausible.
func (e *Engine) decide(jobs []job) {
	s, w := &e.slabs, &e.work
	w.asking = w.asking[:0]
	for i := range jobs {
		j := &jobs[i]
		n := s.record(j.slot).newest + 1
		switch {
		case n <= j.high:
			j.kept = s.said(j.slot, n)
		case j.joins:
			j.kept = e.joined(j.slot, n)
		case n == j.reading.cell:
			j.kept = j.reading.said
		case n == j.also.cell:
			j.kept = j.also.said
		default:
			j.kept = said{quality: meter.Missing}
		}
		j.put, j.asking, j.rejudge = j.kept, false, false
		j.flagged = e.lies(j.slot, j.kept)
		if j.kept.quality.Accepted() && !j.flagged {
			continue
		}
		if j.put.quality != meter.Missing {
			j.put.quality = meter.Bad
		}
		ring := s.ring(j.slot)
		j.put.value = bounded(ring.SameHour(n, meter.DayCells))
		if j.asking = e.foretold(j.slot); j.asking {
			w.asking = append(w.asking, j.slot)
		}
	}
	out, next := e.head(w.asking), 0
	for i := range jobs {
		if j := &jobs[i]; j.asking {
			z := out[next*w.shapeOf.Outputs()+e.median]
			if v := s.scale(j.slot).Scaler.Inverse(z); unsound(v) == "" {
				j.put.value = v // otherwise the cell keeps the value of the day before
			}
			next++
		}
	}
}

// lies reports whether the reading for the next cell is implausible. Only measured values are
// judged: the estimates of a gap are flat.
func (e *Engine) lies(slot int32, word said) bool {
	ring := e.slabs.ring(slot)
	if word.quality != meter.OK {
		return false
	}
	past := meter.Past{
		Values:  ring.Values,
		Quality: ring.Quality,
		Newest:  ring.Newest,
		Known:   ring.Known,
		PerDay:  meter.DayCells,
		Usual:   e.slabs.scale(slot).Scaler.Usual,
	}
	return past.Judge(word.value) != meter.Fine
}

// foretold reports whether the network fills the next cell of a series: the network serves, and one
// of the last GapCells cells was measured. After a longer silence, or a longer run of bad values,
// the fill is the value of the day before: fills that are made from fills alone may drift.
func (e *Engine) foretold(slot int32) bool {
	if !e.slabs.record(slot).fresh {
		return false
	}
	ring := e.slabs.ring(slot)
	for n := ring.Newest; n > ring.Newest-GapCells; n-- {
		if _, q := ring.At(n); q.Accepted() {
			return true
		}
	}
	return false
}

// write puts the next cell of each series into its ring and closes the oldest open cell, whose
// value the scale then takes in.
func (e *Engine) write(jobs []job) {
	s := &e.slabs
	for i := range jobs {
		j := &jobs[i]
		rec := s.record(j.slot)
		n := rec.newest + 1
		if j.flagged {
			s.aside.put(j.slot, raw{n, j.kept})
		} else {
			s.aside.drop(j.slot, n)
		}
		s.put(j.slot, n, j.put.value, j.put.quality)
		ring, scale := s.ring(j.slot), s.scale(j.slot)
		if j.closed = n > j.high; n < j.high {
			continue
		}
		j.high = n
		if m := n - series.OpenCells; j.closed && ring.Has(m) {
			if _, q := ring.At(m); q.Accepted() && rec.accepted < series.ScalerCells {
				rec.accepted++
			}
			s.aside.settle(j.slot, m)
			s.extras.settle(j.slot, rec, m)
		}
		if scale.Advance(&ring, e.acceptedCells(j.slot)) {
			rec.fresh, j.rejudge = false, true
		}
	}
}

// acceptedCells counts the cells that the first scale is made from.
func (e *Engine) acceptedCells(slot int32) int {
	if e.slabs.scale(slot).Ready {
		return series.ScalerCells
	}
	ring := e.slabs.ring(slot)
	n := int(e.slabs.record(slot).accepted)
	for cell := max(ring.First(), ring.Newest-meter.LatenessCells); cell <= ring.Newest; cell++ {
		if _, q := ring.At(cell); q.Accepted() {
			n++
		}
	}
	return n
}
