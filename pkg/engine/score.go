package engine

import (
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/series"
)

// Score is how the forecasts of one interval did, now that its actual is known.
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

// LeadScore is how the forecast of one lead did.
type LeadScore struct {
	accuracy.Held // numbers in the series' unit; Naive is NaN where there is no naive value
	Source        meter.Source
	Version       string // of the model that made it; "" when a rule did
	InForce       bool   // that model is the one in force
}

// makers are the versions of models whose forecasts wait, by number from 1 on;
// number 0 is a rule.
type makers struct {
	versions []string
	last     int // the number given last
	inForce  int // 0 while no model serves
}

const (
	// mostMakers is how many versions of models can have forecasts waiting.
	mostMakers = 31
	makerBits  = 5
)

// sourceCodes are the sources by their number in who made a forecast, from 1 on. Checkpoints hold
// these numbers.
var sourceCodes = [...]meter.Source{meter.SourceLSTM, meter.SourceSeasonalNaive, meter.SourcePersistence}

// naiveWaiting lays out the forecasts of rules while no model says otherwise.
func naiveWaiting() *accuracy.Waiting {
	w, err := accuracy.NewWaiting(naiveLevels, NaiveHorizon)
	if err != nil {
		panic(err) // both are constants
	}
	return w
}

// packMaker is who made a forecast in a byte: the source's number, and that of the
// model or 0. It is never 0.
func packMaker(source meter.Source, number int) uint8 {
	return uint8((slices.Index(sourceCodes[:], source)+1)<<makerBits | number)
}

// unpackMaker takes it apart; code counts the sources from 1 on.
func unpackMaker(who uint8) (code, number int) {
	return int(who >> makerBits), int(who & (1<<makerBits - 1))
}

// layOut drops all forecasts that wait and makes room for those of a layout.
func (s *slabs) layOut(w *accuracy.Waiting) {
	s.waiting, s.held, s.makers = w, slab[byte]{width: w.Bytes()}, makers{}
	for slot := range s.ids {
		s.held.add(int32(slot))
	}
}

// serve notes which model makes forecasts from here on.
func (s *slabs) serve(m *model.Model) {
	if s.makers.inForce = 0; m != nil {
		s.makers.inForce = s.maker(m.Version)
	}
}

// maker is the number of a version. When all are given away the oldest one's is
// given anew, and what that made is dropped.
func (s *slabs) maker(version string) int {
	m := &s.makers
	if i := slices.Index(m.versions, version); i >= 0 {
		return i + 1
	}
	if len(m.versions) < mostMakers {
		m.versions = append(m.versions, version)
		m.last = len(m.versions)
		return m.last
	}
	if m.last++; m.last > mostMakers {
		m.last = 1
	}
	if m.last == m.inForce {
		m.last = m.last%mostMakers + 1
	}
	m.versions[m.last-1] = version
	for slot := range s.ids {
		s.waiting.Made(s.held.row(int32(slot)), func(who uint8) uint8 {
			if _, number := unpackMaker(who); number == m.last {
				return 0
			}
			return who
		})
	}
	return m.last
}

// takeHeld takes over the forecasts that wait for the actuals of another's series.
func (s *slabs) takeHeld(slot int32, from *slabs, row int32) {
	if !from.waiting.Fits(s.waiting.Levels(), s.waiting.Horizon()) {
		return
	}
	copy(s.held.row(slot), from.held.row(row))
	s.waiting.Made(s.held.row(slot), func(who uint8) uint8 {
		code, number := unpackMaker(who)
		if number > 0 {
			number = s.maker(from.makers.versions[number-1])
		}
		return packMaker(sourceCodes[code-1], number)
	})
}

// await keeps a forecast until its actuals come, and returns how many older ones
// made room that were never scored.
func (e *Engine) await(slot int32, f *Forecast) int {
	s := &e.slabs
	number := 0
	if f.Model != nil {
		number = s.makers.inForce
	}
	return s.waiting.Put(s.held.row(slot), s.record(slot).newest, packMaker(f.Source, number), f.Quantiles)
}

// score holds the forecasts that wait against what the readings of a wave came
// to. It looks at the cells that its message spoke of alone, when the last of them
// was walked: so the same message scores the same, however the log was cut into
// batches (I4).
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

// takeChanged takes the known cells of a series that the message in hand has
// changed, ascending.
func (e *Engine) takeChanged(slot int32) []int64 {
	cells, ok := e.work.changed[slot]
	if !ok {
		return nil
	}
	delete(e.work.changed, slot)
	slices.Sort(cells)
	return slices.Compact(cells)
}

// meet scores the forecasts of a cell. Only what was measured, and can be true,
// counts; a cell that was scored and is neither any more is taken back. So many
// others are expected in the same wave.
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
		Message: t.message, Series: s.ids[t.slot], Unit: s.units[t.slot], Target: s.record(t.slot).start(cell),
		Actual: actual, Void: void, Usual: e.usual(t.slot, &ring),
	}
	if len(w.leads) > len(w.scored) {
		w.scored = make([]LeadScore, max(others, 1)*s.waiting.Leads())
		result.Scores = slices.Grow(result.Scores, max(others, 1))
	}
	score.Leads, w.scored = w.scored[:len(w.leads):len(w.leads)], w.scored[len(w.leads):]
	for i, h := range w.leads {
		score.Revision = max(score.Revision, h.Revision)
		code, number := unpackMaker(h.Who)
		l := &score.Leads[i]
		*l = LeadScore{Held: h, Source: sourceCodes[code-1], InForce: number > 0 && number == s.makers.inForce}
		if number > 0 {
			l.Version = s.makers.versions[number-1]
		}
	}
	result.Scores = append(result.Scores, score)
}

// usual is the mean absolute value of a series, before its first scale that of
// what is known.
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
