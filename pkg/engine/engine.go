package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/series"
)

const (
	// GapCells is the longest hole that is filled with the network's own lead-1
	// median; after a longer one the hidden state is computed anew.
	GapCells = 6
	// WarmUpCells is how much of the ring a hidden state is computed anew from.
	// The hidden state remembers about a day beside the ring (24 cells give the
	// same scores to four digits), so four days are more than enough.
	WarmUpCells = 96
	// NaiveHorizon is the horizon while no model says another, in cells.
	NaiveHorizon = 24
)

// naiveLevels are the quantile levels while no model says others.
var naiveLevels = model.DefaultLevels()

// Reading is one value of a series, in the order of its log.
type Reading struct {
	Series  meter.ID
	Second  int64 // Unix second at which its interval starts
	Value   float64
	Unit    string     // "" when not said
	Kind    meter.Kind // unknown when not said
	Quality meter.Quality
	History bool // builds state, asks for no forecast
	Message int  // the message it came in; messages ascend
	// Interval is the seconds that its sender says it is of, 0 when not said.
	Interval int32
	// Received is the log's time, in Unix seconds; 0 where there is no log. It says
	// whether the series is up to date, and nothing else.
	Received int64
}

// Rejection is a reading that was not taken.
type Rejection struct {
	Reading int // index into the batch
	Reason  meter.Reason
	Detail  string // names the field, the value and the remedy
	// Held is set when it is not this reading that was refused but one that waited
	// for others to agree.
	Held *Held
}

// Held is a reading that waited.
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
	Text    string // a line for a person
}

// EventKind is the type of an event; the words are those on the wire.
type EventKind string

// The kinds so far.
const (
	SeriesStale     EventKind = "series.stale"            // silent for SilentCells: it is not forecast until it is heard again
	IntervalChanged EventKind = "series.interval_changed" // its readings come at another interval
	// ForecastReplaced: the network's forecast is not finite or beyond what readings may be, and the
	// forecast of a simple rule goes out instead.
	ForecastReplaced EventKind = "series.forecast_replaced"
)

// Forecast is what a series is expected to do after its newest interval.
type Forecast struct {
	Message   int // the message whose newest origin this is
	Series    meter.ID
	Unit      string
	Origin    int64 // Unix second, the end of the newest interval
	Revision  int   // forecasts of this origin before this one
	Source    meter.Source
	Quality   meter.Quality
	Model     *model.Model // nil when a rule serves
	Replaced  meter.Reason // why the network's forecast was not taken; "" when it was, or there was none
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
	Repeated   int // readings that said again what is known
	Held       int // readings that wait for others to agree; later they are applied or rejected
	Events     []Event
	Scores     []Score
	Unscored   int          // forecasts of a lead whose actual did not come while they were held
	Registers  meter.Counts // what was decided about registers that did not count on
}

// Engine holds the state of a partition's series. It is not safe for concurrent
// use: one goroutine owns it.
type Engine struct {
	slabs    slabs
	model    *model.Model
	layout   series.Layout
	placed   map[where]series.Layout // of series with a place of their own; nil when none has
	median   int                     // index of the level 0.5
	foreseen func(meter.ID) series.Ahead
	work     scratch
}

// New is an engine without series and without a model.
func New() *Engine {
	return &Engine{slabs: newSlabs(naiveWaiting())}
}

// Foresee tells the engine where it finds what is known ahead of a series. Call
// it before SetModel: a model that reads covariates is refused by an engine that
// was not told.
func (e *Engine) Foresee(ahead func(meter.ID) series.Ahead) { e.foreseen = ahead }

// ErrCovariates says that a model needs what an engine does not know.
var ErrCovariates = errors.New("reads covariates")

// SetModel changes over to m, for good: from here on a series' hidden state is
// what m computes from zero over the last cells of its ring, done at its next
// reading (I6). A model whose features this release cannot make is refused and
// the one in force stays.
func (e *Engine) SetModel(m *model.Model) error {
	if len(m.Spec.Covariates) > 0 && e.foreseen == nil {
		return fmt.Errorf("model %s %w (%s), which are not known here: serve one that was trained without --covariates", nameOf(m), ErrCovariates, strings.Join(m.Spec.CovariateNames(), ", "))
	}
	layout, err := series.LayoutOf(m.Spec.Inputs, m.Spec.LeadFeatures, m.Spec.CurrentFeatures, covariatesOf(m.Spec)...)
	if err != nil {
		return fmt.Errorf("model %s: %w", nameOf(m), err)
	}
	if step := m.Spec.Step(); step != meter.IntervalSeconds*time.Second {
		return fmt.Errorf("model %s forecasts intervals of %s, this release series of 1 h: train it on hourly readings", nameOf(m), m.Spec.Interval)
	}
	place, err := series.NewPlace(m.Spec.Zone, m.Spec.Country)
	if err != nil {
		return fmt.Errorf("model %s: %w", nameOf(m), err)
	}
	median := slices.Index(m.Spec.Levels, 0.5)
	if median < 0 {
		return fmt.Errorf("model %s: levels %v have no 0.5, which fills gaps; train it with one", nameOf(m), m.Spec.Levels)
	}
	waiting, err := accuracy.NewWaiting(m.Spec.Levels, m.Spec.Horizon)
	if err != nil {
		return fmt.Errorf("model %s: %w", nameOf(m), err)
	}
	shape := m.Spec.Shape()
	e.model, e.layout, e.median = m, layout.At(place), median
	e.forgetPlaces()
	e.slabs.useHidden(shape.Hidden)
	if !e.slabs.waiting.Fits(m.Spec.Levels, m.Spec.Horizon) {
		e.slabs.layOut(waiting) // those of other levels or leads are not scored
	}
	e.slabs.serve(m)
	e.slabs.bend(curveOf(m.Spec))
	e.work.shape(shape)
	return nil
}

// nameOf is what a person knows a model by.
func nameOf(m *model.Model) string {
	if m.Version == "" {
		return m.Spec.Name
	}
	return m.Spec.Name + " v" + m.Version
}

func covariatesOf(s model.Spec) []series.Covariate {
	all := make([]series.Covariate, len(s.Covariates))
	for i, c := range s.Covariates {
		all[i] = series.Covariate(c)
	}
	return all
}

func curveOf(s model.Spec) series.Curve {
	if s.Scale == model.ScaleAsinh {
		return series.Asinh
	}
	return series.Plain
}

// Model is the one in force, nil before the first.
func (e *Engine) Model() *model.Model { return e.model }

// Series is the number of series with a state.
func (e *Engine) Series() int { return len(e.slabs.ids) }

// levels are the quantile levels and horizon in force.
func (e *Engine) levels() ([]float64, int) {
	if e.model == nil {
		return naiveLevels, NaiveHorizon
	}
	return e.model.Spec.Levels, e.model.Spec.Horizon
}

// scratch is the memory a wave works in; it grows to the largest wave seen.
type scratch struct {
	shapeOf  nn.Shape
	ws       *nn.Workspace
	h, c, x  []float32
	current  []float32
	lead     []float32
	out      []float32
	window   []float32
	past     []float32
	naive    []float32
	waves    waves
	touched  []touch
	jobs     []job
	dirty    []int32
	changed  map[int32][]int64 // by series: the known cells that the message in hand has changed
	leads    []accuracy.Held
	scored   []LeadScore // for the scores of a wave; they belong to the caller
	asking   []int32
	reads    []meter.Read
	cells    []meter.Cell
	counts   meter.Counts
	stepping []place
	warming  []place

	warmSteps []place
	registers meter.Registers
}

func (s *scratch) shape(shape nn.Shape) {
	s.shapeOf = shape
	s.ws = nn.NewWorkspace(shape, 1)
}

// room makes every buffer large enough for a batch of n series.
func (s *scratch) room(n int) {
	sh := s.shapeOf
	s.h = slices.Grow(s.h[:0], n*sh.Hidden)[:n*sh.Hidden]
	s.c = slices.Grow(s.c[:0], n*sh.Hidden)[:n*sh.Hidden]
	s.x = slices.Grow(s.x[:0], n*sh.Inputs)[:n*sh.Inputs]
	s.current = slices.Grow(s.current[:0], n*sh.Current)[:n*sh.Current]
	s.lead = slices.Grow(s.lead[:0], n*sh.Horizon*sh.LeadFeatures)[:n*sh.Horizon*sh.LeadFeatures]
	s.out = slices.Grow(s.out[:0], n*sh.Outputs())[:n*sh.Outputs()]
}
