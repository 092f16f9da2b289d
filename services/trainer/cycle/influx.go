package cycle

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/retry"
)

// ReadingMeasurement is the measurement of readings in InfluxDB. Tags are site and meter; fields
// are value, unit, quality, kind and interval, the last two where the sender says them; the time is
// the start of the interval, or the moment at which a register was read.
const ReadingMeasurement = "reading"

const (
	// influxSpan is the span of time of one query. An answer is small enough to be asked for again.
	influxSpan = 30 * 24 * time.Hour
	// influxLeast is the shortest span of a query when answers are too long.
	influxLeast = time.Hour
	// influxTries bounds how often a query is sent that the server may answer later.
	influxTries = 4
)

// Influx reads history from InfluxDB.
type Influx struct {
	Reader *influx.Reader
	Back   time.Duration // how far back from Until readings are taken
	Until  func() time.Time
	Pause  time.Duration // before the second try of a query; it doubles; 0 is 1 s
}

// Load adds the readings of the last Back before Until. Readings in a form that the forecaster
// would refuse are left out.
func (f Influx) Load(ctx context.Context, b *dataset.Builder) error {
	end, span := f.Until(), influxSpan
	var rows influxRows
	for from := end.Add(-f.Back); from.Before(end); {
		until := from.Add(span)
		if until.After(end) {
			until = end
		}
		err := f.read(ctx, from, until, &rows)
		if errors.Is(err, influx.ErrTooLong) && span > influxLeast {
			span /= 2
			continue
		}
		if err != nil {
			return fmt.Errorf("read history from %s to %s: %w", date(from.Unix()),
				date(until.Unix()), err)
		}
		for _, r := range rows.rows {
			s := rows.series[r.series]
			b.AddReading(s.id, dataset.Reading{
				Kind: s.kind, Unit: s.unit, Second: r.second, Value: r.value, Interval: s.interval,
				Quality: s.quality,
			})
		}
		from = until
	}
	return nil
}

// read sends a query until there is a whole answer. The answer replaces the content of into.
func (f Influx) read(ctx context.Context, from, until time.Time, into *influxRows) error {
	pause := f.Pause
	if pause <= 0 {
		pause = time.Second
	}
	policy := retry.Policy{
		Backoff:  retry.Backoff{Least: pause, Most: pause << influxTries},
		Attempts: influxTries,
		Final:    func(err error) bool { _, later := retryLater(err); return !later },
		Adjust: func(err error, pause time.Duration) time.Duration {
			after, _ := retryLater(err)
			return max(pause, after)
		},
	}
	return retry.Until(ctx, policy, func(ctx context.Context) error {
		*into = influxRows{rows: into.rows[:0], index: map[influxSeries]int32{}}
		return f.Reader.Read(ctx, ReadingMeasurement, from, until, func(r influx.Row) error {
			into.add(r)
			return nil
		})
	})
}

// retryLater reports whether the server may answer a query later, and after which pause.
func retryLater(err error) (after time.Duration, later bool) {
	var known *influx.Error
	if !errors.As(err, &known) || known.Kind != influx.KindRetry ||
		errors.Is(err, influx.ErrTooLong) {
		return 0, false
	}
	return known.RetryAfter, true
}

// influxRows are the rows of one answer. What the rows of a series share is kept once: a string of
// the answer keeps the whole line in memory that it is a part of.
type influxRows struct {
	rows   []influxRow
	series []influxSeries
	index  map[influxSeries]int32
}

type influxSeries struct {
	kind     meter.Kind
	quality  meter.Quality
	id       meter.ID
	unit     string
	interval int32 // seconds, 0 when the point has none
}

type influxRow struct {
	second int64
	value  float64
	series int32
}

// add adds a row. A row in a form that the forecaster would refuse is left out.
func (a *influxRows) add(r influx.Row) {
	s, value, ok := parseRow(r)
	if !ok {
		return
	}
	i, known := a.index[s]
	if !known {
		s.id = meter.ID{Site: strings.Clone(s.id.Site), Meter: strings.Clone(s.id.Meter)}
		s.unit = strings.Clone(s.unit)
		i = int32(len(a.series))
		a.index[s] = i
		a.series = append(a.series, s)
	}
	a.rows = append(a.rows, influxRow{r.Time.Unix(), value, i})
}

// parseRow reads a row; ok is false when the forecaster would refuse its form.
func parseRow(r influx.Row) (s influxSeries, value float64, ok bool) {
	s.id, s.unit = meter.ID{Site: r.Text("site"), Meter: r.Text("meter")}, r.Text("unit")
	kind, err := meter.ParseKind(r.Text("kind"))
	if err != nil {
		return s, 0, false
	}
	s.kind = kind
	quality, err := meter.ParseQuality(r.Text("quality"))
	if err != nil || !quality.Accepted() {
		return s, 0, false
	}
	s.quality = quality
	if d, err := time.ParseDuration(r.Text("interval")); err == nil && d > 0 &&
		d <= meter.MostInterval {
		s.interval = int32(d / time.Second)
	}
	value, ok = r.Number("value")
	ok = ok && meter.Finite(value) && s.id.Valid()
	return s, value, ok
}
