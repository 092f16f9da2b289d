package trainer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/streams"
)

// ReadingMeasurement is where readings are in InfluxDB: tags site and meter; fields
// value, unit and quality; time is the start of the interval.
const ReadingMeasurement = "reading"

const (
	// influxSpan is the time that one query asks for: an answer stays small enough
	// to be asked for again.
	influxSpan = 30 * 24 * time.Hour
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
	end := f.Until()
	for from := end.Add(-f.Back); from.Before(end); from = from.Add(influxSpan) {
		until := from.Add(influxSpan)
		if until.After(end) {
			until = end
		}
		rows, err := f.read(ctx, from, until)
		if err != nil {
			return fmt.Errorf("read history from %s to %s: %w", from.UTC().Format(time.DateOnly), until.UTC().Format(time.DateOnly), err)
		}
		for _, r := range rows {
			b.AddOf(r.kind, r.id, r.unit, r.second, r.value)
		}
	}
	return nil
}

type influxRow struct {
	kind   meter.Kind
	id     series.ID
	unit   string
	second int64
	value  float64
}

// read asks until there is a whole answer.
func (f Influx) read(ctx context.Context, from, until time.Time) ([]influxRow, error) {
	pause := f.Pause
	if pause <= 0 {
		pause = time.Second
	}
	for try := 1; ; try++ {
		var rows []influxRow
		err := f.Reader.Read(ctx, ReadingMeasurement, from, until, func(r influx.Row) error {
			if row, ok := usable(r); ok {
				rows = append(rows, row)
			}
			return nil
		})
		var known *influx.Error
		if err == nil || try == influxTries || !errors.As(err, &known) || known.Kind != influx.KindRetry {
			return rows, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(max(pause, known.RetryAfter)):
		}
		pause *= 2
	}
}

func usable(r influx.Row) (influxRow, bool) {
	id := series.ID{Site: r.Text("site"), Meter: r.Text("meter")}
	kind, unknown := meter.ParseKind(r.Text("kind"))
	value, ok := r.Number("value")
	q, err := series.ParseQuality(r.Text("quality"))
	if !ok || !finite(value) || err != nil || unknown != nil || !q.Accepted() || !streams.ValidToken(id.Site) || !streams.ValidToken(id.Meter) {
		return influxRow{}, false
	}
	return influxRow{kind, id, r.Text("unit"), r.Time.Unix(), value}, true
}
