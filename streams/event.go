package streams

import "time"

// Types of event; the subject is EventSubject of it.
const (
	EventModelPromoted   = "model.promoted"    // a version became champion
	EventModelRolledBack = "model.rolled_back" // the previous champion came back
	EventModelRefused    = "model.refused"     // a version was not taken, Text says why

	EventSeriesStale            = "series.stale"             // silent for long: no more forecasts until it is heard again
	EventSeriesIntervalChanged  = "series.interval_changed"  // its readings come at another interval
	EventSeriesForecastReplaced = "series.forecast_replaced" // the network's was no number or out of range: a rule's went out
	EventSeriesSettings         = "series.settings"          // what is set for it, or for many, is another
	EventSeriesDeleted          = "series.deleted"           // its state was forgotten
	EventSeriesImported         = "series.imported"          // its state was put in from elsewhere
	EventSeriesImportRefused    = "series.import_refused"    // it was not, Text says why
	EventDrift                  = "drift"                    // forecasts have become worse; a trainer starts a cycle

	EventTrainingStarted  = "training.started"  // a cycle began, or began again after a kill
	EventTrainingProgress = "training.progress" // every tenth of the iterations
	EventTrainingFinished = "training.finished" // a version was registered; Text is the gate's verdict
	EventTrainingFailed   = "training.failed"   // nothing was registered, or it could not be promoted; Text says why
)

// Event tells a person or a program that something happened which is no forecast.
type Event struct {
	Type     string    `json:"type"`
	Time     time.Time `json:"time"`               // to the millisecond
	Series   string    `json:"series,omitempty"`   // <site>.<meter>, empty when it concerns no single one
	Model    *Model    `json:"model,omitempty"`    // nil when it concerns none
	Training *Training `json:"training,omitempty"` // of an event of a training cycle
	Text     string    `json:"text"`               // one line for a person
}

// AppendJSON appends the message.
func (e *Event) AppendJSON(dst []byte) []byte {
	own := *e
	own.Time = toMillis(e.Time)
	return appendMessage(dst, &own)
}

// DecodeEvent reads what AppendJSON writes. The error is an *InvalidError; a type that this release does not know is
// taken as it is.
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
