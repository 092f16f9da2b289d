package influx

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"
	"github.com/influxdata/influxdb-client-go/v2/api"
	"github.com/influxdata/influxdb-client-go/v2/api/write"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 64 << 10

// Writer writes batches of points. It is safe for concurrent use.
type Writer struct {
	cfg       Config
	client    influxdb2.Client
	transport *http.Transport
	write     api.WriteAPIBlocking
}

// New returns a writer for cfg; it opens no connection yet. The error holds all faults of cfg.
func New(cfg Config) (*Writer, error) {
	if cfg.URL == "" {
		return nil, errors.New("influx.url: not set; give the address of an InfluxDB 2 server")
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	options := influxdb2.DefaultOptions().
		SetApplicationName("loadtide").
		SetUseGZip(true).
		SetPrecision(time.Nanosecond).
		SetHTTPClient(&http.Client{
			Timeout:   cfg.Timeout,
			Transport: boundedAnswers{transport},
			// The token must not follow a redirect to another host.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		})
	client := influxdb2.NewClientWithOptions(cfg.URL, cfg.Token.Reveal(), options)
	return &Writer{cfg: cfg, client: client, transport: transport, write: client.WriteAPIBlocking(cfg.Org, cfg.Bucket)}, nil
}

// Write stores points as one batch, all with one answer: nil once they are stored, else *Error. A batch that failed may
// have been stored all the same, in part or whole; writing it again does no harm, points overwrite themselves.
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
		return w.classify(err)
	}
	return nil
}

// Close drops idle connections. No Write may follow.
func (w *Writer) Close() {
	w.client.Close()
	w.transport.CloseIdleConnections()
}

// boundedAnswers cuts answers off at maxAnswer: the client reads the whole of an error's body into memory.
type boundedAnswers struct{ next http.RoundTripper }

func (b boundedAnswers) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(req)
	if err == nil {
		resp.Body = boundedBody{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	}
	return resp, err
}

type boundedBody struct {
	io.Reader
	io.Closer
}
