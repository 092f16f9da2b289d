package engine

import (
	"math"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// job brings one series up to a cell.
type job struct {
	slot  int32
	from  int64 // the first new cell that something was said about
	to    int64
	cells []grid.Cell // the new cells that something was said about, ascending

	high   int64 // the newest cell the series ever had
	closed int64 // the newest cell that was walked as a new one
	again  bool  // its states are computed anew before the next cell
	cold   bool  // it has states of another model until high: they are computed anew there

	judged int64 // the newest cell at which all that was said of a young series was judged
	final  bool  // that was when it was about to be young no more

	// Of the next cell: what goes into the ring, and what was said and is kept aside.
	put     said
	kept    said
	asking  bool // the network fills it
	flagged bool
	absurd  bool // beside what else was said
	rejudge bool // it brought another scale: the open cells are looked at anew
	closes  bool // it is new, so that an older one can no longer change
}

// said is what was said about new cell n.
func (j *job) said(n int64) said {
	for len(j.cells) > 0 && j.cells[0].N < n {
		j.cells = j.cells[1:]
	}
	if len(j.cells) == 0 || j.cells[0].N > n {
		return said{quality: meter.Missing}
	}
	return said{j.cells[0].Value, j.cells[0].Quality}
}

// walk brings every series of jobs up to its cell, one cell of all of them at a
// time, so that the network steps many at once.
//
// The state of a series is a function of what was said: its settled part, of the
// cells that no reading can change any more, and the open cells walked from
// there. A series whose open cells changed, or whose states are not those of
// model, scale and ring, is taken back to the settled part and walked again, by
// the code that took it there first. So a late reading leaves what it would have
// left in order, to the bit.
func (co *cohort) walk(jobs []job) {
	s := &co.slabs
	for i := range jobs {
		j := &jobs[i]
		rec := s.record(j.slot)
		if rec.known == 0 {
			rec.newest, j.high = j.from-1, math.MinInt64
		} else {
			j.high = rec.newest
		}
		j.closed, j.again, j.judged = j.high, co.stale(j.slot), math.MinInt64
		switch {
		case rec.anew:
			s.believe(j.slot)
			j.cold = j.again
			co.restart(j)
		case rec.dirty && !j.again:
			co.rewind(j.slot)
		}
		rec.dirty, rec.anew = false, false
	}
	co.again(jobs)
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
		co.decide(jobs)
		co.write(jobs)
		co.stepStates(jobs)
		co.again(jobs)
	}
}

// stale says that the network serves this series but its states are not the
// ring's.
func (co *cohort) stale(slot int32) bool {
	return co.by(slot) != nil && !co.slabs.record(slot).fresh
}

// rewind takes a series back to the newest cell that can no longer change; the
// open cells are walked again from there.
func (co *cohort) rewind(slot int32) {
	s := &co.slabs
	ring := s.ring(slot)
	s.record(slot).rewound = true
	copy(s.live.row(slot), s.settled.row(slot))
	s.back(slot, max(ring.Newest-int64(co.len.Open), ring.First()-1))
}

// restart takes a young series back to its beginning: all of its cells are walked as new ones, as
// they would have come in order.
func (co *cohort) restart(j *job) {
	s := &co.slabs
	rec, ring := s.record(j.slot), s.ring(j.slot)
	s.back(j.slot, ring.First()-1)
	*s.scale(j.slot) = series.Scaling{Curve: s.curve}
	clear(s.live.row(j.slot))
	clear(s.settled.row(j.slot))
	rec.accepted, rec.fresh, rec.remade = 0, false, true
	j.closed, j.again = math.MinInt64, false
}

// again walks the open cells of the jobs that ask for it again. States that are
// not those of model and scale are computed from zero over the last of warmUpCells
// cells before: the settled ones here, the live ones on the way.
func (co *cohort) again(jobs []job) {
	s, w := &co.slabs, &co.work
	w.warming = w.warming[:0]
	for i := range jobs {
		if j := &jobs[i]; co.stale(j.slot) && !j.cold {
			w.warming = append(w.warming, place{
				slot: j.slot, cell: s.record(j.slot).newest - int64(co.len.Open), settled: true,
			})
		}
	}
	co.warmUp(w.warming, settledWarmUp(co.len))
	for _, p := range w.warming {
		s.record(p.slot).fresh = true
	}
	for i := range jobs {
		if j := &jobs[i]; j.again {
			j.again = false
			co.rewind(j.slot)
		}
	}
}

// decide looks at the next cell of each series: what was said about it, whether
// that can be believed, and what fills it otherwise.
func (co *cohort) decide(jobs []job) {
	s, w := &co.slabs, &co.work
	w.asking = w.asking[:0]
	for i := range jobs {
		j := &jobs[i]
		n := s.record(j.slot).newest + 1
		switch {
		case n <= j.high:
			j.kept = s.said(j.slot, n)
		default:
			j.kept = j.said(n)
		}
		j.put, j.asking, j.rejudge = j.kept, false, false
		ring := s.ring(j.slot)
		j.absurd = n <= j.high && s.absurd(j.slot, n)
		j.flagged = j.kept.quality.Accepted() &&
			(j.absurd || s.marked(j.slot, n) || co.liesAfter(j.slot, &ring, j.kept))
		if j.kept.quality.Accepted() && !j.flagged {
			continue
		}
		if j.put.quality != meter.Missing {
			j.put.quality = meter.Bad
		}
		if j.absurd {
			j.put.value, _ = ring.At(n) // it was filled when it was found
			continue
		}
		if j.put.value = 0; ring.Known > 0 {
			j.put.value = bounded(ring.SameHour(n, co.len.Day))
		}
		if j.asking = co.foretold(j.slot); j.asking {
			w.asking = append(w.asking, j.slot)
		}
	}
	out, next := co.head(w.asking), 0
	for i := range jobs {
		if j := &jobs[i]; j.asking {
			z := out[next*co.outputs()+co.first().median]
			if v := s.scale(j.slot).Scaler.Inverse(z); unsound(v) == "" {
				j.put.value = v // otherwise the cell keeps the value of the day before
			}
			next++
		}
	}
}

// liesAfter says that what was said about the cell after the newest one of a ring cannot be
// true. An estimate does not claim to be: that of a gap is flat.
func (co *cohort) liesAfter(slot int32, ring *series.Ring, word said) bool {
	if word.quality != meter.OK || ring.Known < meter.LearnDays*co.len.Day {
		return false
	}
	past := meter.Past{
		Values:  ring.Values,
		Quality: ring.Quality,
		Newest:  ring.Newest,
		Known:   ring.Known,
		PerDay:  co.len.Day,
		Usual:   co.slabs.scale(slot).Scaler.Usual,
	}
	return past.Judge(word.value) != meter.Fine
}

// foretold says that the network fills the next cell of a series: it serves, and
// one of the cells of the last gapHours was measured. A meter that is silent, or calls
// its values bad, for longer is filled with its own past, for fills that are
// made from fills alone may lead anywhere.
func (co *cohort) foretold(slot int32) bool {
	if !co.slabs.record(slot).fresh {
		return false
	}
	ring := co.slabs.ring(slot)
	for n := ring.Newest; n > ring.Newest-int64(co.len.Day*gapHours/24) && ring.Has(n); n-- {
		if _, q := ring.At(n); q.Accepted() {
			return true
		}
	}
	return false
}

// write puts the next cell of each series into its ring and lets the oldest open
// one go, which teaches the scale.
func (co *cohort) write(jobs []job) {
	s := &co.slabs
	for i := range jobs {
		j := &jobs[i]
		rec := s.record(j.slot)
		n := rec.newest + 1
		if j.flagged {
			s.flagged.put(j.slot, raw{n, j.kept, j.absurd})
			if n > j.high && co.liesForHours(j.slot, n) {
				co.work.lying = append(co.work.lying, j.slot)
			}
		} else {
			s.flagged.drop(j.slot, n)
		}
		s.put(j.slot, n, j.put.value, j.put.quality)
		ring, scale := s.ring(j.slot), s.scale(j.slot)
		if j.closes = n > j.closed; n < j.closed {
			continue
		}
		isNew := n > j.high
		j.closed, j.high = n, max(j.high, n)
		if m := n - int64(co.len.Open); j.closes && ring.Has(m) {
			co.closeCell(j.slot, m)
		}
		if co.reconsider(j, isNew) {
			continue
		}
		if scale.Advance(&ring, co.len, int(rec.accepted), co.growth()) {
			rec.fresh, j.rejudge = false, true
		}
		if j.cold && n == j.high {
			j.cold, j.rejudge = false, true
		}
	}
}

// closeCell takes note of a cell that no reading can change any more, as if it had come in order. What
// was said of the cells of a young series is kept: they may be walked anew.
func (co *cohort) closeCell(slot int32, n int64) {
	s := &co.slabs
	rec, ring := s.record(slot), s.ring(slot)
	if _, q := ring.At(n); q.Accepted() && int(rec.accepted) < co.len.Scale {
		rec.accepted++
	}
	s.settleAside(slot, n)
	s.settle(slot, n)
}
