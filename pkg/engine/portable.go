package engine

import (
	"fmt"
	"maps"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// Extract is the state of one series as a snapshot of an engine that has no other;
// ok is false when there is none. What is set for it stays out. curve is that of
// its scale, which Insert needs.
func (e *Engine) Extract(id meter.ID) (state []Section, curve series.Curve, ok bool) {
	slot, ok := e.slabs.index[id]
	if !ok {
		return nil, 0, false
	}
	one := newSlabs(e.slabs.waiting)
	one.curve = e.slabs.curve
	one.useHidden(e.slabs.hidden)
	one.take(&e.slabs, slot)
	state = slices.DeleteFunc(one.write(), func(s Section) bool { return s.Name == sectionSetting })
	return state, one.curve, true
}

// take adds a row of others, whose states are of the same width.
func (s *slabs) take(from *slabs, row int32) int32 {
	slot := s.add(from.ids[row], from.units[row], from.record(row).phase)
	*s.record(slot), *s.scale(slot) = *from.record(row), *from.scale(row)
	copy(s.values.row(slot), from.values.row(row))
	copy(s.quality.row(slot), from.quality.row(row))
	if s.hidden == from.hidden {
		copy(s.live.row(slot), from.live.row(row))
		copy(s.settled.row(slot), from.settled.row(row))
	}
	s.takeHeld(slot, from, row)
	if all, ok := from.aside[row]; ok {
		s.aside[slot] = slices.Clone(all)
	}
	if x, ok := from.extras[row]; ok {
		own := *x
		own.moments, own.strays, own.held = slices.Clone(x.moments), slices.Clone(x.strays), slices.Clone(x.held)
		s.extras[slot] = &own
	}
	return slot
}

// ReadState checks the state of one series, as Extract gives it, on the curve of
// its scale.
func ReadState(state []Section, curve series.Curve) (*Portable, error) {
	p := &Portable{newSlabs(naiveWaiting())}
	p.slabs.curve = curve
	if err := p.slabs.read(state); err != nil {
		return nil, err
	}
	if n := len(p.slabs.ids); n != 1 || len(p.slabs.settings) > 0 || p.slabs.limit != unlimited {
		return nil, fmt.Errorf("the state of %d series: want one, and nothing else", n)
	}
	rec := p.slabs.record(0)
	if rec.heard > rec.newest+series.RingCells {
		return nil, fmt.Errorf("series %s: heard at cell %d, the newest is %d", p.Series(), rec.heard, rec.newest)
	}
	if err := p.checkNumbers(); err != nil {
		return nil, fmt.Errorf("series %s: %w", p.Series(), err)
	}
	return p, nil
}

// Portable is the state of one series apart from an engine.
type Portable struct{ slabs slabs }

// Series is whose it is.
func (p *Portable) Series() meter.ID { return p.slabs.ids[0] }

// Origin is the Unix second at which its newest interval ends.
func (p *Portable) Origin() int64 { return p.slabs.origin(0) }

// Newest is the Unix second of its newest reading.
func (p *Portable) Newest() int64 { return p.slabs.record(0).last }

// Insert adds the state of a series. One that has a state here is refused, unless
// that is to be replaced. warm says that its hidden states are of the model in
// force; otherwise they are computed anew from the ring at its next reading.
func (e *Engine) Insert(p *Portable, warm, replace bool) error {
	s, id := &e.slabs, p.Series()
	switch _, there := s.index[id]; {
	case there && !replace:
		return fmt.Errorf("series %s has a state here: replace it, or delete it first", id)
	case there:
		e.Delete(id)
	case s.full():
		return fmt.Errorf("%s: its partition holds %d series, its share of --max-series", meter.ReasonSeriesLimit, len(s.ids))
	}
	slot := s.take(&p.slabs, 0)
	rec, ring := s.record(slot), s.ring(slot)
	s.scale(slot).Bend(s.curve, &ring)
	rec.fresh = rec.fresh && warm && s.hidden == p.slabs.hidden && e.model != nil
	rec.live = false // until a reading comes in time
	s.adopt(slot, s.settings.of(id))
	return nil
}

// Delete forgets a series, and says how many cells it had; ok is false when it is
// not known. The order of the others stays: it is that of their first readings,
// whether this one was ever there or not.
func (e *Engine) Delete(id meter.ID) (cells int, ok bool) {
	s := &e.slabs
	slot, ok := s.index[id]
	if !ok {
		return 0, false
	}
	cells = int(s.record(slot).known)
	n := int32(len(s.ids))
	s.records.remove(slot, n)
	s.values.remove(slot, n)
	s.quality.remove(slot, n)
	s.scaling.remove(slot, n)
	s.live.remove(slot, n)
	s.settled.remove(slot, n)
	s.held.remove(slot, n)
	s.ids, s.units = slices.Delete(s.ids, int(slot), int(slot)+1), slices.Delete(s.units, int(slot), int(slot)+1)
	delete(s.index, id)
	for i := slot; i < n-1; i++ {
		s.index[s.ids[i]] = i
	}
	s.aside, s.extras = moveUp(s.aside, slot), moveUp(s.extras, slot)
	return cells, true
}

// moveUp takes a row out of what few rows have.
func moveUp[M ~map[int32]V, V any](all M, gone int32) M {
	delete(all, gone)
	moved := make(M, len(all))
	for slot, v := range maps.All(all) {
		if slot > gone {
			slot--
		}
		moved[slot] = v
	}
	return moved
}
