package streams

import (
	"strconv"
	"time"
)

// Types of event; the subject is EventSubject of it.
const (
	EventModelPromoted   = "model.promoted"    // a version became champion
	EventModelRolledBack = "model.rolled_back" // the previous champion came back
	EventModelRefused    = "model.refused"     // a version was refused, Text says why

	EventSeriesStale               = "series.stale"                // silent for long; forecasts stop
	EventSeriesIntervalChanged     = "series.interval_changed"     // of its readings
	EventSeriesIntervalUnsupported = "series.interval_unsupported" // too long; forecasts stop
	EventSeriesImplausible         = "series.implausible"          // hours of its values are BAD
	EventSeriesOffGrid             = "series.off_grid"             // readings off the grid are refused
	EventSeriesKindChanged         = "series.kind_changed"         // it is one of energy after all
	EventSeriesIntervalNotOver     = "series.interval_not_over"    // its energy comes too early
	EventSeriesRegisterFalls       = "series.register_falls"       // its readings are refused
	EventSeriesForecastReplaced    = "series.forecast_replaced"    // by that of a rule
	EventSeriesSettings            = "series.settings"             // of one series or of many
	EventSeriesMarked              = "series.marked"               // a period is kept from models
	EventSeriesDeleted             = "series.deleted"              // its state was forgotten
	EventSeriesImported            = "series.imported"             // the partition took in its state
	EventSeriesImportRefused       = "series.import_refused"       // Text says why
	EventDrift                     = "drift"                       // forecasts became worse

	EventLimitPassed  = "limit.passed"  // a target passes the limit of its series, by its chance
	EventLimitCleared = "limit.cleared" // no target does any more
	EventLimitRefused = "limit.refused" // the limit cannot be compared with the forecasts

	EventTrainingStarted  = "training.started"  // a cycle began, or began again after a kill
	EventTrainingProgress = "training.progress" // every tenth of the iterations
	EventTrainingFinished = "training.finished" // a version was registered; Text is the gate's verdict
	EventTrainingFailed   = "training.failed"   // nothing registered, or not promoted; Text says why
)

// SeriesEvents returns the types of events about series.
func SeriesEvents() []string {
	return []string{
		EventSeriesStale, EventSeriesIntervalChanged, EventSeriesIntervalUnsupported,
		EventSeriesImplausible, EventSeriesOffGrid, EventSeriesKindChanged, EventSeriesIntervalNotOver,
		EventSeriesRegisterFalls, EventSeriesForecastReplaced, EventSeriesSettings, EventSeriesMarked,
		EventSeriesDeleted, EventSeriesImported, EventSeriesImportRefused,
	}
}

// LimitEvents returns the types of events about limits. Their subject is that of LimitSubject.
func LimitEvents() []string {
	return []string{EventLimitPassed, EventLimitCleared, EventLimitRefused}
}

// Event describes something that happened to a model, a series or a training, for a person or a
// program.
type Event struct {
	Type     string    `json:"type"`
	Time     time.Time `json:"time"`               // to the millisecond
	Series   string    `json:"series,omitempty"`   // <site>.<meter>; empty for many or none
	Model    *Model    `json:"model,omitempty"`    // nil for none
	Training *Training `json:"training,omitempty"` // of an event of a training cycle
	Limit    *Limit    `json:"limit,omitempty"`    // of an event that a forecast led to
	Mark     *Mark     `json:"mark,omitempty"`     // of an event about a mark
	Text     string    `json:"text"`               // one line for a person
}

// AppendJSON appends the message.
func (e *Event) AppendJSON(dst []byte) []byte {
	own := *e
	own.Time = toMillis(e.Time)
	if e.Limit != nil {
		limit := *e.Limit
		limit.Value, limit.Chance = fiveDigits(limit.Value), fiveDigits(limit.Chance)
		own.Limit = &limit
	}
	return appendMessage(dst, &own)
}

// Limit is what a forecast says about the limit of its series.
type Limit struct {
	Limit       string    `json:"limit"`              // as it is set, such as 40kW
	LimitChance float64   `json:"limit_chance"`       // that is set
	Value       float64   `json:"value"`              // of the limit, in Unit
	Unit        string    `json:"unit"`               // of the forecast
	Target      time.Time `json:"target"`             // start of the interval that is likeliest
	Lead        int       `json:"lead"`               // of the target
	Chance      float64   `json:"chance"`             // that the target lies above the limit
	Origin      time.Time `json:"origin"`             // of the forecast
	Interval    Interval  `json:"interval,omitempty"` // of its leads
}

// Mark is what a mark came to in one partition.
type Mark struct {
	MarkControl
	Intervals int `json:"intervals"` // measured ones that are kept from the models now
	Returned  int `json:"returned"`  // that were kept and are not any more
}

// fiveDigits rounds to 5 significant digits.
func fiveDigits(v float64) float64 {
	short, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 4, 64), 64) // reads its own form
	return short
}

// DecodeEvent reads what AppendJSON writes, also with a type that this release does not know. The
// error is an *InvalidError.
func DecodeEvent(data []byte) (Event, error) {
	var e Event
	if err := decodePlain(data, &e, noSchema); err != nil {
		return Event{}, err
	}
	if e.Type == "" {
		return Event{}, fieldError("type", "", "must name the kind of event, e.g. "+EventModelPromoted)
	}
	e.Time = e.Time.UTC()
	return e, nil
}
