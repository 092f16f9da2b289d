package influx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	influxhttp "github.com/influxdata/influxdb-client-go/v2/api/http"
)

// Kind says what a caller can do about a failed write.
type Kind string

// The kinds. The same words are log fields and metric labels.
const (
	// KindRetry: the server is away, slow or busy; the same batch may succeed later.
	KindRetry Kind = "retry"
	// KindRefused: the batch has a point that the server always refuses; other points may be
	// stored.
	KindRefused Kind = "refused"
	// KindConfig: address, token, organisation or bucket are wrong; the same batch may succeed when
	// a person has changed them.
	KindConfig Kind = "config"
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{KindRetry, KindRefused, KindConfig} }

// Error is a write that was not stored, or may not have been, or a query without a whole answer.
type Error struct {
	Kind       Kind
	Query      bool          // a query, not a write
	Status     int           // of HTTP; 0 when there was no answer
	RetryAfter time.Duration // the pause that the server asks for; 0 when it asks for none
	// Dropped is how many points of a refused batch were not stored; the others were. 0 when the
	// server does not say.
	Dropped int
	// OldestKept is set when points were refused because they are older: the bucket keeps none
	// before this time.
	OldestKept time.Time
	Message    string // of the server, or the cause
	Remedy     string // for a person; empty when waiting is all that helps
	Err        error  // the cause, may be nil
}

// Error returns status, message and remedy in one line.
func (e *Error) Error() string {
	text := "write to influxdb: "
	if e.Query {
		text = "read from influxdb: "
	}
	if e.Status != 0 {
		text += fmt.Sprintf("%d %s: ", e.Status, strings.ToLower(http.StatusText(e.Status)))
	}
	text += e.Message
	if e.Remedy != "" {
		text += "; " + e.Remedy
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// maxMessage bounds the message of the server, which is logged, in bytes. A message about a refused
// batch contains the batch.
const maxMessage = 300

// classify turns an error of the client into an *Error; query says that the call was no write.
func (c Config) classify(err error, query bool) *Error {
	out := &Error{Kind: KindRetry, Query: query, Message: err.Error(), Err: err}
	var answer *influxhttp.Error
	if errors.As(err, &answer) && answer.StatusCode != 0 {
		out.Status = answer.StatusCode
		out.RetryAfter = retryAfter(answer)
		out.Kind, out.Remedy = c.kindOf(answer, query)
		if answer.Message != "" {
			out.Message = answer.Message
		}
		out.readPartial(answer)
	}
	var odd *oddAnswerError
	if errors.As(err, &odd) {
		out.Kind, out.Status, out.Remedy = KindConfig, odd.status, remedyServer
		out.Message = "not the answer of an InfluxDB 2 server"
	}
	if errors.Is(err, context.Canceled) {
		out.Message = "interrupted"
	}
	out.Message, _, _ = strings.Cut(strings.TrimSpace(out.Message), "\n")
	if len(out.Message) > maxMessage {
		out.Message = strings.ToValidUTF8(out.Message[:maxMessage], "") + "…"
	}
	return out
}

// Messages of InfluxDB 2.7 about a batch that was stored in part: `… partial write: field type
// conflict: … dropped=2`, and for points that are too old `… partial write: dropped 2 points
// outside retention policy of duration 1h0m0s - oldest point … dropped because it violates a
// Retention Policy Lower Bound at 2026-01-31T14:00:35.4Z, newest point …`.
var (
	droppedCount = regexp.MustCompile(`\bdropped=(\d+)`)
	lowerBound   = regexp.MustCompile(`Retention Policy Lower Bound at ([0-9T:.Z+-]+)`)
)

// readPartial reads from the message which points of a batch were not stored.
func (e *Error) readPartial(answer *influxhttp.Error) {
	if e.Status != http.StatusUnprocessableEntity {
		return
	}
	if m := droppedCount.FindAllStringSubmatch(answer.Message, -1); m != nil {
		e.Dropped, _ = strconv.Atoi(m[len(m)-1][1]) // 0 when the number is too large
	}
	if m := lowerBound.FindStringSubmatch(answer.Message); m != nil {
		if t, err := time.Parse(time.RFC3339Nano, m[1]); err == nil {
			e.OldestKept = t
		}
	}
}

// retryAfter reads the header Retry-After: seconds or a date.
func retryAfter(answer *influxhttp.Error) time.Duration {
	if t, err := http.ParseTime(answer.Header.Get("Retry-After")); err == nil {
		return max(0, time.Until(t))
	}
	return time.Duration(answer.RetryAfter) * time.Second
}

const remedyServer = "check that --influx-url is an InfluxDB 2 server"

// kindOf returns kind and remedy for an answer that is not 2xx.
func (c Config) kindOf(answer *influxhttp.Error, query bool) (Kind, string) {
	access := "write"
	if query {
		access = "read"
	}
	switch code := answer.StatusCode; {
	// Queries always have the same form, so a bad request means that the organisation does not
	// exist.
	case code == http.StatusNotFound, query && code == http.StatusBadRequest:
		return KindConfig, fmt.Sprintf("create bucket %q in organisation %q, or name others with "+
			"--influx-bucket and --influx-org", c.Bucket, c.Org)
	case code == http.StatusRequestEntityTooLarge:
		return KindRefused, "" // also from a proxy in front of the server
	case code == http.StatusBadRequest, code == http.StatusUnprocessableEntity:
		if !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json") {
			return KindConfig, remedyServer // the answer of a proxy says nothing about a point
		}
		return KindRefused, ""
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return KindConfig, fmt.Sprintf("create a token with %s access to bucket %q and set "+
			"LOADTIDE_INFLUX_TOKEN", access, c.Bucket)
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests,
		code >= http.StatusInternalServerError:
		return KindRetry, ""
	case code >= http.StatusMultipleChoices && code < http.StatusBadRequest:
		return KindConfig, fmt.Sprintf("redirects are not followed, the token would go with "+
			"them: set --influx-url to %q", answer.Header.Get("Location"))
	}
	return KindConfig, remedyServer
}
