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
	Type   string
	Time   time.Time // to the millisecond
	Series string    // <site>.<meter>, empty when it concerns no single one
	Model  *Model    // nil when it concerns none
	// Training is the cycle that it tells of, nil in other events.
	Training *Training
	Text     string // one line for a person
}

// AppendJSON appends the message; an empty Series, a nil Model and a nil Training are left out.
func (e *Event) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"schema":1,"type":`...)
	dst = appendString(dst, e.Type)
	dst = append(dst, `,"time":`...)
	dst = appendMillis(dst, e.Time)
	if e.Series != "" {
		dst = append(dst, `,"series":`...)
		dst = appendString(dst, e.Series)
	}
	if e.Model != nil {
		dst = append(dst, `,"model":`...)
		dst = appendModel(dst, e.Model)
	}
	if e.Training != nil {
		dst = appendTraining(dst, e.Training)
	}
	dst = append(dst, `,"text":`...)
	dst = appendString(dst, e.Text)
	return append(dst, '}')
}

// DecodeEvent reads what AppendJSON writes. The error is an *InvalidError; a type that this release does not know is
// taken as it is.
func DecodeEvent(data []byte) (Event, error) {
	var j struct {
		Schema   int       `json:"schema"`
		Type     string    `json:"type"`
		Time     time.Time `json:"time"`
		Series   string    `json:"series"`
		Model    *Model    `json:"model"`
		Training *Training `json:"training"`
		Text     string    `json:"text"`
	}
	if err := decodeMessage(data, maxPayload, &j, &j.Schema); err != nil {
		return Event{}, err
	}
	if j.Type == "" {
		return Event{}, fieldError("type", "", "must name the kind of event, e.g. "+EventModelPromoted)
	}
	return Event{Type: j.Type, Time: j.Time.UTC(), Series: j.Series, Model: j.Model, Training: j.Training, Text: j.Text}, nil
}
