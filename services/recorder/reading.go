package recorder

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// errSettings says that the bucket of settings cannot be read: the message is to be read again.
var errSettings = errors.New("settings of series")

// appendReadings appends a point for each good reading of a message in a partition's log, one for a
// mark, and none for another control record. Readings with a fault of form are left out: the
// forecaster lists them. The error is that of a whole message, or an errSettings when the zone of a series cannot be read.
func appendReadings(
	ctx context.Context, dst []influx.Point, m *bus.Message, zones *streams.Zones,
) ([]influx.Point, error) {
	in, err := streams.ParseInput(m.Subject)
	switch {
	case err != nil:
		return dst, err
	case in.Control == streams.ControlSettings:
		zones.Forget() // the record follows its entry in the bucket
		return dst, nil
	case in.Control == streams.ControlMark:
		return appendMark(dst, m)
	case in.Control != "":
		return dst, nil
	case m.ContentType != "" && m.ContentType != streams.ContentTypeJSON:
		return dst, fmt.Errorf("Content-Type %q, want %s", m.ContentType, streams.ContentTypeJSON)
	}
	var failed error
	good, bad := streams.DecodeReadingsInto(nil, m.Data, zones.Of(ctx, in.Series, &failed))
	if failed != nil {
		return dst, fmt.Errorf("%w: %w", errSettings, failed)
	}
	if len(good) == 0 && len(bad) == 1 && bad[0].Index == streams.WholeMessage {
		return dst, bad[0]
	}
	tags := Tags(in.Series)
	for i := range good {
		dst = append(dst, readingPoint(tags, &good[i]))
	}
	return dst, nil
}

// appendMark appends the point of a mark. Its tags are those of the pattern, with * for all; its time is
// the broker's, so that marks have the order of their records.
func appendMark(dst []influx.Point, m *bus.Message) ([]influx.Point, error) {
	record, err := streams.DecodeMarkControl(m.Data)
	if err != nil {
		return dst, err
	}
	pattern, mark, err := record.Mark()
	if err != nil {
		return dst, err
	}
	stamp := func(second int64) string { return time.Unix(second, 0).UTC().Format(time.RFC3339) }
	return append(dst, influx.Point{
		Measurement: MeasurementMark, Tags: Tags(pattern), Time: m.Time,
		Fields: []influx.Field{
			{Key: "from", Value: stamp(mark.From)}, {Key: "until", Value: stamp(mark.Until)},
			{Key: "reason", Value: mark.Reason.String()},
		},
	}), nil
}

// readingPoint is a reading as it was sent: kind, quality and interval are empty where the message
// names none. The interval is a field and no tag: the same reading may be sent again without. The
// trainer reads these rows.
func readingPoint(tags []influx.Tag, r *streams.Reading) influx.Point {
	quality := ""
	if r.Quality != meter.Unknown {
		quality = r.Quality.String()
	}
	interval := ""
	if r.Interval > 0 {
		interval = meter.IntervalName(r.Interval)
	}
	return influx.Point{
		Measurement: MeasurementReading, Tags: tags, Time: r.Time,
		Fields: []influx.Field{
			{Key: "value", Value: r.Value},
			{Key: "quality", Value: quality},
			{Key: "unit", Value: r.Unit},
			{Key: "kind", Value: r.Kind.String()},
			{Key: "interval", Value: interval},
		},
	}
}
