package influx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"
	"github.com/influxdata/influxdb-client-go/v2/api"
)

const (
	// queryTimeout bounds a query and the transfer of its answer.
	queryTimeout = 2 * time.Minute
	// maxBytes bounds the compressed answer. A longer one is an error, because its end would be
	// missing.
	maxBytes = 1 << 30
	// maxRows bounds the rows that a caller has to keep until the answer is whole.
	maxRows = 4_000_000
)

// ErrTooLong says that an answer has more than Reader.MaxRows rows, or more than 1 GiB.
var ErrTooLong = errors.New("the answer is too long: ask for a shorter time")

// Reader reads rows of a measurement. It is safe for concurrent use.
type Reader struct {
	// MaxRows bounds the rows of one answer; default: 4 million. Set it before the first Read.
	MaxRows int

	cfg       Config
	client    influxdb2.Client
	transport *http.Transport
	query     api.QueryAPI
}

// Row has all fields and tags of one point, by name.
type Row struct {
	Time   time.Time
	values map[string]any
}

// Text returns a tag or a text field, "" when the row does not have it.
func (r Row) Text(name string) string {
	s, _ := r.values[name].(string)
	return s
}

// Number returns a number field; ok is false when the row does not have it.
func (r Row) Number(name string) (v float64, ok bool) {
	switch n := r.values[name].(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	case uint64:
		return float64(n), true
	}
	return 0, false
}

// NewReader returns a reader. It opens no connection. The error has all faults of cfg.
func NewReader(cfg Config) (*Reader, error) { return newReader(cfg, maxBytes) }

func newReader(cfg Config, most int64) (*Reader, error) {
	client, transport, err := cfg.client(queryTimeout,
		func(next http.RoundTripper) http.RoundTripper { return rowsOnly{next, most} })
	if err != nil {
		return nil, err
	}
	return &Reader{
		MaxRows: maxRows, cfg: cfg, client: client, transport: transport,
		query: client.QueryAPI(cfg.Org),
	}, nil
}

// rowsOnly accepts an answer that is CSV and not too long. The client would take a page for people
// as an answer without rows, and an answer that was cut off as a whole one.
type rowsOnly struct {
	next http.RoundTripper
	most int64
}

func (o rowsOnly) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := o.next.RoundTrip(req)
	if err != nil || resp.StatusCode >= http.StatusMultipleChoices {
		return resp, err
	}
	if kind := resp.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/csv") {
		return nil, errors.Join(fmt.Errorf("the answer is %q, not text/csv: check that "+
			"--influx-url is an InfluxDB 2 server", kind), resp.Body.Close())
	}
	resp.Body = boundedBody{&longReader{resp.Body, o.most}, resp.Body}
	return resp, nil
}

// longReader returns ErrTooLong at the limit, where io.LimitReader returns io.EOF.
type longReader struct {
	io.Reader
	left int64
}

func (l *longReader) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, ErrTooLong
	}
	return n, err
}

// Read calls each for every row of a measurement in [from, until), series by series. It returns the
// first error, an *Error when the server or the connection failed. each may have been called before
// an error.
func (r *Reader) Read(
	ctx context.Context, measurement string, from, until time.Time, each func(Row) error,
) error {
	result, err := r.query.Query(ctx, r.flux(measurement, from, until))
	if err != nil {
		return r.cfg.classify(err, true)
	}
	for rows := 0; result.Next(); rows++ {
		if rows >= r.MaxRows {
			return errors.Join(r.cfg.classify(ErrTooLong, true), result.Close())
		}
		record := result.Record()
		if err := each(Row{Time: record.Time().UTC(), values: record.Values()}); err != nil {
			return errors.Join(err, result.Close())
		}
	}
	if err := result.Err(); err != nil {
		return r.cfg.classify(fmt.Errorf("the answer breaks off: %w", err), true)
	}
	return nil
}

// flux returns the query. It makes the fields of a point columns of one row.
func (r *Reader) flux(measurement string, from, until time.Time) string {
	return fmt.Sprintf(`from(bucket: %s)
  |> range(start: %s, stop: %s)
  |> filter(fn: (r) => r._measurement == %s)
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")`,
		fluxString(r.cfg.Bucket),
		from.UTC().Format(time.RFC3339), until.UTC().Format(time.RFC3339), fluxString(measurement))
}

// fluxString returns s as a literal without expressions.
func fluxString(s string) string { return strings.ReplaceAll(strconv.Quote(s), "${", `\${`) }

// Close closes idle connections. No Read may follow.
func (r *Reader) Close() {
	r.client.Close()
	r.transport.CloseIdleConnections()
}
