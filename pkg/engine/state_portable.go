package engine

import (
	"fmt"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// Extract is the state of one series as a snapshot of an engine that has no other;
// ok is false when there is none. What is set for it stays out. curve is that of
// its scale, which Insert needs.
func (e *Engine) Extract(id meter.ID) (state []meter.Section, curve series.Curve, ok bool) {
	co, slot, ok := e.find(id)
	if !ok {
		return nil, 0, false
	}
	one := newSlabs(co.len, co.slabs.waiting)
	one.curve = co.slabs.curve
	one.useHidden(co.slabs.hidden)
	one.take(&co.slabs, slot)
	return one.write(), one.curve, true
}

// take adds a row of others. Of states of another width it takes what both have room for.
func (s *slabs) take(from *slabs, row int32) int32 {
	slot := s.add(from.ids[row], from.units[row])
	*s.record(slot), *s.scale(slot) = *from.record(row), *from.scale(row)
	copy(s.values.row(slot), from.values.row(row))
	copy(s.quality.row(slot), from.quality.row(row))
	for _, states := range [...][2]*slab[float32]{{&s.live, &from.live}, {&s.settled, &from.settled}} {
		h, c := s.halves(states[0].row(slot))
		fromH, fromC := from.halves(states[1].row(row))
		copy(h, fromH)
		copy(c, fromC)
	}
	s.takeHeld(slot, from, row)
	if all, ok := from.flagged[row]; ok {
		s.flagged[slot] = slices.Clone(all)
	}
	if r, ok := from.states[row]; ok {
		st := from.gridState(row).Clone()
		s.keep(slot, readings{st.Held, st.Raw, r.told})
	}
	return slot
}

// ReadState checks the state of one series, as Extract gives it, on the curve of
// its scale.
func ReadState(state []meter.Section, curve series.Curve) (*Portable, error) {
	data := map[string]meter.Section{}
	for _, sec := range state {
		data[sec.Name] = sec
	}
	for _, interval := range intervals {
		if _, ok := data[sectionSeries+suffix(int64(interval))]; !ok {
			continue
		}
		l := series.LengthsOf(int64(interval))
		p := &Portable{newSlabs(&l, naiveWaiting(&l))}
		p.slabs.curve = curve
		if err := p.slabs.read(data); err != nil {
			return nil, err
		}
		if n := len(p.slabs.ids); n != 1 || len(data) > 0 {
			return nil, fmt.Errorf("the state of %d series: want one, and nothing else", n)
		}
		rec := p.slabs.record(0)
		// Reads of a register that does not count on are heard, and make no cell.
		ahead := rec.Heard > rec.newest+int64(l.Ring) && rec.Start(rec.Heard) > rec.Last+2*meter.HourSeconds
		if ahead || rec.viewOf != 0 {
			return nil, fmt.Errorf(
				"series %s: heard at cell %d, the newest is %d",
				p.Series(), rec.Heard, rec.newest,
			)
		}
		if err := p.checkNumbers(); err != nil {
			return nil, fmt.Errorf("series %s: %w", p.Series(), err)
		}
		return p, nil
	}
	return nil, fmt.Errorf("state section %q is missing", sectionSeries)
}

// Portable is the state of one series apart from an engine.
type Portable struct{ slabs slabs }

// Series is whose it is.
func (p *Portable) Series() meter.ID { return p.slabs.ids[0] }

// Origin is the Unix second at which its newest interval ends.
func (p *Portable) Origin() int64 { return p.slabs.origin(0) }

// Interval is that of its cells, in seconds.
func (p *Portable) Interval() int32 { return int32(p.slabs.len.Interval) }

// Newest is the Unix second of its newest reading.
func (p *Portable) Newest() int64 { return p.slabs.record(0).Last }

// Insert adds the state of a series. One that has a state here is refused, unless
// that is to be replaced. digest is that of the model that its hidden states are of. When another
// one serves the series here, warm is false: the states are computed anew from the ring at its next
// reading.
func (e *Engine) Insert(p *Portable, digest string, replace bool) (warm bool, err error) {
	id := p.Series()
	switch _, _, there := e.find(id); {
	case there && !replace:
		return false, fmt.Errorf("series %s has a state here: replace it, or delete it first", id)
	case there:
		e.takeOut(id)
	case e.full():
		return false, fmt.Errorf(
			"%s: its partition holds %d series, its share of --max-series",
			meter.ReasonSeriesLimit, e.series,
		)
	}
	co := e.cohort(int32(p.slabs.len.Interval))
	s := &co.slabs
	slot := s.take(&p.slabs, 0)
	e.enter(co, slot)
	rec, ring := s.record(slot), s.ring(slot)
	s.scale(slot).Bend(s.curve, &ring, co.len)
	by := co.by(slot)
	if by == nil {
		by = co.first() // its states are those that a model begins with
	}
	warm = by != nil && by.model.Digest == digest && by.shape.Hidden <= p.slabs.hidden
	rec.fresh = rec.fresh && warm
	rec.live = false                                // until a reading comes in time
	e.adopt(co, slot, e.settings.of(id), &Result{}) // its log counted what waits
	if co.joins != nil {
		co.makeView(slot)
	}
	return warm, nil
}

// Deleted says what a deletion came to.
type Deleted struct {
	Cells  int     // of the series
	Events []Event // that its limit was passed and is not any more
}

// Delete forgets a series and its own marks; ok is false when it is not known. The order of the others stays: it is
// that of their first readings, whether this one was ever there or not.
func (e *Engine) Delete(id meter.ID) (done Deleted, ok bool) {
	e.marks.Drop(id)
	if done.Cells, ok = e.takeOut(id); ok {
		e.limits.clear(id, 0, "the series is deleted", &done.Events)
	}
	return done, ok
}

// takeOut takes a series out of all cohorts and keeps how it stands to its limit.
func (e *Engine) takeOut(id meter.ID) (cells int, ok bool) {
	co, slot, ok := e.find(id)
	if !ok {
		return 0, false
	}
	cells = int(co.slabs.record(slot).known)
	born := co.slabs.record(slot).born
	for _, other := range e.cohorts {
		if other == nil {
			continue
		}
		if row, ok := other.slabs.index[id]; ok {
			other.slabs.takeOut(row)
		}
	}
	for _, other := range e.cohorts {
		for slot := 0; other != nil && slot < len(other.slabs.ids); slot++ {
			if rec := other.slabs.record(int32(slot)); rec.born > born && rec.viewOf == 0 {
				rec.born-- // as if it had never been there
			}
		}
	}
	delete(e.notes, id)
	e.series--
	e.born--
	e.order = nil
	return cells, true
}
