package engine

import (
	"math"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/meter"
)

// Summary is how a series stands.
type Summary struct {
	Series   meter.ID
	Newest   int64 // Unix second of its newest reading
	Origin   int64 // Unix second at which its newest interval ends
	Step     int32 // seconds between its readings
	Unit     string
	Kind     meter.Kind
	Source   meter.Source
	Quality  meter.Quality // of its newest interval
	Revision int           // of its newest forecast
	Live     bool          // up to date with the log's clock
}

// Summaries calls yield with each series from the place-th on, in the order of
// their first readings, until it returns false.
func (e *Engine) Summaries(place int, yield func(Summary) bool) {
	for i := place; i < len(e.slabs.ids); i++ {
		if !yield(e.summary(int32(i))) {
			return
		}
	}
}

// Summary is how one series stands; ok is false when it is not known.
func (e *Engine) Summary(id meter.ID) (s Summary, ok bool) {
	slot, ok := e.slabs.index[id]
	if !ok {
		return s, false
	}
	return e.summary(slot), true
}

func (e *Engine) summary(slot int32) Summary {
	s := &e.slabs
	rec, ring := s.record(slot), s.ring(slot)
	sum := Summary{
		Series: s.ids[slot], Newest: rec.last, Origin: s.origin(slot), Step: meter.IntervalSeconds, Unit: s.units[slot], Kind: takenFor(rec.kind),
		Revision: int(rec.revision), Live: rec.live,
	}
	if x, ok := s.extras[slot]; ok && x.step > 0 {
		sum.Step = x.step
	}
	if ring.Known == 0 {
		return sum
	}
	_, sum.Quality = ring.At(ring.Newest)
	if sum.Source = meter.SourceLSTM; !rec.fresh {
		sum.Source = accuracy.NaiveRule(ring.Known, meter.DayCells)
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
	Newest   int64 // Unix second of its newest reading
	Accepted int   // cells that were measured and can no longer change, as far as the first scale needs them
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
		Series: s.ids[0], Unit: s.units[0], Kind: takenFor(rec.kind), Newest: rec.last, Accepted: int(rec.accepted),
		Ready: scale.Ready, Center: scale.Scaler.Center, Scale: scale.Scaler.Scale, Usual: scale.Scaler.Usual,
		Warm: rec.fresh, Hidden: s.hidden,
	}
	for n := ring.First(); ring.Known > 0 && n <= ring.Newest; n++ {
		value, quality := ring.At(n)
		c := Cell{Second: rec.start(n), Value: value, Quality: quality, Said: value}
		if quality == meter.Missing {
			c.Said = 0
		}
		if raw, ok := s.aside.find(0, n); ok {
			c.Said = raw.value
		}
		in.Cells = append(in.Cells, c)
	}
	for i, row := range [][]float32{s.live.row(0), s.settled.row(0)} {
		h, c := s.halves(row)
		in.Norms[2*i], in.Norms[2*i+1] = norm(h), norm(c)
	}
	if x, ok := s.extras[0]; ok {
		in.Waiting = len(x.moments) + len(x.strays) + len(x.held)
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
