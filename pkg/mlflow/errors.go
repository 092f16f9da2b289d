package mlflow

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Kind says what a caller can do about a failed call.
type Kind string

// The kinds. The same words are log fields.
const (
	// KindUnavailable: the server is away, slow or busy; the same call may succeed later.
	KindUnavailable Kind = "unavailable"
	// KindNotFound: the call names something that does not exist.
	KindNotFound Kind = "not_found"
	// KindExists: the call makes something that exists already.
	KindExists Kind = "exists"
	// KindRefused: the server refuses the request, and always will.
	KindRefused Kind = "refused"
	// KindConfig: address, token, certificate or the server's settings are wrong; a person has to
	// change them.
	KindConfig Kind = "config"
)

// Error is a failed call.
type Error struct {
	Op      string // the call, as in "GET experiments/get-by-name"
	Kind    Kind
	Status  int    // of HTTP; 0 when there was no answer
	Code    string // of the server, as in RESOURCE_DOES_NOT_EXIST; may be empty
	Message string // of the server, or the cause
	Remedy  string // for a person; empty when waiting is all that helps
	Err     error  // the cause, may be nil
}

// Error returns call, status, message and remedy in one line.
func (e *Error) Error() string {
	text := "mlflow: " + e.Op + ": "
	if e.Status != 0 {
		text += fmt.Sprintf("%d %s: ", e.Status, strings.ToLower(http.StatusText(e.Status)))
	}
	text += e.Message
	if e.Remedy != "" {
		text += " (remedy: " + e.Remedy + ")"
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether err is a failed call of that kind.
func Is(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}

// maxMessage bounds the message of the server, which is logged, in bytes.
const maxMessage = 300

// short makes one bounded line of a text from elsewhere.
func short(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.TrimSpace(s))
	if len(s) > maxMessage {
		s = s[:maxMessage] + "…"
	}
	return strings.ToValidUTF8(s, "")
}

// noAnswer returns the error for a request without a whole answer.
func (c *Client) noAnswer(op string, err error) *Error {
	e := &Error{Op: op, Kind: KindUnavailable, Err: err}
	// The address is left out: its query may be long, and the message has the host already.
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	e.Message = short(fmt.Sprintf("no whole answer from %s: %v", c.base.Host, err))
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &authority):
		e.Kind, e.Remedy = KindConfig, "give the file of the authority that signed the server's "+
			"certificate with --mlflow-ca-file"
	case errors.As(err, &name), errors.As(err, &invalid):
		e.Kind, e.Remedy = KindConfig, "use the host that the server's certificate names in "+
			"--mlflow-url, or renew the certificate"
	case errors.Is(err, context.Canceled):
		e.Message = "interrupted"
	case errors.Is(err, context.DeadlineExceeded):
		e.Message = fmt.Sprintf("no whole answer from %s in time", c.base.Host)
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		e.Kind, e.Remedy = KindConfig, "give --mlflow-url with http, the server speaks no TLS"
	}
	return e
}

// refusal returns the error for an answer that is not 2xx; body is the beginning of the answer.
func (c *Client) refusal(op string, status int, header http.Header, body []byte) *Error {
	var answer struct {
		Code    string `json:"error_code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Message == "" {
		answer.Message = string(body)
		if bytes.Contains(body, []byte("<html")) || len(body) == 0 {
			answer.Message = "no words of MLflow's came with it"
		}
	}
	e := &Error{
		Op: op, Kind: KindRefused, Status: status, Code: short(answer.Code),
		Message: short(answer.Message),
	}
	switch {
	case status == http.StatusForbidden && strings.Contains(answer.Message, "Invalid Host"):
		e.Kind, e.Remedy = KindConfig, fmt.Sprintf("start the server with --allowed-hosts "+
			"'%s,localhost:*', or call it by a host that it allows", c.base.Host)
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		e.Kind, e.Remedy = KindConfig, "give a token by LOADTIDE_MLFLOW_TOKEN, or "+
			"LOADTIDE_MLFLOW_USERNAME and LOADTIDE_MLFLOW_PASSWORD, of someone who may do this"
	case answer.Code == "RESOURCE_ALREADY_EXISTS":
		e.Kind = KindExists
	case strings.Contains(answer.Message, "IntegrityError"):
		// Two requests inserted the same row. It exists now, and a repeat changes it.
		e.Kind, e.Message = KindUnavailable, "another writer was quicker in the server's database"
	case answer.Code == "RESOURCE_DOES_NOT_EXIST", answer.Code == "ENDPOINT_NOT_FOUND" &&
		status == http.StatusNotFound:
		e.Kind = KindNotFound
	case status == http.StatusBadRequest && strings.Contains(answer.Message, "alias") &&
		strings.HasSuffix(strings.TrimSpace(answer.Message), "not found."):
		e.Kind = KindNotFound // the server calls a missing alias an invalid parameter
	case status == http.StatusNotFound && answer.Code == "":
		e.Kind, e.Remedy = KindConfig, "check that --mlflow-url is an MLflow server"
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests,
		status >= http.StatusInternalServerError:
		e.Kind = KindUnavailable
	case status >= http.StatusMultipleChoices && status < http.StatusBadRequest:
		e.Kind, e.Remedy = KindConfig, fmt.Sprintf("redirects are not followed, secrets would go "+
			"with them: set --mlflow-url to where %.200q is", header.Get("Location"))
	}
	return e
}
