package recorder

import (
	"fmt"
	"strings"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// maxKind bounds the type of an event in bytes: it is a tag.
const maxKind = 64

// appendEvent appends the point of an event. The tag kind is its type; an event of a series has the
// tags of the series, too. The fields are text, and model_version where there is a model. Any
// client may publish events, so appendEvent refuses words that may be no tag.
func appendEvent(dst []influx.Point, m *bus.Message) ([]influx.Point, error) {
	e, err := streams.DecodeEvent(m.Data)
	if err != nil {
		return dst, err
	}
	if !validKind(e.Type) {
		return dst, fmt.Errorf("type %q: use at most %d bytes, "+
			"words of letters, digits, _ and - with dots between", e.Type, maxKind)
	}
	p := influx.Point{
		Measurement: MeasurementEvent, Time: e.Time, Tags: []influx.Tag{{Key: "kind", Value: e.Type}},
		Fields: []influx.Field{{Key: "text", Value: e.Text}},
	}
	if e.Series != "" {
		id, ok := meter.ParseID(e.Series)
		if !ok {
			return dst, fmt.Errorf("series %q: must be <site>.<meter>", e.Series)
		}
		p.Tags = append(p.Tags, Tags(id)...)
	}
	if e.Model != nil {
		p.Fields = append(p.Fields, influx.Field{Key: "model_version", Value: e.Model.Version})
	}
	if p.Time.IsZero() {
		p.Time = m.Time // the event names no time
	}
	return append(dst, p), nil
}

func validKind(kind string) bool {
	if len(kind) > maxKind {
		return false
	}
	for word := range strings.SplitSeq(kind, ".") {
		if !meter.ValidToken(word) {
			return false
		}
	}
	return true
}
