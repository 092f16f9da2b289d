package engine

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// Setting is what an operator says about the series of a pattern. An empty field
// says nothing.
type Setting struct {
	Unit    string     // readings without one have it, others are converted to it
	Kind    meter.Kind // of readings that say none
	Zone    string     // IANA, in place of the model's
	Country string     // of the holidays, in place of the model's
}

// Check names what cannot be taken, with the remedy.
func (s Setting) Check() error {
	if s.Kind != meter.KindUnknown && s.Unit != "" && !s.Kind.Fits(s.Unit) {
		return fmt.Errorf("unit %q is not one of kind %s: set units of energy (kWh) with energy and register, of power (kW) with power", s.Unit, s.Kind)
	}
	_, err := series.NewPlace(s.Zone, s.Country)
	return err
}

// settings are those in force, by pattern.
type settings map[meter.ID]Setting

// of merges what is said about a series: its own word comes before that about its
// site, and that before the one about all. What a wider one says and does not go
// with a narrower one's is left out.
func (all settings) of(id meter.ID) Setting {
	var s Setting
	if len(all) == 0 {
		return s
	}
	for _, pattern := range [...]meter.ID{id, {Site: id.Site, Meter: meter.Any}, {Site: meter.Any, Meter: meter.Any}} {
		wide, ok := all[pattern]
		if !ok {
			continue
		}
		if s.Unit == "" && s.Kind.Fits(wide.Unit) {
			s.Unit = wide.Unit
		}
		if s.Kind == meter.KindUnknown && (s.Unit == "" || wide.Kind.Fits(s.Unit)) {
			s.Kind = wide.Kind
		}
		s.Zone, s.Country = cmp.Or(s.Zone, wide.Zone), cmp.Or(s.Country, wide.Country)
	}
	return s
}

// sorted are the patterns in an order of their own: a map has none.
func (all settings) sorted() []meter.ID {
	ids := make([]meter.ID, 0, len(all))
	for id := range all {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, compareIDs)
	return ids
}

func compareIDs(a, b meter.ID) int {
	return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.Meter, b.Meter))
}

// coveredBy goes over the rows that a pattern covers.
func (s *slabs) coveredBy(pattern meter.ID) iter.Seq2[int32, meter.ID] {
	return func(yield func(int32, meter.ID) bool) {
		if slot, ok := s.index[pattern]; ok {
			yield(slot, pattern)
			return
		}
		for i, id := range s.ids {
			if pattern.Meter == meter.Any && (pattern.Site == meter.Any || pattern.Site == id.Site) && !yield(int32(i), id) {
				return
			}
		}
	}
}

// Configured says what a setting came to.
type Configured struct {
	Series int    // that have a state and are covered by the pattern
	Kept   int    // of them, those that keep another unit or kind: their ring is made of it
	Which  string // one of those, with what it keeps
}

// Configure puts a setting in force for a pattern, or takes it away when it says
// nothing. A series that has a unit or a kind keeps it: its cells are measured in
// it, and to have another it has to begin anew (Delete). Where the zone or the
// country changes, hidden states are computed anew, as with another model.
func (e *Engine) Configure(pattern meter.ID, setting Setting) (Configured, error) {
	var done Configured
	if err := setting.Check(); err != nil {
		return done, err
	}
	s := &e.slabs
	old := s.settings[pattern]
	if setting == (Setting{}) {
		delete(s.settings, pattern)
	} else {
		s.settings[pattern] = setting
	}
	e.forgetPlaces()
	moved := old.Zone != setting.Zone || old.Country != setting.Country
	for i, id := range s.coveredBy(pattern) {
		done.Series++
		if moved {
			s.record(i).fresh = false
		}
		if keeps := s.adopt(i, s.settings.of(id)); keeps != "" {
			if done.Kept++; done.Kept == 1 {
				done.Which = fmt.Sprintf("%s is %s", id, keeps)
			}
		}
	}
	return done, nil
}

// adopt gives a series what it does not know of itself, and says what it has
// otherwise than the setting wants.
func (s *slabs) adopt(slot int32, set Setting) (keeps string) {
	rec, unit := s.record(slot), s.units[slot]
	if set.Kind != meter.KindUnknown && rec.kind == meter.KindUnknown && set.Kind != meter.Register && set.Kind.Fits(unit) {
		rec.kind = set.Kind
	}
	if set.Unit != "" && unit == "" && rec.kind.Fits(set.Unit) {
		s.units[slot] = set.Unit
	}
	if set.Unit != "" && s.units[slot] != set.Unit {
		return fmt.Sprintf("measured in %q", s.units[slot])
	}
	if set.Kind != meter.KindUnknown && rec.kind != set.Kind {
		return "of kind " + takenFor(rec.kind).String()
	}
	return ""
}

// unlimited is the limit of an engine that takes any number of series.
const unlimited = -1

// Limit is the most series the engine takes from here on, 0 or more. Those that
// are there stay.
func (e *Engine) Limit(n int) { e.slabs.limit = n }

// full says that no more series are taken.
func (s *slabs) full() bool { return s.limit != unlimited && len(s.ids) >= s.limit }

// begin holds the first reading of a series against what is set for it, brings m
// to the unit, and makes the series' row.
func (e *Engine) begin(r *Reading, m *moment) (int32, verdict) {
	s := &e.slabs
	if s.full() {
		return -1, refuse(meter.ReasonSeriesLimit, "series %s is new, and its partition holds %d series, its share of --max-series: raise that, or take series away that are gone (loadtide series delete)", r.Series, len(s.ids))
	}
	set := s.settings.of(r.Series)
	first := *r
	if set.Unit != "" {
		if r.Unit != "" {
			conversion, err := meter.Convert(r.Unit, set.Unit)
			if err != nil {
				return -1, refuse(meter.ReasonWrongUnit, "%s", err)
			}
			m.value = conversion.Apply(m.value)
		}
		first.Unit = set.Unit
	}
	if set.Kind != meter.KindUnknown {
		if r.Kind != meter.KindUnknown && r.Kind != set.Kind {
			return -1, refuse(meter.ReasonWrongKind, "kind %s: the series is set to be of kind %s; send that kind, or change it with loadtide series set", r.Kind, set.Kind)
		}
		first.Kind = set.Kind
	}
	if first.Kind != meter.KindUnknown && first.Unit != "" && !first.Kind.Fits(first.Unit) {
		return -1, refuse(meter.ReasonWrongUnit, "unit %q is not one of kind %s, which one of them is set for the series: change it with loadtide series set", first.Unit, first.Kind)
	}
	return e.open(&first), verdict{}
}

// where is a zone and a country.
type where struct{ zone, country string }

// forgetPlaces is called where settings or the model are others than before.
func (e *Engine) forgetPlaces() {
	e.placed = nil
	for _, set := range e.slabs.settings {
		if set.Zone != "" || set.Country != "" {
			e.placed = map[where]series.Layout{}
			return
		}
	}
}

// layoutOf is the layout at the place of a series.
func (e *Engine) layoutOf(slot int32) series.Layout {
	if e.placed == nil {
		return e.layout
	}
	set := e.slabs.settings.of(e.slabs.ids[slot])
	at := where{cmp.Or(set.Zone, e.model.Spec.Zone), cmp.Or(set.Country, e.model.Spec.Country)}
	l, ok := e.placed[at]
	if !ok {
		l = e.layout
		if place, err := series.NewPlace(at.zone, at.country); err == nil { // both were checked when they were set
			l = l.At(place)
		}
		e.placed[at] = l
	}
	return l
}
