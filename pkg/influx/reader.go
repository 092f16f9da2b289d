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
	// queryTimeout bounds a query with its answer, which may be long.
	queryTimeout = 2 * time.Minute
	// maxBytes bounds an answer as it is sent, which is compressed; one that is longer
	// is an error, for what is behind would be missed.
	maxBytes = 1 << 30
	// maxRows bounds what a caller has to hold of an answer until it is whole.
	maxRows = 4_000_000
)

// ErrTooLong is an answer that was given up because of its length: Reader.MaxRows, or 1 GiB.
var ErrTooLong = errors.New("the answer is too long: ask for a shorter time")

// Reader reads rows of a measurement. It is safe for concurrent use.
type Reader struct {
	// MaxRows bounds the rows of one answer, 4 million when not said otherwise before the first Read.
	MaxRows int

	cfg       Config
	client    influxdb2.Client
	transport *http.Transport
	query     api.QueryAPI
}

// Row is all fields and tags of one point, by name.
type Row struct {
	Time   time.Time
	values map[string]any
}

// Text is a tag or a field of text, "" when the row has none.
func (r Row) Text(name string) string {
	s, _ := r.values[name].(string)
	return s
}

// Number is a field of a number; ok is false when the row has none.
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

// NewReader returns a reader for cfg; it opens no connection yet. The error holds all faults of cfg.
func NewReader(cfg Config) (*Reader, error) { return newReader(cfg, maxBytes) }

func newReader(cfg Config, most int64) (*Reader, error) {
	client, transport, err := cfg.client(queryTimeout, func(next http.RoundTripper) http.RoundTripper { return rowsOnly{next, most} })
	if err != nil {
		return nil, err
	}
	return &Reader{MaxRows: maxRows, cfg: cfg, client: client, transport: transport, query: client.QueryAPI(cfg.Org)}, nil
}

// rowsOnly lets an answer through that is CSV and not too long. The client takes a page for people as an answer without
// rows, and an answer that was cut off as a whole one.
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
		return nil, errors.Join(fmt.Errorf("the answer is %q, not text/csv: check that --influx-url is an InfluxDB 2 server", kind), resp.Body.Close())
	}
	resp.Body = boundedBody{&longReader{resp.Body, o.most}, resp.Body}
	return resp, nil
}

// longReader fails where io.LimitReader ends.
type longReader struct {
	io.Reader
	left int64
}

func (l *longReader) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errors.New("the answer is too long: ask for a shorter time")
	}
	return n, err
}

// Read calls each for every row of a measurement in [from, until), series by series. It ends at the first error, which is
// *Error when it is the server's; rows may have been handed over by then.
func (r *Reader) Read(ctx context.Context, measurement string, from, until time.Time, each func(Row) error) error {
	result, err := r.query.Query(ctx, r.flux(measurement, from, until))
	if err != nil {
		return r.cfg.classify(err, true)
	}
	for rows := 0; result.Next(); rows++ {
		if rows >= r.MaxRows {
			return errors.Join(r.cfg.classify(ErrTooLong, true), result.Close())
		}
		if err := each(Row{Time: result.Record().Time().UTC(), values: result.Record().Values()}); err != nil {
			return errors.Join(err, result.Close())
		}
	}
	if err := result.Err(); err != nil {
		return r.cfg.classify(fmt.Errorf("the answer breaks off: %w", err), true)
	}
	return nil
}

// flux turns the points' fields into columns of one row.
func (r *Reader) flux(measurement string, from, until time.Time) string {
	return fmt.Sprintf(`from(bucket: %s)
  |> range(start: %s, stop: %s)
  |> filter(fn: (r) => r._measurement == %s)
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")`,
		fluxString(r.cfg.Bucket), from.UTC().Format(time.RFC3339), until.UTC().Format(time.RFC3339), fluxString(measurement))
}

// fluxString is s as a literal, in which nothing is an expression.
func fluxString(s string) string { return strings.ReplaceAll(strconv.Quote(s), "${", `\${`) }

// Close drops idle connections. No Read may follow.
func (r *Reader) Close() {
	r.client.Close()
	r.transport.CloseIdleConnections()
}
