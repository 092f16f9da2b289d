package influx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"
	"github.com/influxdata/influxdb-client-go/v2/api"
	"github.com/influxdata/influxdb-client-go/v2/api/write"
)

const (
	// maxAnswer bounds the part of an answer that is read, in bytes.
	maxAnswer = 64 << 10
	// idleConnections is how many connections are kept for callers that write several batches at
	// once.
	idleConnections = 8
)

// Writer writes batches of points. It is safe for concurrent use.
type Writer struct {
	cfg       Config
	client    influxdb2.Client
	transport *http.Transport
	write     api.WriteAPIBlocking
}

// New returns a writer. It opens no connection. The error has all faults of cfg.
func New(cfg Config) (*Writer, error) {
	client, transport, err := cfg.client(cfg.Timeout,
		func(next http.RoundTripper) http.RoundTripper { return storedOnly{next} })
	if err != nil {
		return nil, err
	}
	return &Writer{
		cfg: cfg, client: client, transport: transport,
		write: client.WriteAPIBlocking(cfg.Org, cfg.Bucket),
	}, nil
}

// client makes a client without opening a connection. wrap wraps the transport.
func (c Config) client(
	timeout time.Duration, wrap func(http.RoundTripper) http.RoundTripper,
) (influxdb2.Client, *http.Transport, error) {
	if c.URL == "" {
		return nil, nil, errors.New("influx-url: not set; give the address of an InfluxDB 2 server")
	}
	if err := c.Validate(); err != nil {
		return nil, nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = idleConnections
	options := influxdb2.DefaultOptions().
		SetApplicationName("loadtide").
		SetUseGZip(true).
		SetPrecision(time.Nanosecond).
		SetHTTPClient(&http.Client{
			Timeout:   timeout,
			Transport: wrap(boundedAnswers{transport}),
			// A redirect could send the token to another host.
			CheckRedirect: noRedirect,
		})
	return influxdb2.NewClientWithOptions(c.URL, c.Token.Reveal(), options), transport, nil
}

// Write writes points as one batch and returns nil when all are stored, otherwise an *Error. A
// batch may have been stored, in part or whole, although Write failed. Writing it again does no
// harm, because points overwrite themselves.
func (w *Writer) Write(ctx context.Context, points []Point) error {
	if len(points) == 0 {
		return nil
	}
	native := make([]*write.Point, len(points))
	for i, p := range points {
		if err := p.check(); err != nil {
			return &Error{Kind: KindRefused, Message: err.Error(), Err: err}
		}
		native[i] = p.native()
	}
	if err := w.write.WritePoint(ctx, native...); err != nil {
		return w.cfg.classify(err, false)
	}
	return nil
}

// Close closes idle connections. No Write may follow.
func (w *Writer) Close() {
	w.client.Close()
	w.transport.CloseIdleConnections()
}

// storedOnly accepts only 204 as a success. A page for people comes with 200, and nothing was
// stored.
type storedOnly struct{ next http.RoundTripper }

func (s storedOnly) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := s.next.RoundTrip(req)
	if err == nil && resp.StatusCode < http.StatusMultipleChoices &&
		resp.StatusCode != http.StatusNoContent {
		return nil, errors.Join(&oddAnswerError{resp.StatusCode}, resp.Body.Close())
	}
	return resp, err
}

type oddAnswerError struct{ status int }

func (e *oddAnswerError) Error() string { return fmt.Sprintf("answer %d, want 204", e.status) }

// boundedAnswers cuts off long answers, because the client reads a whole answer into memory.
type boundedAnswers struct{ next http.RoundTripper }

func (b boundedAnswers) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(req)
	if err == nil && resp.StatusCode >= http.StatusMultipleChoices {
		resp.Body = boundedBody{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	}
	return resp, err
}

type boundedBody struct {
	io.Reader
	io.Closer
}

// noRedirect makes a client return a redirect as the answer.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
