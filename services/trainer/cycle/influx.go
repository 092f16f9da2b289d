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
)

// ReadingMeasurement is where readings are in InfluxDB: tags site and meter; fields
// value, unit, quality and kind; time is the start of the interval, or the moment a
// register was read.
const ReadingMeasurement = "reading"

const (
	// influxSpan is the time that one query asks for: an answer stays small enough
	// to be asked for again.
	influxSpan = 30 * 24 * time.Hour
	// influxLeast is the shortest time that is asked for when answers are too long.
	influxLeast = time.Hour
	// influxTries is how often a query is tried that the server may answer later.
	influxTries = 4
)

// Influx reads history from InfluxDB.
type Influx struct {
	Reader *influx.Reader
	// Back is how far back from Until readings are taken.
	Back  time.Duration
	Until func() time.Time
	Pause time.Duration // before the second try of a query; it doubles; 1 s when zero
}

// Load adds the readings of the time asked for. Those that the forecaster would
// refuse by their form are left out.
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
			return fmt.Errorf("read history from %s to %s: %w", from.UTC().Format(time.DateOnly), until.UTC().Format(time.DateOnly), err)
		}
		for _, r := range rows.rows {
			s := rows.series[r.series]
			b.AddOf(s.kind, s.id, s.unit, r.second, r.value)
		}
		from = until
	}
	return nil
}

// influxRows are those of one answer. What rows of a series share is kept once: a
// text of the answer keeps the whole line that it is part of in memory.
type influxRows struct {
	rows   []influxRow
	series []influxSeries
	index  map[influxSeries]int32
}

type influxSeries struct {
	kind meter.Kind
	id   meter.ID
	unit string
}

type influxRow struct {
	second int64
	value  float64
	series int32
}

// add takes a row, unless the forecaster would refuse it by its form.
func (a *influxRows) add(r influx.Row) {
	id := meter.ID{Site: r.Text("site"), Meter: r.Text("meter")}
	kind, unknown := meter.ParseKind(r.Text("kind"))
	value, ok := r.Number("value")
	q, err := meter.ParseQuality(r.Text("quality"))
	if !ok || !meter.Finite(value) || err != nil || unknown != nil || !q.Accepted() || !meter.ValidToken(id.Site) || !meter.ValidToken(id.Meter) {
		return
	}
	s := influxSeries{kind, id, r.Text("unit")}
	i, known := a.index[s]
	if !known {
		s = influxSeries{kind, meter.ID{Site: strings.Clone(id.Site), Meter: strings.Clone(id.Meter)}, strings.Clone(s.unit)}
		i = int32(len(a.series))
		a.index[s] = i
		a.series = append(a.series, s)
	}
	a.rows = append(a.rows, influxRow{r.Time.Unix(), value, i})
}

// read asks until there is a whole answer, which takes the place of the one before.
func (f Influx) read(ctx context.Context, from, until time.Time, into *influxRows) error {
	pause := f.Pause
	if pause <= 0 {
		pause = time.Second
	}
	for try := 1; ; try++ {
		*into = influxRows{rows: into.rows[:0], index: map[influxSeries]int32{}}
		err := f.Reader.Read(ctx, ReadingMeasurement, from, until, func(r influx.Row) error {
			into.add(r)
			return nil
		})
		var known *influx.Error
		if err == nil || try == influxTries || !errors.As(err, &known) || known.Kind != influx.KindRetry || errors.Is(err, influx.ErrTooLong) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(max(pause, known.RetryAfter)):
		}
		pause *= 2
	}
}
