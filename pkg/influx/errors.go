package influx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
		out.RetryAfter = time.Duration(answer.RetryAfter) * time.Second
		out.Kind, out.Remedy = c.judge(answer, query)
		if answer.Message != "" {
			out.Message = answer.Message
		}
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
	case code == http.StatusBadRequest, code == http.StatusUnprocessableEntity, code == http.StatusRequestEntityTooLarge:
		return KindRefused, ""
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return KindConfig, fmt.Sprintf("create a token with %s access to bucket %q and set LOADTIDE_INFLUX_TOKEN", access, c.Bucket)
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= http.StatusInternalServerError:
		return KindRetry, ""
	case code >= http.StatusMultipleChoices && code < http.StatusBadRequest:
		return KindConfig, fmt.Sprintf("redirects are not followed, the token would go with them: set --influx-url to %q", answer.Header.Get("Location"))
	}
	return KindConfig, "check that --influx-url is an InfluxDB 2 server"
}
