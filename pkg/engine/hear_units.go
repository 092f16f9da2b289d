package engine

import (
	"fmt"
	"math"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

// refusal is why a reading is not taken; the zero refusal takes it.
type refusal struct {
	reason meter.Reason
	detail string
}

func refuse(reason meter.Reason, format string, args ...any) refusal {
	return refusal{reason, fmt.Sprintf(format, args...)}
}

// begin holds the first reading of a series against what is set for it. It returns the reading's
// value in the unit of the series, and the unit and the pattern that the series begins with.
func (e *Engine) begin(r *Reading) (value float64, unit string, pattern grid.Pattern, no refusal) {
	if e.full() {
		return 0, "", pattern, refuse(meter.ReasonSeriesLimit, "series %s is new, and its partition holds %d series, its share of --max-series: raise that, or take series away that are gone (loadtide series delete)", r.Series, e.series)
	}
	set := e.settings.of(r.Series)
	value, unit = r.Value, r.Unit
	kind := r.Kind
	if set.Unit != "" {
		if r.Unit != "" {
			conversion, err := meter.Convert(r.Unit, set.Unit)
			if err != nil {
				return 0, "", pattern, refuse(meter.ReasonWrongUnit, "%s", err)
			}
			value = conversion.Apply(value)
		}
		unit = set.Unit
	}
	if set.Kind != meter.KindUnknown {
		if kind != meter.KindUnknown && kind != set.Kind {
			return 0, "", pattern, refuse(meter.ReasonWrongKind, "kind %s: the series is set to be of kind %s; send that kind, or change it with loadtide series set", kind, set.Kind)
		}
		kind = set.Kind
	}
	if kind != meter.KindUnknown && unit != "" && !kind.Fits(unit) {
		return 0, "", pattern, refuse(meter.ReasonWrongUnit, "unit %q is not one of kind %s, which one of them is set for the series: change it with loadtide series set", unit, kind)
	}
	if kind == meter.KindUnknown && unit != "" {
		kind = meter.KindOf(unit)
	}
	return value, unit, grid.Pattern{Kind: kind, Set: set.Interval}, refusal{}
}

// Begin begins a series, which must not be there, on a grid that is known: it is learnt from no
// reading. A caller that has cells instead of readings needs it.
func (e *Engine) Begin(id meter.ID, unit string, g grid.Grid) {
	co := e.cohort(g.Interval)
	slot := co.slabs.add(id, unit)
	e.enter(co, slot)
	kind := meter.KindUnknown
	if unit != "" {
		kind = meter.KindOf(unit)
	}
	co.slabs.record(slot).Pattern = grid.Pattern{
		Grid: g, Set: g.Interval, Kind: kind, Begun: true, Step: g.Interval,
		Heard: math.MinInt64, Last: math.MinInt64,
	}
}

// measure brings a value to the unit of its series and holds its kind against that of the series. It
// returns the kind that the series has with the reading.
func (co *cohort) measure(r *Reading, slot int32) (value float64, kind meter.Kind, no refusal) {
	s := &co.slabs
	rec := s.record(slot)
	unit := s.units[slot]
	value = r.Value
	if r.Unit != "" && unit != "" {
		conversion, err := meter.Convert(r.Unit, unit)
		if err != nil {
			return 0, rec.Kind, refuse(meter.ReasonWrongUnit, "%s", err)
		}
		value = conversion.Apply(value)
	}
	kind = r.Kind
	if kind == meter.KindUnknown && rec.Kind == meter.KindUnknown && r.Unit != "" {
		kind = meter.KindOf(r.Unit)
	}
	if kind == meter.KindUnknown {
		kind = rec.Kind
	}
	if kind != rec.Kind && (rec.Kind != meter.KindUnknown || kind == meter.Register) {
		return 0, rec.Kind, refuse(meter.ReasonWrongKind, "kind %s: the series is of kind %s; send that kind, or use another meter name", kind, takenFor(rec.Kind))
	}
	if unit == "" {
		s.units[slot] = r.Unit
	}
	return value, kind, refusal{}
}

// become gives a series, which was taken for one of power, the kind that a reading says. When that
// makes its cells void, an event tells of it.
func (e *Engine) become(co *cohort, slot int32, kind meter.Kind, t *update, result *Result, index int) {
	st := co.slabs.gridState(slot)
	void := st.Become(kind, &e.outcome)
	co.slabs.keepGrid(slot, st)
	id := co.slabs.ids[slot]
	result.Unscored += co.dropView(id) // its cells were means
	if !void {
		return
	}
	result.Unscored += co.slabs.forget(slot)
	co.apply(t, &e.outcome, result, index)
	result.Events = append(result.Events, Event{
		Message: index, Series: id, Kind: KindChanged,
		Text: fmt.Sprintf("readings are %s, as one says now; before they were taken for power: the series begins again", kind),
	})
}

// takenFor is the kind that a series of unknown kind is taken for.
func takenFor(k meter.Kind) meter.Kind {
	if k == meter.KindUnknown {
		return meter.Power
	}
	return k
}
