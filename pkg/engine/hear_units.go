package engine

import (
	"cmp"
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
	value, unit = r.Value, cmp.Or(set.Unit, r.Unit)
	kind := r.Kind
	if set.Unit != "" {
		var err error
		if value, _, err = (meter.Terms{Unit: set.Unit}).Take(r.Value, meter.Terms{Unit: r.Unit}); err != nil {
			return 0, "", pattern, refuse(meter.ReasonOf(err), "%s", err)
		}
	}
	if set.Kind != meter.KindUnknown {
		if kind != meter.KindUnknown && kind != set.Kind {
			return 0, "", pattern, refuse(meter.ReasonWrongKind, "kind %s: the series is set to be of kind %s; send that kind, or change it with loadtide series set", kind, set.Kind)
		}
		kind = set.Kind
	}
	terms, err := meter.Terms{Unit: unit, Kind: kind}.Begin()
	if err != nil {
		return 0, "", pattern, refuse(meter.ReasonOf(err), "%s", err)
	}
	return value, unit, grid.Pattern{Kind: terms.Kind, Set: set.Interval}, refusal{}
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
	terms := meter.Terms{Unit: s.units[slot], Kind: s.record(slot).Kind}
	value, terms, err := terms.Take(r.Value, meter.Terms{Unit: r.Unit, Kind: r.Kind})
	if err != nil {
		return 0, terms.Kind, refuse(meter.ReasonOf(err), "%s", err)
	}
	s.units[slot] = terms.Unit
	return value, terms.Kind, refusal{}
}

// become gives a series, which was taken for one of power, the kind that a reading says. When that
// makes its cells void, or the hours that are joined of them, an event tells of it.
func (e *Engine) become(co *cohort, slot int32, kind meter.Kind, t *update, to account) {
	st, id := co.slabs.gridState(slot), co.slabs.ids[slot]
	void := st.Become(kind, &e.outcome) || kind == meter.Energy && e.notes[id].means
	co.slabs.keepGrid(slot, st)
	to.Unscored += co.dropView(id) // its cells were means
	if !void && kind == meter.Energy && st.Interval < meter.HourSeconds {
		to.tell(id, KindChanged, "readings are energy, as one says now; before they were taken for "+
			"power: intervals as they come stay, hours are the sums of them now and no more their means")
	}
	if !void {
		return
	}
	n := e.notes[id]
	n.means = false
	e.keepNote(id, n)
	to.Unscored += co.slabs.forget(slot)
	co.apply(t, &e.outcome, to)
	to.tell(id, KindChanged, fmt.Sprintf("readings are %s, as one says now; before they were taken for "+
		"power: the series begins again", kind))
}
