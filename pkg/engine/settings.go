package engine

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/grid"
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
	// Interval holds the series at an interval, in seconds; 0 leaves it to the readings.
	Interval int32
	// Label says which end of their interval readings bear. A register is read at a moment and has none.
	Label meter.Label
	// Limit is what targets should stay below; the zero Quantity is no limit.
	Limit meter.Quantity
	// LimitChance is the chance of passing Limit from which on an event tells; 0 is defaultChance.
	LimitChance float64
}

// The chances that can be set for a limit. Rarer ones are beyond what a few quantiles can say.
const (
	leastLimitChance = 0.001
	mostLimitChance  = 0.999
)

// Check names what cannot be taken, with the remedy.
func (s Setting) Check() error {
	if s.Kind != meter.KindUnknown && s.Unit != "" && !s.Kind.Fits(s.Unit) {
		return fmt.Errorf(
			"unit %q is not one of kind %s: set units of energy (kWh) with energy and register, of "+
				"power (kW) with power",
			s.Unit, s.Kind,
		)
	}
	if s.Interval != 0 && !grid.Native(s.Interval) {
		return fmt.Errorf("interval of %d s: give 5m, 10m, 15m, 20m, 30m or 1h", s.Interval)
	}
	if s.Label != meter.LabelUnknown && s.Kind == meter.Register {
		return fmt.Errorf("label %s with kind register: a register is read at a moment, which is its "+
			"time; leave the label out", s.Label)
	}
	if err := s.checkLimit(); err != nil {
		return err
	}
	_, err := series.NewPlace(s.Zone, s.Country)
	return err
}

func (s Setting) checkLimit() error {
	if (s.Limit != meter.Quantity{}) && !(s.Limit.Value > 0 && s.Limit.Value <= meter.MaxValue) {
		return fmt.Errorf("limit %s: a limit is an upper one, above 0 and at most %.0e; for feed-in "+
			"use a series of its own with positive values", s.Limit, meter.MaxValue)
	}
	if c := s.LimitChance; c != 0 && !(c >= leastLimitChance && c <= mostLimitChance) {
		return fmt.Errorf("limit_chance %v: give a chance from %v to %v",
			c, leastLimitChance, mostLimitChance)
	}
	if s.Limit.Unit == "" || s.Unit == "" {
		return nil
	}
	if _, err := s.Limit.In(s.Unit, time.Hour); err != nil {
		return fmt.Errorf("limit %w", err)
	}
	return nil
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
	for _, pattern := range [...]meter.ID{
		id, {Site: id.Site, Meter: meter.Any}, {Site: meter.Any, Meter: meter.Any},
	} {
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
		s.Interval = cmp.Or(s.Interval, wide.Interval)
		s.Label = cmp.Or(s.Label, wide.Label)
		s.Limit = cmp.Or(s.Limit, wide.Limit)
		s.LimitChance = cmp.Or(s.LimitChance, wide.LimitChance)
	}
	return s
}

// Zone returns the zone that is set for a series, known to this engine or not; "" when none is.
func (e *Engine) Zone(id meter.ID) string { return e.settings.of(id).Zone }

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
			if pattern.Meter == meter.Any && (pattern.Site == meter.Any || pattern.Site == id.Site) &&
				!yield(int32(i), id) {
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
	// Applied counts readings that waited and count now, Unscored forecasts that wait for their
	// actuals no more.
	Applied, Unscored int
	// Events tell of series that begin again, and of those whose limit was passed and that have
	// none or another one now.
	Events []Event
}

// Configure puts a setting in force for a pattern, or takes it away when it says
// nothing. A series that has a unit or a kind keeps it: its cells are measured in
// it, and to have another it has to begin anew (Delete). Where the zone or the
// country changes, hidden states are computed anew, as with another model.
func (e *Engine) Configure(pattern meter.ID, setting Setting) (Configured, error) {
	var done Configured
	var result Result
	if err := setting.Check(); err != nil {
		return done, err
	}
	old, before := e.settings[pattern], maps.Clone(e.settings)
	result.Events = e.limits.change(func() {
		if setting == (Setting{}) {
			delete(e.settings, pattern)
		} else {
			e.settings[pattern] = setting
		}
	})
	moved := old.Zone != setting.Zone || old.Country != setting.Country
	for _, co := range e.cohorts {
		if co == nil {
			continue
		}
		co.forgetPlaces()
		for i, id := range co.slabs.coveredBy(pattern) {
			if moved {
				co.slabs.record(i).fresh = false
			}
			if co.slabs.record(i).viewOf != 0 {
				continue
			}
			keeps := e.adopt(co, i, e.settings.of(id), &result)
			if co.joins != nil && !co.joins.slabs.has(id) {
				co.makeView(i)
			}
			if done.Series++; keeps == "" {
				continue
			}
			if done.Kept++; done.Kept == 1 {
				done.Which = fmt.Sprintf("%s is %s", id, keeps)
			}
		}
	}
	if moved {
		e.seatViews()
	}
	e.holdGrids(pattern, before, &result)
	done.Events, done.Applied, done.Unscored = result.Events, result.Applied, result.Unscored
	return done, nil
}

// adopt gives a series what it does not know of itself, and returns what it has otherwise than the
// setting wants. When the kind makes its cells void, the series begins again, and an event of
// result tells of it. A series of another kind has no view after it.
func (e *Engine) adopt(co *cohort, slot int32, set Setting, result *Result) (keeps string) {
	s := &co.slabs
	terms := meter.Terms{Unit: s.units[slot], Kind: s.record(slot).Kind}
	for _, said := range [...]meter.Terms{
		{Unit: set.Unit, Kind: set.Kind}, {Kind: set.Kind}, {Unit: set.Unit},
	} {
		if _, with, err := terms.Take(0, said); err == nil {
			terms = with
		}
	}
	s.units[slot] = terms.Unit
	if terms.Kind != s.record(slot).Kind {
		e.become(co, slot, terms.Kind, &update{slot: slot}, account{Result: result})
	}
	if set.Unit != "" && terms.Unit != set.Unit {
		return fmt.Sprintf("measured in %q", terms.Unit)
	}
	if set.Kind != meter.KindUnknown && terms.Kind != set.Kind {
		return "of kind " + terms.Kind.TakenFor().String()
	}
	return ""
}

// unlimited is the limit of an engine that takes any number of series.
const unlimited = -1

// Limit is the most series the engine takes from here on, 0 or more. Those that
// are there stay.
func (e *Engine) Limit(n int) { e.limit = n }

// full says that no more series are taken.
func (e *Engine) full() bool { return e.limit != unlimited && e.series >= e.limit }

// where is a zone and a country.
type where struct{ zone, country string }

// forgetPlaces is called where settings or the model are others than before.
func (co *cohort) forgetPlaces() {
	own := false
	for _, set := range co.slabs.settings {
		own = own || set.Zone != "" || set.Country != ""
	}
	for _, n := range co.networks() {
		if n.placed = nil; own {
			n.placed = map[where]series.Layout{}
		}
	}
}

// layoutOf is the layout of a network at the place of a series.
func (co *cohort) layoutOf(n *network, slot int32) series.Layout {
	if n.placed == nil {
		return n.layout
	}
	at := n.placeOf(&co.slabs, co.slabs.ids[slot])
	l, ok := n.placed[at]
	if !ok {
		l = n.layout
		// both were checked when they were set
		if place, err := series.NewPlace(at.zone, at.country); err == nil {
			l = l.At(place)
		}
		n.placed[at] = l
	}
	return l
}

// placeOf is the zone and the country of a series: those that are set for it, else the model's.
func (n *network) placeOf(s *slabs, id meter.ID) where {
	set, spec := s.settings.of(id), n.model.Spec
	return where{cmp.Or(set.Zone, spec.Zone), cmp.Or(set.Country, spec.Country)}
}

// offsetOf is the offset from UTC, in seconds, by which cells of a series are joined.
func (co *cohort) offsetOf(id meter.ID) int64 {
	return series.HourOffset(co.first().placeOf(&co.slabs, id).zone)
}
