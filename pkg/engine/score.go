package engine

import (
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/series"
)

// Score compares the forecasts of one interval with its actual.
type Score struct {
	Message  int // the one that brought the actual
	Series   meter.ID
	Unit     string
	Target   int64 // Unix second at which the interval starts
	Actual   float32
	Revision int  // corrections of the actual since its first score
	Void     bool // a correction took the actual away; the leads are without numbers
	// Usual is the mean absolute value of the series, by which scores of different
	// series are made comparable; 0 when it has none.
	Usual float32
	Leads []LeadScore // ascending
}

// LeadScore compares the forecast of one lead with the actual.
type LeadScore struct {
	accuracy.Held // numbers in the series' unit; Naive is NaN where there is no naive value
	Source        meter.Source
	Version       string // of the model that made it; "" when a rule did
	InForce       bool   // that model is the one in force
}

// mostVersions bounds the versions of models that have a number.
const mostVersions = math.MaxUint16

// sourceCodes lists the sources by their number in accuracy.Maker, from 1 on. Checkpoints hold
// these numbers.
var sourceCodes = [...]meter.Source{
	meter.SourceLSTM,
	meter.SourceSeasonalNaive,
	meter.SourcePersistence,
}

// naiveWaiting is the layout of waiting forecasts while no model serves.
func naiveWaiting() *accuracy.Waiting {
	w, err := accuracy.NewWaiting(naiveLevels, NaiveHorizon)
	if err != nil {
		panic(err) // both are constants
	}
	return w
}

// layOut drops all waiting forecasts and the numbers of their models, and makes room for forecasts
// of another layout.
func (s *slabs) layOut(w *accuracy.Waiting) {
	s.waiting, s.held, s.versions = w, slab[byte]{width: w.Bytes()}, nil
	for slot := range s.ids {
		s.held.add(int32(slot))
	}
}

// serve notes the model that makes forecasts from here on; nil means that rules make them. When no
// number is left for the version of m, all waiting forecasts are dropped and the numbers start
// again at 1.
func (s *slabs) serve(m *model.Model) {
	s.inForce = 0
	if m == nil {
		return
	}
	number, ok := s.number(m.Version)
	if !ok {
		s.layOut(s.waiting)
		number, _ = s.number(m.Version)
	}
	s.inForce = number
}

// number returns the number of a version, from 1 on. ok is false when no number is left.
func (s *slabs) number(version string) (n uint16, ok bool) {
	if i := slices.Index(s.versions, version); i >= 0 {
		return uint16(i + 1), true
	}
	if len(s.versions) == mostVersions {
		return 0, false
	}
	s.versions = append(s.versions, version)
	return uint16(len(s.versions)), true
}

// takeHeld copies the waiting forecasts of a row of other slabs. It drops them when their layout is
// another, or when no number is left for one of their models.
func (s *slabs) takeHeld(slot int32, from *slabs, row int32) {
	if !from.waiting.Fits(s.waiting.Levels(), s.waiting.Horizon()) {
		return
	}
	held, numbered := s.held.row(slot), true
	copy(held, from.held.row(row))
	s.waiting.Renumber(held, func(by accuracy.Maker) accuracy.Maker {
		if by.Model > 0 {
			n, ok := s.number(from.versions[by.Model-1])
			by.Model, numbered = n, numbered && ok
		}
		return by
	})
	if !numbered {
		clear(held)
	}
}

// await keeps a forecast until its actuals arrive. It returns how many older forecasts had to make
// room that were never scored.
func (e *Engine) await(slot int32, f *Forecast) int {
	s := &e.slabs
	by := accuracy.Maker{Source: uint8(slices.Index(sourceCodes[:], f.Source) + 1)}
	if f.Model != nil {
		by.Model = s.inForce
	}
	return s.waiting.Put(s.held.row(slot), s.record(slot).newest, by, f.Quantiles)
}

// score compares the waiting forecasts with the readings of a wave. It looks at the cells of a
// message when the last reading of the message was walked, and at no other cells. So the scores do
// not depend on how the log is cut into batches (I4).
func (e *Engine) score(touched []touch, result *Result) {
	e.work.scored = nil
	for i := range touched {
		t := &touched[i]
		first := int64(math.MaxInt64)
		if t.next && t.counts {
			ring := e.slabs.ring(t.slot)
			first = max(t.from, ring.First())
			for cell := first; cell <= t.to; cell++ {
				e.meet(t, cell, len(touched), result)
			}
		}
		if t.ask < 0 {
			continue
		}
		for _, cell := range e.takeChanged(t.slot) {
			if cell < first {
				e.meet(t, cell, len(touched), result)
			}
		}
	}
}

// takeChanged returns the cells of a series that the current message has changed, ascending, and
// clears the list.
func (e *Engine) takeChanged(slot int32) []int64 {
	cells, ok := e.work.changed[slot]
	if !ok {
		return nil
	}
	delete(e.work.changed, slot)
	slices.Sort(cells)
	return slices.Compact(cells)
}

// meet scores the forecasts of a cell. Only measured, plausible values are scored. If a scored cell
// is later found missing or implausible, its score is voided. others sizes the buffers for the rest
// of the wave.
func (e *Engine) meet(t *touch, cell int64, others int, result *Result) {
	s, w := &e.slabs, &e.work
	ring := s.ring(t.slot)
	if !ring.Has(cell) {
		return
	}
	actual, quality := ring.At(cell)
	void := quality != meter.OK
	naive := func(lead int) float32 {
		if m := cell - int64((lead+meter.DayCells-1)/meter.DayCells*meter.DayCells); ring.Has(m) {
			v, _ := ring.At(m)
			return v
		}
		return float32(math.NaN())
	}
	w.leads = s.waiting.Score(w.leads[:0], s.held.row(t.slot), cell, actual, naive, void)
	if len(w.leads) == 0 {
		return
	}
	score := Score{
		Message: t.message, Series: s.ids[t.slot], Unit: s.units[t.slot],
		Target: s.record(t.slot).start(cell), Actual: actual, Void: void, Usual: e.usual(t.slot, &ring),
	}
	if len(w.leads) > len(w.scored) {
		w.scored = make([]LeadScore, max(others, 1)*s.waiting.Leads())
		result.Scores = slices.Grow(result.Scores, max(others, 1))
	}
	score.Leads, w.scored = w.scored[:len(w.leads):len(w.leads)], w.scored[len(w.leads):]
	for i, h := range w.leads {
		score.Revision = max(score.Revision, h.Revision)
		l := &score.Leads[i]
		*l = LeadScore{Held: h, Source: sourceCodes[h.By.Source-1]}
		if number := h.By.Model; number > 0 {
			l.Version, l.InForce = s.versions[number-1], number == s.inForce
		}
	}
	result.Scores = append(result.Scores, score)
}

// usual returns the mean absolute value of a series: that of its scale, or before the first scale
// that of its ring.
func (e *Engine) usual(slot int32, ring *series.Ring) float32 {
	if scale := e.slabs.scale(slot); scale.Ready {
		return scale.Scaler.Usual
	}
	var sum float64
	for cell := ring.First(); cell <= ring.Newest; cell++ {
		v, _ := ring.At(cell)
		sum += math.Abs(float64(v))
	}
	return float32(sum / float64(ring.Known))
}
