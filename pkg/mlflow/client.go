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
	// maxAnswer bounds what is read of an answer that is no file, in bytes.
	maxAnswer = 16 << 20
	// maxRefusal bounds what is read of an answer that says no, in bytes.
	maxRefusal = 64 << 10
	// fileTimes is how many times the timeout a file may take.
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

// New returns a client for cfg; it opens no connection yet. The error holds all faults of cfg.
func New(cfg Config) (*Client, error) {
	if cfg.URL == "" {
		return nil, errors.New("mlflow-url: not set; give the address of an MLflow server, as in http://127.0.0.1:5000")
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	base, err := url.Parse(strings.TrimRight(cfg.URL, "/"))
	if err != nil {
		return nil, errors.New("mlflow-url: not an address") // Validate has seen it
	}
	roots, err := cfg.roots()
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return &Client{cfg: cfg, base: base, http: &http.Client{
		Transport: transport,
		// A secret must not follow a redirect to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Host is the server's host and port, for messages.
func (c *Client) Host() string { return c.base.Host }

// Experiment is the name of the experiment that runs go to.
func (c *Client) Experiment() string { return c.cfg.Experiment }

// Close drops idle connections. No call may follow.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Health asks whether the server is there and takes this client's secrets: it looks for the experiment, which need not
// exist.
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
	once   bool       // repeating it after it may have arrived does harm
	limit  int64      // bytes of the answer that are read
}

func (c call) op() string {
	name, _, _ := strings.Cut(strings.TrimPrefix(c.path, "/api/2.0/"), "?")
	return c.method + " " + short(name)
}

// get asks for something; it may be repeated.
func (c *Client) get(ctx context.Context, path string, query url.Values, answer any) error {
	return c.json(ctx, call{method: http.MethodGet, path: path, query: query}, nil, answer)
}

// json sends a body and decodes the answer into it, either of which may be nil.
func (c *Client) json(ctx context.Context, r call, body, answer any) error {
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("mlflow: %s: %w", r.op(), err)
		}
		r.body = b
	}
	r.limit = maxAnswer
	// An answer that is no JSON was cut, or is someone else's: the request is repeated like any other that failed.
	_, err := c.do(ctx, r, func(b []byte) error {
		if answer == nil {
			return nil
		}
		return json.Unmarshal(b, answer)
	})
	return err
}

// do sends a request until it is answered, at most 1 + Retries times. It returns the answer that
// take accepts; an answer that take refuses counts as none.
func (c *Client) do(ctx context.Context, r call, take func([]byte) error) ([]byte, error) {
	var body []byte
	var wait time.Duration // what the server asked for
	policy := retry.Policy{
		Backoff: backoff, Attempts: 1 + c.cfg.Retries,
		Final: func(err error) bool {
			var failed *Error
			return errors.As(err, &failed) && (failed.Kind != KindUnavailable || r.once && !neverArrived(failed))
		},
		Adjust: func(_ error, pause time.Duration) time.Duration { return max(pause, min(wait, backoff.Most)) },
	}
	err := retry.Until(ctx, policy, func(ctx context.Context) error {
		b, asked, failed := c.send(ctx, r)
		if failed != nil {
			wait = asked
			return failed
		}
		if cause := take(b); cause != nil {
			wait = 0
			return &Error{
				Op: r.op(), Kind: KindUnavailable, Err: cause,
				Message: short(fmt.Sprintf("the answer of %s is none of MLflow's: %v", c.base.Host, cause)),
			}
		}
		body = b
		return nil
	})
	if err != nil && ctx.Err() != nil {
		return nil, &Error{Op: r.op(), Kind: KindUnavailable, Message: "interrupted: " + ctx.Err().Error(), Err: ctx.Err()}
	}
	return body, err
}

// neverArrived says that the server surely did not act on a request.
func neverArrived(err *Error) bool {
	var dial *net.OpError
	return err.Status == http.StatusTooManyRequests || errors.As(err.Err, &dial) && dial.Op == "dial"
}

// send sends a request once. wait is what the server asks to wait before the next.
func (c *Client) send(ctx context.Context, r call) (body []byte, wait time.Duration, failed *Error) {
	timeout := c.cfg.Timeout
	if r.isFile {
		timeout *= fileTimes
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, c.address(r), bytes.NewReader(r.body))
	if err != nil {
		return nil, 0, &Error{Op: r.op(), Kind: KindRefused, Message: "this path cannot be asked for", Err: err}
	}
	c.authorize(req)
	if r.body != nil && !r.isFile {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, 0, c.noAnswer(r.op(), err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end, or given up
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		body, _ = io.ReadAll(io.LimitReader(resp.Body, maxRefusal)) // what came of the reasons is told
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))  // a date is not worth the code
		return nil, time.Duration(seconds) * time.Second, c.judge(r.op(), resp.StatusCode, resp.Header, body)
	}
	if body, err = io.ReadAll(io.LimitReader(resp.Body, r.limit+1)); err != nil {
		return nil, 0, c.noAnswer(r.op(), err)
	}
	if int64(len(body)) > r.limit {
		return nil, 0, &Error{Op: r.op(), Kind: KindRefused, Status: resp.StatusCode, Message: fmt.Sprintf("the answer has more than %d bytes", r.limit)}
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
	u.RawPath = "" // encoded anew from Path
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
