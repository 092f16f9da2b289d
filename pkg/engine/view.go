package engine

import (
	"cmp"
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Summary is how a series stands.
type Summary struct {
	Series   meter.ID
	Newest   int64 // Unix second of its newest reading
	Since    int64 // Unix second since which it has not begun anew
	Origin   int64 // Unix second at which its newest interval ends
	Interval int32 // seconds of its cells
	Serving  int32 // seconds from one lead of its forecasts to the next
	Step     int32 // seconds between its readings, 0 at irregular moments
	Unit     string
	Kind     meter.Kind
	Source   meter.Source
	Quality  meter.Quality    // of its newest interval
	Mark     meter.MarkReason // of its newest interval
	Revision int              // of its newest forecast
	Live     bool             // up to date with the log's clock
	// LimitPassed says that its limit is passed, as Census counts.
	LimitPassed bool
}

// Summaries calls yield with each series from the place-th on, in the order of
// their first readings, until it returns false.
func (e *Engine) Summaries(place int, yield func(Summary) bool) {
	order := e.inOrder()
	for i := place; i < len(order); i++ {
		if s, ok := e.Summary(order[i]); ok && !yield(s) {
			return
		}
	}
}

// inOrder are the series in the order of their first readings.
func (e *Engine) inOrder() []meter.ID {
	if len(e.order) == e.series {
		return e.order
	}
	type entry struct {
		born uint32
		id   meter.ID
	}
	all := make([]entry, 0, e.series)
	for _, co := range e.cohorts {
		if co == nil {
			continue
		}
		for slot, id := range co.slabs.ids {
			if rec := co.slabs.record(int32(slot)); rec.viewOf == 0 {
				all = append(all, entry{rec.born, id})
			}
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.born, b.born) })
	e.order = make([]meter.ID, len(all))
	for i, entry := range all {
		e.order[i] = entry.id
	}
	return e.order
}

// enter counts a new series in.
func (e *Engine) enter(co *cohort, slot int32) {
	co.slabs.record(slot).born = e.born
	e.born++
	e.series++
	e.order = nil
}

// Summary is how one series stands; ok is false when it is not known.
func (e *Engine) Summary(id meter.ID) (s Summary, ok bool) {
	co, slot, ok := e.find(id)
	if !ok {
		return s, false
	}
	return co.summary(slot), true
}

func (co *cohort) summary(slot int32) Summary {
	rec := co.slabs.record(slot)
	by, row := co.server(slot)
	s := &by.slabs
	server, ring := s.record(row), s.ring(row)
	sum := Summary{
		Series:   s.ids[row],
		Newest:   rec.Last,
		Interval: rec.Interval,
		Serving:  int32(by.len.Interval),
		Step:     rec.Step,
		Unit:     co.slabs.units[slot],
		Kind:     rec.Kind.TakenFor(),
		Revision: int(server.revision),
		Live:     rec.live,
	}
	sum.LimitPassed = co.limits.states[sum.Series] == limitPassed
	if rec.known > 0 {
		sum.Since = rec.Start(rec.since)
	}
	if ring.Known > 0 {
		sum.Origin = s.origin(row)
		sum.Quality, sum.Mark = s.standing(row, &ring)
	}
	switch {
	case rec.Coarse > 0:
		sum.Step, sum.Source = rec.Coarse, meter.SourceNone
	case ring.Known > 0:
		sum.Source = by.maker(row)
	}
	return sum
}

// Cell is one interval of a ring.
type Cell struct {
	Second  int64 // it starts at
	Value   float32
	Quality meter.Quality
	Said    float32 // what the meter said, where that is not in the ring and can still change
}

// Inside is all that is kept of a series, to be read by a person.
type Inside struct {
	Series   meter.ID
	Unit     string
	Kind     meter.Kind
	Interval int32 // of its cells, in seconds
	Step     int32 // seconds from one reading to the next; 0 at irregular moments
	Newest   int64 // Unix second of its newest reading
	// cells that were measured and can no longer change, as far as the first scale needs them
	Accepted int
	Cells    []Cell
	Ready    bool // there is a scale
	Center   float32
	Scale    float32
	Usual    float32
	Warm     bool // there are hidden states
	Hidden   int
	Norms    [4]float64 // of h and c, live and settled
	Waiting  int        // readings that are not in the ring: of open cells, off the grid, far ahead
}

// Inside looks into a state.
func (p *Portable) Inside() Inside {
	s := &p.slabs
	rec, ring, scale := s.record(0), s.ring(0), s.scale(0)
	in := Inside{
		Series: s.ids[0], Unit: s.units[0], Kind: rec.Kind.TakenFor(),
		Interval: rec.Interval, Step: max(rec.Step, rec.Coarse), Newest: rec.Last,
		Accepted: int(rec.accepted),
		Ready:    scale.Ready, Center: scale.Scaler.Center, Scale: scale.Scaler.Scale,
		Usual: scale.Scaler.Usual,
		Warm:  rec.fresh, Hidden: s.hidden,
	}
	for n := ring.First(); ring.Known > 0 && n <= ring.Newest; n++ {
		value, quality := ring.At(n)
		c := Cell{Second: rec.Start(n), Value: value, Quality: quality, Said: value}
		if quality == meter.Missing {
			c.Said = 0
		}
		if raw, ok := s.flagged.find(0, n); ok {
			c.Said = raw.value
		}
		in.Cells = append(in.Cells, c)
	}
	for i, row := range [][]float32{s.live.row(0), s.settled.row(0)} {
		h, c := s.halves(row)
		in.Norms[2*i], in.Norms[2*i+1] = norm(h), norm(c)
	}
	if r := s.states[0]; r.raw != nil {
		in.Waiting = len(r.raw.Points)
	}
	if s.states[0].held != nil {
		in.Waiting++
	}
	return in
}

func norm(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}
