package engine

import (
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// Score is how the forecasts of one interval did, now that its actual is known.
type Score struct {
	Message  int // the one that brought the actual
	Series   meter.ID
	Unit     string
	Target   int64 // Unix second at which the interval starts
	Interval int64 // seconds of the interval
	Actual   float32
	Revision int  // corrections of the actual since its first score
	Void     bool // a correction took the actual away; the leads are without numbers
	// Usual is the mean absolute value of the series, by which scores of different
	// series are made comparable; 0 when it has none.
	Usual float32
	Leads []LeadScore // ascending
}

// LeadScore is how the forecast of one lead did.
type LeadScore struct {
	accuracy.Held // numbers in the series' unit; Naive is NaN where there is no naive value
	Source        meter.Source
	Version       string // of the model that made it; "" when a rule did
	InForce       bool   // that model is the one in force
}

// mostVersions is how many versions of models can be numbered.
const mostVersions = math.MaxUint16

// sourceCodes are the sources by their number in the maker of a forecast, from 1 on. Checkpoints
// hold these numbers.
var sourceCodes = [...]meter.Source{
	meter.SourceLSTM,
	meter.SourceSeasonalNaive,
	meter.SourcePersistence,
}

// naiveWaiting lays out the forecasts of rules while no model says otherwise.
func naiveWaiting(l *series.Lengths) *accuracy.Waiting {
	w, err := accuracy.NewWaiting(naiveLevels, NaiveHours*l.Day/24, l.Day/24)
	if err != nil {
		panic(err) // both are constants
	}
	return w
}

// layOut drops all forecasts that wait, and the numbers of their models, and makes room for those
// of a layout.
func (s *slabs) layOut(w *accuracy.Waiting) {
	s.waiting, s.held, s.versions = w, slab[byte]{width: w.Bytes()}, nil
	for slot := range s.ids {
		s.held.add(int32(slot))
	}
}

// number is that of a version, from 1 on; ok is false when none is left.
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

// takeHeld takes over the forecasts that wait for the actuals of another's series. They are dropped
// when their layout is another, or no number is left for their models.
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

// await keeps a forecast until its actuals come, and returns how many older ones
// made room that were never scored.
func (co *cohort) await(slot int32, f *Forecast) int {
	s := &co.slabs
	by := accuracy.Maker{Source: uint8(slices.Index(sourceCodes[:], f.Source) + 1)}
	if f.Model != nil {
		by.Model = co.by(slot).number
	}
	return s.waiting.Put(s.held.row(slot), s.record(slot).newest, by, f.Quantiles)
}

// score holds the forecasts that wait against what the readings of a round came
// to. It looks at the cells that its message spoke of alone, when the last of them
// was walked: so the same message scores the same, however the log was cut into
// batches (I4).
func (co *cohort) score(touched []update, result *Result) {
	co.work.scored = nil
	for i := range touched {
		t := &touched[i]
		if t.next && t.counts {
			ring := co.slabs.ring(t.slot)
			for cell := max(t.from, ring.First()); cell <= t.to; cell++ {
				co.meet(t, cell, len(touched), result)
			}
		}
		if t.ask < 0 {
			continue
		}
		for _, cell := range co.takeChanged(t.slot) {
			co.meet(t, cell, len(touched), result)
		}
	}
}

// takeChanged takes the known cells of a series that the message in hand has
// changed, ascending.
func (co *cohort) takeChanged(slot int32) []int64 {
	cells, ok := co.work.changed[slot]
	if !ok {
		return nil
	}
	delete(co.work.changed, slot)
	slices.Sort(cells)
	return slices.Compact(cells)
}

// meet scores the forecasts of a cell. Only what was measured, and can be true,
// counts; a cell that was scored and is neither any more is taken back. The round has about as many
// scores as it has updates: memory for so many is made at once.
func (co *cohort) meet(t *update, cell int64, updates int, result *Result) {
	s, w := &co.slabs, &co.work
	ring := s.ring(t.slot)
	gone := cell < s.record(t.slot).since // the first cell of a view that begins later now
	if !gone && !ring.Has(cell) {
		return
	}
	actual, quality := ring.At(cell)
	void := gone || quality != meter.OK
	naive := func(lead int) float32 {
		if m := cell - int64((lead+co.len.Day-1)/co.len.Day*co.len.Day); ring.Has(m) {
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
		Target: s.record(t.slot).Start(cell), Interval: co.len.Interval,
		Actual: actual, Void: void, Usual: co.usual(t.slot, &ring),
	}
	if len(w.leads) > len(w.scored) {
		w.scored = make([]LeadScore, updates*s.waiting.Leads())
		result.Scores = slices.Grow(result.Scores, updates)
	}
	score.Leads, w.scored = w.scored[:len(w.leads):len(w.leads)], w.scored[len(w.leads):]
	for i, h := range w.leads {
		score.Revision = max(score.Revision, h.Revision)
		l := &score.Leads[i]
		*l = LeadScore{Held: h, Source: sourceCodes[h.By.Source-1]}
		if number := h.By.Model; number > 0 {
			n := co.by(t.slot)
			l.Version, l.InForce = s.versions[number-1], n != nil && number == n.number
		}
	}
	result.Scores = append(result.Scores, score)
}

// usual is the mean absolute value of a series, before its first scale that of
// what is known.
func (co *cohort) usual(slot int32, ring *series.Ring) float32 {
	if scale := co.slabs.scale(slot); scale.Ready {
		return scale.Scaler.Usual
	}
	var sum float64
	for cell := ring.First(); cell <= ring.Newest; cell++ {
		v, _ := ring.At(cell)
		sum += math.Abs(float64(v))
	}
	return float32(sum / float64(ring.Known))
}
