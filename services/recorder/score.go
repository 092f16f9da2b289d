package recorder

import (
	"math"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/streams"
)

func appendScore(dst []influx.Point, m *bus.Message) ([]influx.Point, error) {
	s, err := streams.DecodeScore(m.Data)
	if err != nil {
		return dst, err
	}
	if err := checkInterval(s.Interval); err != nil {
		return dst, err
	}
	return AppendScore(dst, &s), nil
}

// AppendScore appends a point for each lead of s to MeasurementScore, and one to MeasurementActual
// unless s is void. The time is the start of the target interval. The numbers of a void score are
// 0, and so is its count, so that it adds nothing to a sum.
func AppendScore(dst []influx.Point, s *streams.Score) []influx.Point {
	tags := tagsAt(s.Series, s.Interval)
	for i := range s.Leads {
		l := &s.Leads[i]
		fields := []influx.Field{
			{Key: "source", Value: string(l.Source)},
			{Key: "model_version", Value: l.Version},
			{Key: "revision", Value: int64(s.Revision)},
		}
		if s.Void {
			fields = append(fields, voidFields()...)
		} else {
			fields = append(fields, scoreFields(l, s.Actual)...)
		}
		dst = append(dst, influx.Point{
			Measurement: MeasurementScore, Tags: withLead(tags, l.Lead, s.Interval),
			Fields: fields, Time: s.Target,
		})
	}
	if !s.Void {
		dst = append(dst, influx.Point{Measurement: MeasurementActual, Tags: tags, Time: s.Target,
			Fields: []influx.Field{
				{Key: "value", Value: s.Actual},
				{Key: "unit", Value: s.Unit},
				{Key: "revision", Value: int64(s.Revision)},
			}})
	}
	return dst
}

// scoreFields returns the numbers of a lead. A number that is not known is left out.
func scoreFields(l *streams.LeadScore, actual float64) []influx.Field {
	fields := []influx.Field{
		{Key: "pinball", Value: decimal(l.Pinball)},
		{Key: "error", Value: decimal(l.Error)},
		{Key: "abs_error", Value: math.Abs(decimal(l.Error))},
		{Key: "abs_actual", Value: math.Abs(actual)},
		{Key: "count", Value: int64(1)},
	}
	if !math.IsNaN(float64(l.Naive)) {
		fields = append(fields, influx.Field{Key: "pinball_naive", Value: decimal(l.Naive)})
	}
	for _, c := range []struct {
		key     string
		covered streams.Covered
	}{{"covered50", l.Covered50}, {"covered80", l.Covered80}} {
		switch c.covered {
		case streams.Inside:
			fields = append(fields, influx.Field{Key: c.key, Value: int64(1)})
		case streams.Outside:
			fields = append(fields, influx.Field{Key: c.key, Value: int64(0)})
		case streams.CoverageUnknown:
		}
	}
	return fields
}

func voidFields() []influx.Field {
	return []influx.Field{
		{Key: "pinball", Value: 0.0}, {Key: "error", Value: 0.0}, {Key: "abs_error", Value: 0.0},
		{Key: "abs_actual", Value: 0.0},
		{Key: "count", Value: int64(0)}, {Key: "pinball_naive", Value: 0.0},
		{Key: "covered50", Value: int64(0)}, {Key: "covered80", Value: int64(0)},
	}
}
