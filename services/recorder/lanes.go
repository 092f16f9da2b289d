package recorder

import (
	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/streams/topology"
)

// Kinds of stream, the words of the metric label.
const (
	kindReadings  = "readings"
	kindForecasts = "forecasts"
	kindScores    = "scores"
	kindEvents    = "events"
)

func kinds() []string { return []string{kindReadings, kindForecasts, kindScores, kindEvents} }

// lane is the way of one stream into InfluxDB.
type lane struct {
	kind      string
	stream    string
	partition int // of a log of readings
	// append appends the points of a message. The error says why it cannot be read.
	append func(dst []influx.Point, m *bus.Message) ([]influx.Point, error)
}

// fixedLanes are those that every deployment has.
func fixedLanes() []lane {
	return []lane{
		{kind: kindForecasts, stream: topology.Forecasts, append: appendForecast},
		{kind: kindScores, stream: topology.Scores, append: appendScore},
		{kind: kindEvents, stream: topology.Events, append: appendEvent},
	}
}

// logLane is that of a partition's log.
func logLane(partition int) lane {
	return lane{kind: kindReadings, stream: topology.Log(partition), partition: partition, append: appendReadings}
}

// rows are points beside the messages that they are of.
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

// split parts the rows by whether ok holds, each in its order.
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
