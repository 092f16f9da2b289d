package recorder

import (
	"context"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// Kinds of streams, the values of the metric label.
const (
	kindReadings  = "readings"
	kindForecasts = "forecasts"
	kindScores    = "scores"
	kindEvents    = "events"
)

func kinds() []string { return []string{kindReadings, kindForecasts, kindScores, kindEvents} }

// lane says how the messages of one stream become points.
type lane struct {
	kind      string
	stream    string
	partition int // of a stream of readings
	// append appends the points of a message. An error means that the message cannot be decoded.
	append func(dst []influx.Point, m *bus.Message) ([]influx.Point, error)
}

// fixedLanes returns the lanes of the streams that every deployment has.
func fixedLanes() []lane {
	return []lane{
		{kind: kindForecasts, stream: topology.Forecasts, append: appendForecast},
		{kind: kindScores, stream: topology.Scores, append: appendScore},
		{kind: kindEvents, stream: topology.Events, append: appendEvent},
	}
}

// logLane returns the lane of a partition's log. ctx is that of the service: it bounds the reads of
// settings, which times without an offset need.
func logLane(ctx context.Context, partition int, nats NATS) lane {
	zones := streams.NewZones(nats.Settings)
	return lane{
		kind: kindReadings, stream: topology.Log(partition), partition: partition,
		append: func(dst []influx.Point, m *bus.Message) ([]influx.Point, error) {
			return appendReadings(ctx, dst, m, zones)
		},
	}
}

// rows are points, each with its message.
type rows struct {
	points []influx.Point
	of     []*bus.Message
}

func (r rows) len() int { return len(r.points) }

// slice returns the rows from i up to j.
func (r rows) slice(i, j int) rows { return rows{r.points[i:j], r.of[i:j]} }

// add appends points of one message.
func (r *rows) add(m *bus.Message, points []influx.Point) {
	r.points = points
	for len(r.of) < len(points) {
		r.of = append(r.of, m)
	}
}

// split returns the rows for which ok is true, and the others, both in their order.
func (r rows) split(ok func(influx.Point) bool) (yes, no rows) {
	for i, p := range r.points {
		to := &no
		if ok(p) {
			to = &yes
		}
		to.points, to.of = append(to.points, p), append(to.of, r.of[i])
	}
	return yes, no
}
