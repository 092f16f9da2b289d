package streams

import (
	"strconv"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// SeriesQuery asks the owner of a partition on query.<p>.series or query.<p>.state.
type SeriesQuery struct {
	Series string `json:"series,omitempty"` // all when empty
	From   int    `json:"from,omitempty"`   // 0, or SeriesPage.Next of the answer before
	// Tally names the series whose readings are counted in SeriesPage.Tally, at most MaxTally.
	Tally []string `json:"tally,omitempty"`
	// Marks asks for the marks of all patterns, or of those that cover Series, and not for series.
	Marks bool `json:"marks,omitempty"`
}

// MaxTally is how many series one SeriesQuery may count.
const MaxTally = 256

// noSeries is a name that no series has: a query for it lists no series.
const noSeries = "_._"

// TallyQuery asks what became of the readings of some series.
func TallyQuery(series []string) SeriesQuery {
	return SeriesQuery{Series: noSeries, Tally: series}
}

// PositionQuery asks for the position and the checkpoint of a partition. The page lists no series
// where none has this name.
func PositionQuery() SeriesQuery { return SeriesQuery{Series: noSeries} }

// SeriesSummary describes a series.
type SeriesSummary struct {
	Series    string       `json:"series"`
	Newest    time.Time    `json:"newest"`          // ts of its newest reading
	Since     time.Time    `json:"since,omitzero"`  // start of its history, since it last began
	Origin    time.Time    `json:"origin,omitzero"` // end of its newest interval; zero before the first
	Interval  Interval     `json:"interval"`        // of the grid its readings are put on
	Serving   Interval     `json:"serving"`         // from one lead of its forecasts to the next
	Step      Interval     `json:"step,omitempty"`  // between two readings; 0 at irregular moments
	Unit      string       `json:"unit"`
	Kind      string       `json:"kind"`
	Source    meter.Source `json:"source"`         // of its next forecast
	Quality   string       `json:"quality"`        // of its newest interval
	Mark      string       `json:"mark,omitempty"` // reason of the mark of its newest interval
	Revisions int          `json:"revisions"`      // of the forecast of that origin
	Live      bool         `json:"live"`           // up to date with the log: ticks count its silence
	// LimitPassed says that its forecasts pass its limit: its newest event about the limit says so.
	LimitPassed bool `json:"limit_passed,omitempty"`
}

// SeriesPage is the answer to a SeriesQuery.
type SeriesPage struct {
	Schema    int    `json:"schema"`
	Partition int    `json:"partition"`
	Position  uint64 `json:"position"` // the last message of the log that is in the state
	// Checkpoint is the last message of the log that is in the newest checkpoint. After a crash the
	// log is read again from there.
	Checkpoint uint64 `json:"checkpoint"`
	// Stored is the last message of the log whose outputs are all stored: forecasts, scores,
	// refusals and events. 0 is the answer of a release that does not say.
	Stored uint64          `json:"stored,omitempty"`
	Tally  *Tally          `json:"tally,omitempty"` // of the series that the query counts
	Series []SeriesSummary `json:"series"`
	Marks  []MarkControl   `json:"marks,omitempty"` // that the query asks for, by pattern and time
	Next   int             `json:"next"`            // From of the next page, 0 at the end
	State  *StateControl   `json:"state,omitempty"` // on query.<p>.state, of a known series
	Error  string          `json:"error,omitempty"`
}

// Tally is what became of the readings of some series since the owner began to count. Readings that
// were refused are in the stream REJECTED. All others changed their series.
type Tally struct {
	// Since is when the owner started the partition. Tallies of another start cannot be compared.
	Since    time.Time `json:"since"`
	Repeated int64     `json:"repeated"` // said again what is known
	Waiting  int64     `json:"waiting"`  // wait for others to agree now
}

// Interval is a duration that JSON has in the form of readings, such as 15m or 1h.
type Interval time.Duration

// MarshalText writes the shortest form of readings.
func (i Interval) MarshalText() ([]byte, error) {
	return meter.AppendInterval(nil, time.Duration(i)), nil
}

// UnmarshalText reads any form of readings.
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

// maxPage is the largest answer in bytes. A server takes more in one message.
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
	if len(q.Tally) > MaxTally {
		return SeriesQuery{}, fieldError("tally", strconv.Itoa(len(q.Tally)),
			"at most "+strconv.Itoa(MaxTally)+" series in one query")
	}
	if q.From < 0 {
		return SeriesQuery{}, fieldError("from", "below 0",
			"must be the `next` of the page before, or left out")
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
