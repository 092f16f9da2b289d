package streams

import (
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// SeriesQuery asks the owner of a partition on query.<p>.series or query.<p>.state.
type SeriesQuery struct {
	Series string `json:"series,omitempty"` // the one; all when empty
	From   int    `json:"from,omitempty"`   // the place to go on from: SeriesPage.Next of the answer before
}

// PositionQuery asks for the position and the checkpoint of a partition. The page is empty where
// no series has this name.
func PositionQuery() SeriesQuery { return SeriesQuery{Series: "_._"} }

// SeriesSummary is how a series stands.
type SeriesSummary struct {
	Series    string       `json:"series"`
	Newest    time.Time    `json:"newest"`   // ts of its newest reading
	Origin    time.Time    `json:"origin"`   // end of its newest interval
	Interval  Interval     `json:"interval"` // of its readings
	Unit      string       `json:"unit"`
	Kind      string       `json:"kind"`
	Source    meter.Source `json:"source"`    // who forecasts it
	Quality   string       `json:"quality"`   // of its newest interval
	Revisions int          `json:"revisions"` // of the forecast of that origin
	Live      bool         `json:"live"`      // up to date with the log: its silence is noticed
}

// SeriesPage is the answer to a SeriesQuery.
type SeriesPage struct {
	Schema    int    `json:"schema"`
	Partition int    `json:"partition"`
	Position  uint64 `json:"position"` // the last message of the log that is in the state
	// Checkpoint is the same of the newest checkpoint: from there on the log is read again after a crash.
	Checkpoint uint64          `json:"checkpoint"`
	Series     []SeriesSummary `json:"series"`
	Next       int             `json:"next"`            // where the next page begins, 0 at the end
	State      *StateControl   `json:"state,omitempty"` // on query.<p>.state, without one when the series is not known
	Error      string          `json:"error,omitempty"`
}

// Interval is a duration that JSON shows as readings do, such as 15m or 1h.
type Interval time.Duration

// MarshalText writes it.
func (i Interval) MarshalText() ([]byte, error) { return appendInterval(nil, time.Duration(i)), nil }

// UnmarshalText reads it.
func (i *Interval) UnmarshalText(text []byte) error {
	d, ok := parseInterval(string(text))
	if !ok {
		return fieldError("interval", string(text), "must be as 15m or 1h")
	}
	*i = Interval(d)
	return nil
}

// AppendJSON appends the message.
func (q *SeriesQuery) AppendJSON(dst []byte) []byte { return appendAny(dst, q) }

// AppendJSON appends the message.
func (p *SeriesPage) AppendJSON(dst []byte) []byte { return appendAny(dst, p) }

// maxPage bounds an answer, in bytes: below what a server takes as one message.
const maxPage = 1 << 20

// DecodeSeriesQuery reads what AppendJSON writes. The error is an *InvalidError.
func DecodeSeriesQuery(data []byte) (SeriesQuery, error) {
	var q SeriesQuery
	schema := Schema
	if err := decodeMessage(data, maxPayload, &q, &schema); err != nil {
		return SeriesQuery{}, err
	}
	if q.Series != "" {
		if _, ok := meter.ParseID(q.Series); !ok {
			return SeriesQuery{}, fieldError("series", q.Series, remedySeries)
		}
	}
	if q.From < 0 {
		return SeriesQuery{}, fieldError("from", "below 0", "must be the `next` of the page before, or left out")
	}
	return q, nil
}

// DecodeSeriesPage reads what AppendJSON writes. The error is an *InvalidError.
func DecodeSeriesPage(data []byte) (SeriesPage, error) {
	var p SeriesPage
	if err := decodeMessage(data, maxPage, &p, &p.Schema); err != nil {
		return SeriesPage{}, err
	}
	return p, nil
}
