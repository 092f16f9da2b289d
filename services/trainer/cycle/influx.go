package cycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/streams"
)

// ReadingMeasurement is the measurement of readings in InfluxDB. Tags are site and meter; fields
// are value, unit, quality, kind and interval, the last two where the sender says them; the time is
// the start of the interval, or the moment at which a register was read.
const ReadingMeasurement = "reading"

// MarkMeasurement is the measurement of marks in InfluxDB. Tags are site and meter of the pattern, *
// for all; fields are from, until (RFC 3339) and reason; the time is that of the record.
const MarkMeasurement = "mark"

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
	if err := f.loadMarks(ctx, b, end); err != nil {
		return fmt.Errorf("read marks up to %s: %w", date(end.Unix()), err)
	}
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
	return f.again(ctx, func(ctx context.Context) error {
		*into = influxRows{rows: into.rows[:0], index: map[influxSeries]int32{}}
		return f.Reader.Read(ctx, ReadingMeasurement, from, until, func(r influx.Row) error {
			into.add(r)
			return nil
		})
	})
}

// again calls query until it succeeds, or fails in a way that the server does not mend.
func (f Influx) again(ctx context.Context, query func(context.Context) error) error {
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
	return retry.Until(ctx, policy, query)
}

// loadMarks adds the marks that were written before end, in the order of their records. A row in a
// form that the recorder does not write is left out.
func (f Influx) loadMarks(ctx context.Context, b *dataset.Builder, end time.Time) error {
	type record struct {
		at      time.Time
		control streams.MarkControl
	}
	var records []record
	err := f.again(ctx, func(ctx context.Context) error {
		records = records[:0]
		return f.Reader.Read(ctx, MarkMeasurement, time.Unix(0, 0), end, func(r influx.Row) error {
			one := record{at: r.Time, control: streams.MarkControl{
				Series: strings.Clone(r.Text("site") + "." + r.Text("meter")),
				Reason: strings.Clone(r.Text("reason")),
			}}
			var bad [2]error
			one.control.From, bad[0] = time.Parse(time.RFC3339, r.Text("from"))
			one.control.Until, bad[1] = time.Parse(time.RFC3339, r.Text("until"))
			if errors.Join(bad[:]...) == nil {
				records = append(records, one)
			}
			return nil
		})
	})
	slices.SortStableFunc(records, func(a, b record) int { return a.at.Compare(b.at) })
	for _, r := range records {
		if pattern, mark, err := r.control.Mark(); err == nil {
			b.Mark(pattern, mark)
		}
	}
	return err
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
