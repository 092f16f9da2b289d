package engine

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// verdict is the decision on a reading.
type verdict struct {
	status status
	reason meter.Reason
	detail string
}

type status uint8

const (
	applied status = iota
	kept           // waits for another one to agree
	repeated
	rejected
)

func refuse(reason meter.Reason, format string, args ...any) verdict {
	return verdict{rejected, reason, fmt.Sprintf(format, args...)}
}

const nothingToStandIn = "there is nothing to stand in for it; send good readings first"

// judge decides on a reading. A late reading is written to its cell; t is filled for a reading with
// new cells. Decisions on other readings that were held are added to result under index, that of
// this reading.
func (e *Engine) judge(r *Reading, t *touch, result *Result, index int) verdict {
	s := &e.slabs
	m := moment{r.Second, r.Value, r.Quality}
	if !m.quality.Accepted() {
		m.value, m.quality = 0, meter.Bad
	}
	if r.Interval != 0 && (r.Interval < meter.LeastIntervalSeconds ||
		meter.IntervalSeconds%r.Interval != 0) {
		return refuse(
			meter.ReasonIntervalUnsupported,
			"interval of %d s: an interval is 5 minutes to an hour and divides the hour",
			r.Interval,
		)
	}
	if t.slot < 0 {
		if m.quality == meter.Bad {
			return refuse(
				meter.ReasonBadQuality,
				"quality %q on the first reading of a series: %s",
				r.Quality,
				nothingToStandIn,
			)
		}
		if r.Interval != 0 && r.Interval != meter.IntervalSeconds &&
			r.Second%int64(r.Interval) != 0 {
			return refuse(
				meter.ReasonIntervalUnsupported,
				"ts is not the start of an interval of %d s: give the start, in UTC",
				r.Interval,
			)
		}
		slot, v := e.begin(r, &m)
		if v.status == rejected {
			return v
		}
		t.slot = slot
	} else if v := e.measure(r, t.slot, &m); v.status == rejected {
		return v
	}
	rec := s.record(t.slot)
	if rec.kind == meter.Register {
		return e.register(m, t, result, index)
	}
	if r.Interval != 0 {
		e.declare(t.slot, r.Interval, m, result, index)
	}
	if x, ok := s.extras[t.slot]; ok && x.step > 0 {
		return e.finer(m, t, result, index)
	}
	return e.hourly(m, t, result, index)
}

// open adds the row of a new series.
func (e *Engine) open(r *Reading) int32 {
	kind := r.Kind
	if kind == meter.KindUnknown && r.Unit != "" {
		kind = meter.KindOf(r.Unit)
	}
	phase := int32(0) // registers are cut by the hour; so are finer readings, see declare
	if kind != meter.Register {
		phase = int32(r.Second % meter.IntervalSeconds)
	}
	slot := e.slabs.add(r.Series, r.Unit, phase)
	e.slabs.record(slot).kind = kind
	return slot
}

// measure converts a value to the unit of its series and compares its kind with the series'.
func (e *Engine) measure(r *Reading, slot int32, m *moment) verdict {
	s := &e.slabs
	rec := s.record(slot)
	unit := s.units[slot]
	if r.Unit != "" && unit != "" {
		conversion, err := meter.Convert(r.Unit, unit)
		if err != nil {
			return refuse(meter.ReasonWrongUnit, "%s", err)
		}
		m.value = conversion.Apply(m.value)
	}
	kind := r.Kind
	if kind == meter.KindUnknown && rec.kind == meter.KindUnknown && r.Unit != "" {
		kind = meter.KindOf(r.Unit)
	}
	if kind != meter.KindUnknown && kind != rec.kind {
		if rec.kind != meter.KindUnknown || kind == meter.Register {
			return refuse(
				meter.ReasonWrongKind,
				"kind %s: the series is of kind %s; send that kind, or use another meter name",
				kind,
				takenFor(rec.kind),
			)
		}
		rec.kind = kind
	}
	if unit == "" {
		s.units[slot] = r.Unit
	}
	return verdict{}
}

// takenFor returns the kind that counts for a series: power when its kind is unknown.
func takenFor(k meter.Kind) meter.Kind {
	if k == meter.KindUnknown {
		return meter.Power
	}
	return k
}

// hourly decides on a reading of a series with one reading for each cell.
func (e *Engine) hourly(m moment, t *touch, result *Result, index int) verdict {
	rec := e.slabs.record(t.slot)
	if off := (m.second - int64(rec.phase)) % meter.IntervalSeconds; off != 0 {
		return e.stray(m, t, off, meter.IntervalSeconds, result, index)
	}
	cell := rec.hour(m.second)
	word := said{float32(m.value), m.quality}
	if rec.known > 0 && cell <= rec.newest {
		v := e.late(t.slot, cell, word)
		t.changed = v.status == applied
		return v
	}
	held, v := e.ahead(m, t.slot, cell, result, index)
	if v.status != applied {
		return v
	}
	t.next, t.from, t.to, t.raw = true, cell, cell, raw{cell, word}
	if held != nil {
		other := rec.hour(held.second)
		t.also = raw{other, said{float32(held.value), held.quality}}
		t.from, t.to = min(cell, other), max(cell, other)
		result.Applied++
	}
	rec.heard = t.to
	e.giveUpStrays(t.slot, m.second, result, index)
	return v
}

// late decides on a reading for a cell of the ring, or for one before it.
func (e *Engine) late(slot int32, cell int64, word said) verdict {
	s := &e.slabs
	rec, ring := s.record(slot), s.ring(slot)
	// A series whose ring is not full has forgotten nothing.
	bad, remembered := !word.quality.Accepted(), ring.Known < series.RingCells
	if ring.Has(cell) {
		if was := s.said(slot, cell); was.quality.Accepted() != bad &&
			was.quality != meter.Missing &&
			(bad || was.value == word.value) {
			return verdict{status: repeated}
		}
		_, q := ring.At(cell)
		remembered = q != meter.Bad // of a cell that was filled, the reading is forgotten
	}
	if v := tooOld(rec, cell, remembered); v.status == rejected {
		return v
	}
	if bad && cell <= ring.First() {
		return refuse(
			meter.ReasonBadQuality,
			"quality %q on the first reading of a series: %s",
			word.quality,
			nothingToStandIn,
		)
	}
	e.extend(slot, cell)
	ring.Set(cell, word.value, word.quality)
	s.aside.drop(slot, cell)
	rec.heard = max(rec.heard, cell)
	e.soil(slot, cell)
	return verdict{}
}

// extend extends the ring of a young series backwards to a cell.
func (e *Engine) extend(slot int32, cell int64) {
	rec, ring := e.slabs.record(slot), e.slabs.ring(slot)
	for n := cell; n < ring.First(); n++ {
		ring.Set(n, 0, meter.Missing)
	}
	rec.known = max(rec.known, int32(rec.newest-cell+1))
}

// forgotNone reports whether the series still has all single readings of its cells. The readings of
// cells that can no longer change are dropped.
func (r *record) forgotNone() bool { return r.known <= meter.LatenessCells }

// tooOld refuses a reading that is more than LatenessCells behind the newest cell of its series.
// remembered says that the series knows what was read of the cell, and that this reading differs.
// Otherwise the reading may repeat an applied one, or be new.
func tooOld(rec *record, cell int64, remembered bool) verdict {
	behind := rec.newest - cell
	switch {
	case behind <= meter.LatenessCells:
		return verdict{}
	case remembered:
		return refuse(
			meter.ReasonTooLate,
			"ts is %d intervals before the series' newest one and says something new: "+
				"readings and corrections are taken up to %d intervals late",
			behind,
			meter.LatenessCells,
		)
	}
	return refuse(
		meter.ReasonBehindHistory,
		"ts is %d intervals before the series' newest one, older than what the series remembers: "+
			"the reading may repeat one that was taken; history is taken before newer readings only",
		behind,
	)
}

// ahead holds a reading that is far ahead of its series until a second reading agrees, so that one
// wrong clock does not close the window for right ones. It returns a held reading when this one
// agrees with it or comes near it.
func (e *Engine) ahead(
	m moment,
	slot int32,
	cell int64,
	result *Result,
	index int,
) (*moment, verdict) {
	rec, x := e.slabs.record(slot), e.slabs.extras[slot]
	far := (rec.known > 0 || rec.last > 0) && cell-rec.heard > meter.LatenessCells
	var held *moment
	if x != nil && len(x.held) > 0 {
		held = &x.held[0]
	}
	if !far {
		if held == nil || rec.hour(held.second)-cell > meter.LatenessCells {
			return nil, verdict{}
		}
	} else {
		if m.quality == meter.Bad {
			return nil, refuse(meter.ReasonBadQuality, "quality %q after %d silent intervals: %s",
				m.quality, cell-rec.heard-1, nothingToStandIn)
		}
		if held != nil && held.second == m.second && held.value == m.value {
			return nil, verdict{status: repeated}
		}
		if held == nil || held.second == m.second ||
			distance(cell, rec.hour(held.second)) > meter.LatenessCells {
			if held != nil {
				detail := fmt.Sprintf(
					"was %d intervals ahead of its series and no second reading agreed: "+
						"set the meter's clock, ts is the start of the interval in UTC",
					rec.hour(held.second)-rec.heard)
				e.giveUp(*held, meter.ReasonUnconfirmed, detail, result, index)
			}
			e.slabs.extras.of(slot).held = []moment{m}
			return nil, verdict{status: kept}
		}
	}
	agreed := *held
	x.held = nil
	e.slabs.extras.tidy(slot)
	if first := min(cell, rec.hour(agreed.second)); first-rec.heard > series.RingCells {
		e.slabs.forget(slot) // the ring has nothing in common with them
	}
	return &agreed, verdict{}
}

func distance(a, b int64) int64 { return max(a-b, b-a) }

// giveUp refuses a reading that was held.
func (e *Engine) giveUp(m moment, reason meter.Reason, detail string, result *Result, index int) {
	result.Rejections = append(result.Rejections, Rejection{
		Reading: index, Reason: reason, Detail: detail,
		Held: &Held{Second: m.second, Value: m.value, Quality: m.quality},
	})
}

// heardFrom notes whether a series is up to date with the clock of its log, because ticks look for
// silence in such series only. A series is up to date from a reading that arrives within its next
// interval, until it is stale or a reading arrives days late.
func (e *Engine) heardFrom(slot int32, r *Reading) {
	if rec := e.slabs.record(slot); r.Second >= rec.last {
		rec.last, rec.stale = r.Second, false
		switch lag := r.Received - r.Second; {
		case r.Received == 0 || lag > (SilentCells+1)*meter.IntervalSeconds:
			rec.live = false
		case lag < 2*meter.IntervalSeconds && !r.History:
			rec.live = true
		}
	}
}
