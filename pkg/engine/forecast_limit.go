package engine

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/meter"
)

const (
	// defaultChance is the chance of a limit for which none is set: the 90 % quantile passes it.
	defaultChance = 0.1
	// clearShare is the share of the chance below which a passed limit is cleared. Between the two
	// the state stays, so that forecasts about as likely as the chance lead to one event.
	clearShare = 0.5
)

// The kinds of event about limits.
const (
	LimitPassed  EventKind = "limit.passed"  // the chance of a target reached that of the limit
	LimitCleared EventKind = "limit.cleared" // all fell below half of it, or forecasts or limit ended
	LimitRefused EventKind = "limit.refused" // the limit cannot be compared with the forecasts
)

// Passing is what a forecast says about the limit of its series.
type Passing struct {
	Limit       meter.Quantity // as it is set
	LimitChance float64        // that is set
	Value       float64        // the limit in the unit of the forecast
	Unit        string
	Origin      int64   // Unix second, of the forecast
	Interval    int64   // seconds from one lead to the next
	Lead        int     // whose target is the likeliest to pass the limit, the first of equals
	Target      int64   // Unix second at which the interval of the lead starts
	Chance      float64 // that the target lies above the limit
}

// limitState is how a series stands to its limit. A series within its limit has none.
type limitState byte

const (
	limitPassed  limitState = 1
	limitRefused limitState = 2
)

// limits are how series stand to the limits that are set for them. All cohorts share them.
type limits struct {
	settings settings // of the engine
	active   bool     // a setting has a limit
	states   map[meter.ID]limitState
}

func newLimits(set settings) *limits {
	return &limits{settings: set, states: map[meter.ID]limitState{}}
}

// refresh notes whether a setting has a limit: without one, forecasts are not looked at.
func (l *limits) refresh() {
	l.active = false
	for _, set := range l.settings {
		l.active = l.active || set.Limit != meter.Quantity{}
	}
}

// compare holds a forecast against the limit of its series. An event tells when the state of the
// series changes: it is passed from the chance that is set on, and cleared below half of it.
func (l *limits) compare(f *Forecast, result *Result) {
	if !l.active {
		return
	}
	set := l.settings.of(f.Series)
	if set.Limit == (meter.Quantity{}) {
		return
	}
	event := Event{Message: f.Message, Series: f.Series}
	value, err := set.Limit.In(f.Unit, time.Duration(f.Interval)*time.Second)
	if err != nil {
		l.refuse(event, err, result)
		return
	}
	p := Passing{
		Limit: set.Limit, LimitChance: cmp.Or(set.LimitChance, defaultChance),
		Value: value, Unit: f.Unit, Origin: f.Origin, Interval: f.Interval,
	}
	p.likeliest(f)
	state := l.states[f.Series]
	switch {
	case state != limitPassed && p.Chance >= p.LimitChance:
		l.states[f.Series] = limitPassed
		event.Kind = LimitPassed
	case state == limitPassed && p.Chance < clearShare*p.LimitChance:
		delete(l.states, f.Series)
		event.Kind = LimitCleared
	default:
		if state == limitRefused {
			delete(l.states, f.Series)
		}
		return
	}
	event.Limit, event.Text = &p, p.text(event.Kind)
	result.Events = append(result.Events, event)
}

// likeliest finds the lead whose target is the likeliest to pass the limit.
func (p *Passing) likeliest(f *Forecast) {
	n := len(f.Levels)
	for k := range f.Horizon {
		chance := accuracy.Above(f.Levels, f.Quantiles[k*n:(k+1)*n], p.Value)
		if chance > p.Chance {
			p.Chance, p.Lead, p.Target = chance, k+1, f.Origin+int64(k)*f.Interval
		}
	}
}

// text is a line for a person.
func (p *Passing) text(kind EventKind) string {
	target := time.Unix(p.Target, 0).UTC().Format(time.RFC3339)
	if kind == LimitPassed {
		return fmt.Sprintf("the limit of %s is passed with a chance of %.4g in the interval from %s on; "+
			"the chance that is set is %v", p.Limit, p.Chance, target, p.LimitChance)
	}
	return fmt.Sprintf("the limit of %s is no longer passed: the greatest chance is %.4g, in the "+
		"interval from %s on; the chance that is set is %v", p.Limit, p.Chance, target, p.LimitChance)
}

// refuse tells once that a limit cannot be compared. One that was passed is cleared.
func (l *limits) refuse(event Event, err error, result *Result) {
	if l.states[event.Series] == limitRefused {
		return
	}
	l.clear(event.Series, event.Message, "it cannot be compared any more", &result.Events)
	l.states[event.Series] = limitRefused
	event.Kind, event.Text = LimitRefused, "the limit is refused: "+err.Error()
	result.Events = append(result.Events, event)
}

// clear ends the state of a series without a forecast. Where its limit is passed, an event tells
// why it is not any more.
func (l *limits) clear(id meter.ID, message int, why string, events *[]Event) {
	if l.states[id] == limitPassed {
		*events = append(*events, Event{
			Message: message, Series: id, Kind: LimitCleared, Text: "the limit is no longer passed: " + why,
		})
	}
	delete(l.states, id)
}

// change changes the settings, by set. The states of series that have another limit or chance then
// end, in the order of their names: the next forecast is compared with the new one.
func (l *limits) change(set func()) (events []Event) {
	ids, before := l.sorted(), []Setting{}
	for _, id := range ids {
		before = append(before, l.settings.of(id))
	}
	set()
	l.refresh()
	for i, id := range ids {
		now := l.settings.of(id)
		switch {
		case now.Limit == before[i].Limit && now.LimitChance == before[i].LimitChance:
		case now.Limit == meter.Quantity{}:
			l.clear(id, 0, "none is set any more", &events)
		default:
			l.clear(id, 0, "another one is set", &events)
		}
	}
	return events
}

// sorted are the series that have a state, in the order of their names: a map has none.
func (l *limits) sorted() []meter.ID {
	ids := make([]meter.ID, 0, len(l.states))
	for id := range l.states {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, compareIDs)
	return ids
}

// passed is the number of series whose limit is passed.
func (l *limits) passed() int {
	n := 0
	for _, state := range l.states {
		if state == limitPassed {
			n++
		}
	}
	return n
}
