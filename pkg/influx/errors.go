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

// Kind says what to do about a write that failed.
type Kind string

// The kinds. The same words are log fields and metric labels.
const (
	// KindRetry: the server is away, slow or busy; the same batch may succeed later.
	KindRetry Kind = "retry"
	// KindRefused: the batch holds something that will never be taken; parts of it may be.
	KindRefused Kind = "refused"
	// KindConfig: address, token, organisation or bucket are wrong; the same batch may succeed once a person has mended it.
	KindConfig Kind = "config"
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{KindRetry, KindRefused, KindConfig} }

// Error is a write that was not stored, or not surely, or a query without a whole answer.
type Error struct {
	Kind       Kind
	Query      bool          // it was a query, not a write
	Status     int           // of HTTP; 0 when there was no answer
	RetryAfter time.Duration // what the server asked for; 0 when it did not
	Dropped    int           // of a refused batch: how many points were not stored, all others were; 0 when the server does not say
	OldestKept time.Time     // set when points were refused because the bucket keeps none before it
	Message    string        // the server's words, or the cause
	Remedy     string        // what a person can do; empty when there is nothing to do but wait
	Err        error         // the cause, may be nil
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

// maxMessage bounds the server's words, which are logged: a refused batch comes back with its lines in them.
const maxMessage = 300

// classify turns an error of the client into ours; query says that it was no write.
func (c Config) classify(err error, query bool) *Error {
	out := &Error{Kind: KindRetry, Query: query, Message: err.Error(), Err: err}
	var answer *influxhttp.Error
	if errors.As(err, &answer) && answer.StatusCode != 0 {
		out.Status = answer.StatusCode
		out.RetryAfter = retryAfter(answer)
		out.Kind, out.Remedy = c.judge(answer, query)
		if answer.Message != "" {
			out.Message = answer.Message
		}
		out.partly(answer)
	}
	var odd *oddAnswerError
	if errors.As(err, &odd) {
		out.Kind, out.Status, out.Remedy, out.Message = KindConfig, odd.status, remedyServer, "not the answer of an InfluxDB 2 server"
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

// What a partial write says (InfluxDB 2.7): `… partial write: field type conflict: … dropped=2`, and of points that are too
// old `… partial write: dropped 2 points outside retention policy of duration 1h0m0s - oldest point … dropped because it
// violates a Retention Policy Lower Bound at 2026-01-31T14:00:35.4Z, newest point …`.
var (
	droppedCount = regexp.MustCompile(`\bdropped=(\d+)`)
	lowerBound   = regexp.MustCompile(`Retention Policy Lower Bound at ([0-9T:.Z+-]+)`)
)

// partly notes which points of a batch were not stored.
func (e *Error) partly(answer *influxhttp.Error) {
	if e.Status != http.StatusUnprocessableEntity {
		return
	}
	if m := droppedCount.FindAllStringSubmatch(answer.Message, -1); m != nil {
		e.Dropped, _ = strconv.Atoi(m[len(m)-1][1]) // too many digits for a number: not said
	}
	if m := lowerBound.FindStringSubmatch(answer.Message); m != nil {
		if t, err := time.Parse(time.RFC3339Nano, m[1]); err == nil {
			e.OldestKept = t
		}
	}
}

// retryAfter reads the header, seconds or a date.
func retryAfter(answer *influxhttp.Error) time.Duration {
	if t, err := http.ParseTime(answer.Header.Get("Retry-After")); err == nil {
		return max(0, time.Until(t))
	}
	return time.Duration(answer.RetryAfter) * time.Second
}

const remedyServer = "check that --influx-url is an InfluxDB 2 server"

// judge returns kind and remedy of an answer that is not 2xx.
func (c Config) judge(answer *influxhttp.Error, query bool) (Kind, string) {
	access := "write"
	if query {
		access = "read"
	}
	switch code := answer.StatusCode; {
	// An organisation that is not there makes a query, which is always of one form, a bad request.
	case code == http.StatusNotFound, query && code == http.StatusBadRequest:
		return KindConfig, fmt.Sprintf("create bucket %q in organisation %q, or name others with --influx-bucket and --influx-org", c.Bucket, c.Org)
	case code == http.StatusRequestEntityTooLarge:
		return KindRefused, "" // of whatever stands before the server, too
	case code == http.StatusBadRequest, code == http.StatusUnprocessableEntity:
		if !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json") {
			return KindConfig, remedyServer // a proxy's word counts against no point
		}
		return KindRefused, ""
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return KindConfig, fmt.Sprintf("create a token with %s access to bucket %q and set LOADTIDE_INFLUX_TOKEN", access, c.Bucket)
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= http.StatusInternalServerError:
		return KindRetry, ""
	case code >= http.StatusMultipleChoices && code < http.StatusBadRequest:
		return KindConfig, fmt.Sprintf("redirects are not followed, the token would go with them: set --influx-url to %q", answer.Header.Get("Location"))
	}
	return KindConfig, remedyServer
}
