package engine

import (
	"fmt"
	"maps"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// Extract returns the state of one series as a snapshot without other series and without settings.
// ok is false when the series is not known. curve is the curve of its scale, which ReadState needs.
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

// take adds a copy of a row of other slabs and returns its slot.
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
		own.moments, own.strays, own.held = slices.Clone(
			x.moments,
		), slices.Clone(
			x.strays,
		), slices.Clone(
			x.held,
		)
		s.extras[slot] = &own
	}
	return slot
}

// ReadState reads and checks the state of one series that Extract returned. curve is the curve of
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
		return nil, fmt.Errorf(
			"series %s: heard at cell %d, the newest is %d",
			p.Series(),
			rec.heard,
			rec.newest,
		)
	}
	if err := p.checkNumbers(); err != nil {
		return nil, fmt.Errorf("series %s: %w", p.Series(), err)
	}
	return p, nil
}

// Portable is the state of one series outside an engine.
type Portable struct{ slabs slabs }

// Series returns the series that the state belongs to.
func (p *Portable) Series() meter.ID { return p.slabs.ids[0] }

// Origin returns the Unix second at which the newest interval ends.
func (p *Portable) Origin() int64 { return p.slabs.origin(0) }

// Newest returns the Unix second of the newest reading.
func (p *Portable) Newest() int64 { return p.slabs.record(0).last }

// Insert adds the state of a series. When the engine knows the series, Insert returns an error
// unless replace is true. warm says that the hidden states belong to the model in force; otherwise
// they are computed from the ring at the next reading.
func (e *Engine) Insert(p *Portable, warm, replace bool) error {
	s, id := &e.slabs, p.Series()
	switch _, there := s.index[id]; {
	case there && !replace:
		return fmt.Errorf("series %s has a state here: replace it, or delete it first", id)
	case there:
		e.Delete(id)
	case s.full():
		return fmt.Errorf(
			"%s: its partition holds %d series, its share of --max-series",
			meter.ReasonSeriesLimit,
			len(s.ids),
		)
	}
	slot := s.take(&p.slabs, 0)
	rec, ring := s.record(slot), s.ring(slot)
	s.scale(slot).Bend(s.curve, &ring)
	rec.fresh = rec.fresh && warm && s.hidden == p.slabs.hidden && e.model != nil
	rec.live = false // until a reading comes in time
	s.adopt(slot, s.settings.of(id))
	return nil
}

// Delete deletes the state of a series and returns the number of its cells. ok is false when the
// series is not known. The other series keep their order, that of their first readings.
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
	s.ids, s.units = slices.Delete(
		s.ids,
		int(slot),
		int(slot)+1,
	), slices.Delete(
		s.units,
		int(slot),
		int(slot)+1,
	)
	delete(s.index, id)
	for i := slot; i < n-1; i++ {
		s.index[s.ids[i]] = i
	}
	s.aside, s.extras = moveUp(s.aside, slot), moveUp(s.extras, slot)
	return cells, true
}

// moveUp deletes a slot from a map by slot and lowers the slots behind it by one.
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
