package engine

import (
	"cmp"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Step applies a batch of readings and returns what follows from it. There is one forecast for each
// message that changed its series and is not history, at the newest origin after the message.
// Forecasts come in the order of their messages.
func (e *Engine) Step(readings []Reading) Result {
	var result Result
	w := &e.work.waves
	clear(e.work.changed)
	w.cut(readings)
	result.Series = len(w.wave)
	for w.next() {
		touched := e.observe(
			readings,
			w.wave,
			&result,
		) // order, grid: which cells are new or another
		e.advance(
			touched,
		) // flags, gaps, ring, scale, one LSTM step each
		e.score(touched, &result)    // forecasts that meet their actual
		e.forecast(touched, &result) // head, quantiles
	}
	e.settleDown()
	slices.SortStableFunc(
		result.Forecasts,
		func(a, b Forecast) int { return cmp.Compare(a.Message, b.Message) },
	)
	slices.SortStableFunc(
		result.Scores,
		func(a, b Score) int { return cmp.Compare(a.Message, b.Message) },
	)
	slices.SortStableFunc(
		result.Events,
		func(a, b Event) int { return cmp.Compare(a.Message, b.Message) },
	)
	return result
}

// touch is a reading that changes its series, or asks for a forecast.
type touch struct {
	slot    int32
	next    bool  // its series has new cells
	from    int64 // the first new one that something was said about
	to      int64
	raw          // what was said about one of them
	also    raw  // and about another, where a reading was held
	changed bool // an open cell is another
	counts  bool // it is not history: forecasts are held against it
	message int
	ask     int // the message that wants a forecast, or -1
}

// said is a reading's statement about a cell; the zero value is no statement.
type said struct {
	value   float32
	quality meter.Quality
}

// raw is a statement and the cell that it is about.
type raw struct {
	cell int64
	said
}

// observe decides on the readings of one wave and returns those that change their series. When the
// last reading of a message is refused and an earlier one was applied, the message still gets its
// forecast: observe returns a touch without a cell for it.
func (e *Engine) observe(readings []Reading, wave []int32, result *Result) []touch {
	s := &e.slabs
	touched := e.work.touched[:0]
	for _, i := range wave {
		r := &readings[i]
		t := touch{slot: -1, counts: !r.History, message: r.Message, ask: -1}
		if slot, ok := s.index[r.Series]; ok {
			t.slot = slot
		}
		told, before := len(result.Events), len(e.work.changed[t.slot])
		v := e.judge(r, &t, result, int(i))
		for k := range result.Events[told:] {
			result.Events[told+k].Message = r.Message
		}
		switch v.status {
		case applied:
			result.Applied++
			if t.next || t.changed {
				e.work.waves.owed[e.work.waves.group[i]] = !r.History
			}
			e.heardFrom(t.slot, r)
		case kept:
			result.Held++
		case repeated:
			result.Repeated++
		case rejected:
			result.Rejections = append(
				result.Rejections,
				Rejection{Reading: int(i), Reason: v.reason, Detail: v.detail},
			)
		}
		if r.History && t.changed {
			e.work.changed[t.slot] = e.work.changed[t.slot][:before] // nothing is scored by it
		}
		if e.work.waves.lastOfMessage(i) && e.work.waves.owed[e.work.waves.group[i]] &&
			(t.next || s.record(t.slot).known > 0) {
			t.ask = r.Message
		}
		if t.ask >= 0 || v.status == applied {
			touched = append(touched, t)
		}
		if t.ask < 0 && e.work.waves.lastOfMessage(i) {
			e.takeChanged(t.slot) // mended by history, or refused in the end
		}
	}
	e.work.touched = touched
	return touched
}

// soil notes that an open cell of a series differs from what the states have seen.
func (e *Engine) soil(slot int32, cell int64) {
	if e.work.changed == nil {
		e.work.changed = map[int32][]int64{}
	}
	e.work.changed[slot] = append(e.work.changed[slot], cell)
	if r := e.slabs.record(slot); !r.dirty {
		r.dirty = true
		e.work.dirty = append(e.work.dirty, slot)
	}
}

// advance walks the series of a wave that have a new cell, and those with a changed cell that ask
// for a forecast. Other changed series wait for the end of the batch, so that a burst of late
// readings is walked once.
func (e *Engine) advance(touched []touch) {
	w := &e.work
	w.jobs = w.jobs[:0]
	for i := range touched {
		t := &touched[i]
		rec := e.slabs.record(t.slot)
		switch {
		case t.next:
			w.jobs = append(
				w.jobs,
				job{
					slot:    t.slot,
					from:    t.from,
					to:      t.to,
					reading: t.raw,
					also:    t.also,
					joins:   e.slabs.gathered(t.slot),
				},
			)
		case rec.dirty && (t.ask >= 0 || !e.slabs.scale(t.slot).Ready):
			w.jobs = append(w.jobs, job{slot: t.slot, from: rec.newest, to: rec.newest})
		}
	}
	e.walk(w.jobs)
}

// settleDown walks the series that still have a changed cell at the end of a batch. So the state
// between batches does not depend on how they were cut (I4).
func (e *Engine) settleDown() {
	w := &e.work
	w.jobs = w.jobs[:0]
	slices.Sort(w.dirty)
	for _, slot := range slices.Compact(w.dirty) {
		if rec := e.slabs.record(slot); rec.dirty {
			w.jobs = append(w.jobs, job{slot: slot, from: rec.newest, to: rec.newest})
		}
	}
	w.dirty = w.dirty[:0]
	e.walk(w.jobs)
}
