package engine

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/series"
)

// naiveLevels are the quantile levels while no model says others.
var naiveLevels = model.DefaultLevels()

// Reading is one value of a series, in the order of its log.
type Reading struct {
	Series meter.ID
	Second int64 // Unix second at which its interval starts
	Value  float64
	// Unit and Kind are empty and KindUnknown when the sender gives none.
	Unit    string
	Kind    meter.Kind
	Quality meter.Quality
	History bool // builds state, asks for no forecast
	// Message is the number of the message that holds the reading; messages ascend.
	Message int
	// Interval is the length in seconds that the sender gives, 0 when the sender gives none.
	Interval int32
	// Received is the time of the log in Unix seconds, 0 where there is no log. It decides whether
	// the series is up to date, and nothing else.
	Received int64
}

// Rejection is a reading that the engine refuses.
type Rejection struct {
	Reading int // index into the batch
	Reason  meter.Reason
	Detail  string // names the field, the value and the remedy
	// Held is the refused reading when an earlier reading is refused, one that waited for others to
	// agree. It is nil when the reading of the batch is refused itself.
	Held *Held
}

// Held is a reading that waited for others to agree.
type Held struct {
	Second  int64
	Value   float64 // in the unit of its series
	Quality meter.Quality
}

// Event is something about a series that is no forecast.
type Event struct {
	Message int // the one that led to it
	Series  meter.ID
	Kind    EventKind
	Text    string   // a line for a person
	Limit   *Passing // of an event about a limit that a forecast led to
	Mark    *Marked  // of an event about a mark
}

// EventKind is the type of an event; the words are those on the wire.
type EventKind string

// The kinds so far.
const (
	// SeriesStale: the series is silent for SilentCells, and it is not forecast until a reading comes.
	SeriesStale     EventKind = "series.stale"
	IntervalChanged EventKind = "series.interval_changed" // its readings come at another interval
	// KindChanged: a reading says that the series is one of energy, and it was taken for one of power:
	// it begins again, or its cells are joined anew.
	KindChanged EventKind = "series.kind_changed"
	// OffGrid: readings off the grid of the series are refused, at most one event an hour.
	OffGrid EventKind = "series.off_grid"
	// RegisterFalls: a register has only fallen for a day. Its readings are refused, at most one event
	// an hour.
	RegisterFalls EventKind = "series.register_falls"
	// IntervalNotOver: energy of intervals that are not over yet by the log's clock comes again and
	// again; what they come to cannot be known.
	IntervalNotOver EventKind = "series.interval_not_over"
	// ForecastReplaced: the network's forecast is not finite or beyond what readings may be, and the
	// forecast of a simple rule goes out instead.
	ForecastReplaced EventKind = "series.forecast_replaced"
	// Implausible: three hours of its values within a day cannot be true, or values of a new series
	// beside the later ones. They are BAD.
	Implausible EventKind = "series.implausible"
	// IntervalUnsupported: its readings come less often than once an hour, and it is not forecast.
	IntervalUnsupported EventKind = "series.interval_unsupported"
)

// Forecast is what a series is expected to do after its newest interval.
type Forecast struct {
	Message  int // the message whose newest origin this is
	Series   meter.ID
	Unit     string
	Origin   int64 // Unix second, the end of the newest interval
	Interval int64 // seconds from one lead to the next
	Revision int   // forecasts of this origin before this one
	Source   meter.Source
	Quality  meter.Quality
	Model    *model.Model // nil when a rule serves
	// why the network's forecast was not taken; "" when it was, or there was none
	Replaced  meter.Reason
	Horizon   int
	Levels    []float64
	Quantiles []float32 // [Horizon][len(Levels)], ascending in a lead
}

// Result is what a batch came to. Its slices belong to the caller.
type Result struct {
	Forecasts  []Forecast
	Rejections []Rejection
	Series     int // that the batch spoke of
	Applied    int // readings that changed a state
	// Late counts those of Applied that came later than a reading may come to count as if it had come
	// in order.
	Late      int
	Repeated  int // readings that said again what is known
	Held      int // readings that wait for others to agree; later they are applied or rejected
	Events    []Event
	Scores    []Score
	Unscored  int          // forecasts of a lead whose actual did not come while they were held
	Registers meter.Counts // what was decided about registers that did not count on
}

// Engine holds the state of a partition's series, a cohort for each interval, from the finest on.
// It is not safe for concurrent use: one goroutine owns it.
type Engine struct {
	cohorts  [6]*cohort // nil where no series and no model is of the interval
	series   int        // that have a state
	born     uint32     // of the next new series
	order    []meter.ID // of the series, by their first readings; nil until it is asked for
	settings settings
	marks    *meter.Marks
	notes    map[meter.ID]note
	limits   *limits
	limit    int // most series, or unlimited
	foreseen func(meter.ID) series.Ahead

	rounds   rounds
	outcome  grid.Outcome
	gridPast past // of the series that is heard
}

// New is an engine without series and without a model.
func New() *Engine {
	set := settings{}
	return &Engine{
		settings: set, marks: &meter.Marks{}, notes: map[meter.ID]note{}, limits: newLimits(set), limit: unlimited,
	}
}

// intervals are those of the cohorts, in seconds.
var intervals = func() (all [6]int32) {
	for i, d := range meter.Intervals() {
		all[i] = int32(d / time.Second)
	}
	return all
}()

// cohort is the one of an interval; it is made when there is none.
func (e *Engine) cohort(interval int32) *cohort {
	i := slices.Index(intervals[:], interval)
	if e.cohorts[i] == nil {
		e.cohorts[i] = newCohort(interval, e.limits, e.marks)
		e.cohorts[i].foreseen = e.foreseen
		e.seatViews()
	}
	return e.cohorts[i]
}

// find returns the row of a series in the cohort of its interval.
func (e *Engine) find(id meter.ID) (co *cohort, slot int32, ok bool) {
	for _, co := range e.cohorts {
		if co == nil {
			continue
		}
		if slot, ok := co.slabs.index[id]; ok && co.slabs.record(slot).viewOf == 0 {
			return co, slot, true
		}
	}
	return nil, -1, false
}

// Foresee tells the engine where it finds what is known ahead of a series. Call
// it before SetModel: a model that reads covariates is refused by an engine that
// was not told.
func (e *Engine) Foresee(ahead func(meter.ID) series.Ahead) {
	e.foreseen = ahead
	for _, co := range e.cohorts {
		if co != nil {
			co.foreseen = ahead
		}
	}
}

// ErrCovariates says that a model needs what an engine does not know.
var ErrCovariates = errors.New("reads covariates")

// SetModel changes over to m, for good, for the series of its interval: from here on a series'
// hidden state is what m computes from zero over the last cells of its ring, done at its next
// reading (I6). A model whose features this release cannot make is refused and the one in force
// stays.
//
// A model of version model.BaseVersion is the base model of its interval, every other one its
// champion. The champion serves series of a week of readings. The base model serves them from a day
// on until then, and while there is no champion the older ones, too. It forecasts as many leads as
// the champion, or a day; a base model of other levels than the champion, or of fewer leads, serves
// no series.
func (e *Engine) SetModel(m *model.Model) error {
	interval := int32(m.Spec.Step() / time.Second)
	if !grid.Native(interval) {
		return fmt.Errorf(
			"model %s forecasts intervals of %s: series are forecast at 5, 10, 15, 20, 30 minutes or 1 h",
			m.Title(), m.Spec.Interval,
		)
	}
	co := e.cohort(interval)
	n, err := co.newNetwork(m)
	if err != nil {
		return err
	}
	use := func() error { return co.use(n) }
	if m.Version == model.BaseVersion {
		use = func() error { return co.useBase(m) }
	}
	if err := use(); err != nil {
		return err
	}
	e.seatViews()
	return nil
}

// SetLeads says how many leads series have that no champion serves: without it a day of them. Call it
// before the first reading and the first model.
func (e *Engine) SetLeads(interval int32, leads int) error {
	co := e.cohort(interval)
	waiting, err := accuracy.NewWaiting(naiveLevels, leads, co.len.Day/24)
	if err != nil {
		return err
	}
	co.alone = leads
	co.slabs.layOut(waiting)
	return nil
}

// Model is the champion of an interval in seconds, nil before the first.
func (e *Engine) Model(interval int32) *model.Model {
	if co := e.at(interval); co != nil && co.champion != nil {
		return co.champion.model
	}
	return nil
}

// Base is the base model for an interval in seconds, nil where there is none.
func (e *Engine) Base(interval int32) *model.Model {
	if co := e.at(interval); co != nil {
		return co.baseModel
	}
	return nil
}

// at is the cohort of an interval, nil when there is none.
func (e *Engine) at(interval int32) *cohort {
	if i := slices.Index(intervals[:], interval); i >= 0 {
		return e.cohorts[i]
	}
	return nil
}

// Models are those in force, from the finest interval on: the champion of each, and its base model.
func (e *Engine) Models() []*model.Model {
	var all []*model.Model
	for _, co := range e.cohorts {
		if co != nil && co.champion != nil {
			all = append(all, co.champion.model)
		}
		if co != nil && co.baseModel != nil {
			all = append(all, co.baseModel)
		}
	}
	return all
}

// ModelOf is the model that serves a series now, nil when a simple rule does.
func (e *Engine) ModelOf(id meter.ID) *model.Model {
	co, slot, ok := e.find(id)
	if !ok {
		return nil
	}
	by, row := co.server(slot)
	if n := by.by(row); n != nil {
		return n.whole
	}
	return nil
}

// Series is the number of series with a state.
func (e *Engine) Series() int { return e.series }
