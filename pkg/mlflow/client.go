package mlflow

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/retry"
)

const (
	apiPath = "/api/2.0/mlflow/"
	// maxAnswer bounds an answer that is no file, in bytes.
	maxAnswer = 16 << 20
	// maxRefusal bounds the part of a failure's answer that is read, in bytes.
	maxRefusal = 64 << 10
	// fileTimes is how many times the timeout the transfer of a file may take.
	fileTimes = 6
)

// backoff is the pause before a request is repeated.
var backoff = retry.Backoff{Least: 200 * time.Millisecond, Most: 5 * time.Second, Jitter: true}

// Client calls one server. It is safe for concurrent use.
type Client struct {
	cfg  Config
	base *url.URL
	http *http.Client
}

// New returns a client. It opens no connection. The error has all faults of cfg.
func New(cfg Config) (*Client, error) {
	if cfg.URL == "" {
		return nil, errors.New("mlflow-url: not set; give the address of an MLflow server, e.g. " +
			"http://127.0.0.1:5000")
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	base, err := url.Parse(strings.TrimRight(cfg.URL, "/"))
	if err != nil {
		return nil, errors.New("mlflow-url: not an address") // Validate has checked it
	}
	roots, err := cfg.roots()
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return &Client{cfg: cfg, base: base, http: &http.Client{
		Transport: transport,
		// A redirect could send the secret to another host.
		CheckRedirect: noRedirect,
	}}, nil
}

// Host returns the server's host and port, for messages.
func (c *Client) Host() string { return c.base.Host }

// Experiment returns the name of the experiment of all runs.
func (c *Client) Experiment() string { return c.cfg.Experiment }

// Close closes idle connections. No call may follow.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Health checks that the server answers and accepts this client's secrets. It looks up the
// experiment, which need not exist.
func (c *Client) Health(ctx context.Context) error {
	if _, err := c.experimentByName(ctx, c.cfg.Experiment); err != nil && !Is(err, KindNotFound) {
		return err
	}
	return nil
}

// call is one request.
type call struct {
	method string
	path   string     // below apiPath, or absolute with a leading slash
	query  url.Values // may be nil
	body   []byte     // may be nil
	isFile bool       // body or answer is a file, not JSON
	once   bool       // a repeat does harm when the first request has arrived
	limit  int64      // largest answer, in bytes
}

func (c call) op() string {
	name, _, _ := strings.Cut(strings.TrimPrefix(c.path, "/api/2.0/"), "?")
	return c.method + " " + short(name)
}

// get sends a GET request, which may be repeated, and decodes the answer.
func (c *Client) get(ctx context.Context, path string, query url.Values, answer any) error {
	return c.json(ctx, call{method: http.MethodGet, path: path, query: query}, nil, answer)
}

// json sends body and decodes the answer into answer. Either may be nil.
func (c *Client) json(ctx context.Context, r call, body, answer any) error {
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("mlflow: %s: %w", r.op(), err)
		}
		r.body = b
	}
	r.limit = maxAnswer
	// An answer that is no JSON was cut off, or another server sent it. The request is repeated
	// like one that failed.
	_, err := c.do(ctx, r, func(b []byte) error {
		if answer == nil {
			return nil
		}
		return json.Unmarshal(b, answer)
	})
	return err
}

// do sends a request until it is answered, at most 1 + Retries times, and returns the answer. An
// answer that accept refuses counts as a failure.
func (c *Client) do(ctx context.Context, r call, accept func([]byte) error) ([]byte, error) {
	var body []byte
	var wait time.Duration // the pause that the server asked for
	policy := retry.Policy{
		Backoff: backoff, Attempts: 1 + c.cfg.Retries,
		Final: func(err error) bool {
			var failed *Error
			return errors.As(err, &failed) &&
				(failed.Kind != KindUnavailable || r.once && !neverArrived(failed))
		},
		Adjust: func(_ error, pause time.Duration) time.Duration {
			return max(pause, min(wait, backoff.Most))
		},
	}
	err := retry.Until(ctx, policy, func(ctx context.Context) error {
		b, pause, failed := c.send(ctx, r)
		if failed != nil {
			wait = pause
			return failed
		}
		if cause := accept(b); cause != nil {
			wait = 0
			return &Error{
				Op: r.op(), Kind: KindUnavailable, Err: cause,
				Message: short(fmt.Sprintf("the answer of %s is none of MLflow's: %v", c.base.Host,
					cause)),
			}
		}
		body = b
		return nil
	})
	if err != nil && ctx.Err() != nil {
		return nil, &Error{
			Op: r.op(), Kind: KindUnavailable, Message: "interrupted: " + ctx.Err().Error(),
			Err: ctx.Err(),
		}
	}
	return body, err
}

// neverArrived reports whether the server surely has not acted on a request.
func neverArrived(err *Error) bool {
	var dial *net.OpError
	return err.Status == http.StatusTooManyRequests ||
		errors.As(err.Err, &dial) && dial.Op == "dial"
}

// send sends a request once. wait is the pause before a repeat that the server asks for.
func (c *Client) send(
	ctx context.Context, r call,
) (body []byte, wait time.Duration, failed *Error) {
	timeout := c.cfg.Timeout
	if r.isFile {
		timeout *= fileTimes
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, c.address(r), bytes.NewReader(r.body))
	if err != nil {
		return nil, 0, &Error{
			Op: r.op(), Kind: KindRefused, Message: "this path cannot be asked for", Err: err,
		}
	}
	c.authorize(req)
	if r.body != nil && !r.isFile {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, 0, c.noAnswer(r.op(), err)
	}
	defer func() { _ = resp.Body.Close() }() // a failed close loses nothing that was read
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		// a part of the reason is enough
		body, _ = io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After")) // a date counts as no pause
		failed = c.refusal(r.op(), resp.StatusCode, resp.Header, body)
		return nil, time.Duration(seconds) * time.Second, failed
	}
	if body, err = io.ReadAll(io.LimitReader(resp.Body, r.limit+1)); err != nil {
		return nil, 0, c.noAnswer(r.op(), err)
	}
	if int64(len(body)) > r.limit {
		return nil, 0, &Error{
			Op: r.op(), Kind: KindRefused, Status: resp.StatusCode,
			Message: fmt.Sprintf("the answer has more than %d bytes", r.limit),
		}
	}
	return body, 0, nil
}

func (c *Client) address(r call) string {
	path := r.path
	if !strings.HasPrefix(path, "/") {
		path = apiPath + path
	}
	u := *c.base
	u.Path = c.base.Path + path
	u.RawPath = "" // String encodes Path
	u.RawQuery = r.query.Encode()
	return u.String()
}

func (c *Client) authorize(req *http.Request) {
	switch {
	case !c.cfg.Token.IsZero():
		req.Header.Set("Authorization", "Bearer "+c.cfg.Token.Reveal())
	case c.cfg.Username != "":
		req.SetBasicAuth(c.cfg.Username, c.cfg.Password.Reveal())
	}
	req.Header.Set("User-Agent", "loadtide")
}

// noRedirect makes a client return a redirect as the answer.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
