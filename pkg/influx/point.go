package influx

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/api/write"
)

// Point is one row. A measurement has one row for a set of tags and a time; a later point
// overwrites its fields.
type Point struct {
	Measurement string
	Tags        []Tag // at least one; none is empty
	Fields      []Field
	Time        time.Time
}

// Tag is an indexed label.
type Tag struct{ Key, Value string }

// Field is a value: float64, int64, bool or string.
type Field struct {
	Key   string
	Value any
}

// String returns the point as a line of InfluxDB's line protocol, for a person.
func (p Point) String() string {
	return strings.TrimSuffix(write.PointToLineProtocol(p.native(), time.Nanosecond), "\n")
}

// check returns the reason why the point cannot be written, or nil. The encoder would leave out a
// tag that it cannot express, and the point would belong to another series.
func (p Point) check() error {
	if !plain(p.Measurement) {
		return fmt.Errorf("measurement %q is not a plain name", p.Measurement)
	}
	if len(p.Tags) == 0 || len(p.Fields) == 0 {
		return fmt.Errorf("point of %s has %d tags and %d fields, at least one of each is needed",
			p.Measurement, len(p.Tags), len(p.Fields))
	}
	for _, t := range p.Tags {
		if !plain(t.Key) || !plain(t.Value) {
			return fmt.Errorf("tag %q=%q is not plain text", t.Key, t.Value)
		}
	}
	for _, f := range p.Fields {
		if !plain(f.Key) {
			return fmt.Errorf("field name %q is not plain text", f.Key)
		}
		switch v := f.Value.(type) {
		case float64:
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("field %s is %v, not a finite number", f.Key, v)
			}
		case int64, bool, string:
		default:
			return fmt.Errorf("field %s has type %T, want float64, int64, bool or string", f.Key,
				f.Value)
		}
	}
	if p.Time.Year() < 1678 || p.Time.Year() > 2261 {
		return fmt.Errorf("time %s is out of range", p.Time.Format(time.RFC3339))
	}
	return nil
}

// plain reports whether line protocol can express s as a name or tag.
func plain(s string) bool {
	control := func(r rune) bool { return r < ' ' }
	return s != "" && !strings.HasSuffix(s, `\`) && !strings.ContainsFunc(s, control)
}

// native returns the point in the client's type.
func (p Point) native() *write.Point {
	n := write.NewPointWithMeasurement(p.Measurement)
	for _, t := range p.Tags {
		n.AddTag(t.Key, t.Value)
	}
	for _, f := range p.Fields {
		n.AddField(f.Key, f.Value)
	}
	return n.SortTags().SetTime(p.Time)
}
