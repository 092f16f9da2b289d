package recorder

import (
	"strconv"

	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// Measurements in InfluxDB. All have the tags site and meter, but an event that concerns no series; every word that may
// change from one row to the next is a field, else one time would get two rows.
const (
	MeasurementReading      = "reading"       // readings as they were sent; time is their ts
	MeasurementForecast     = "forecast"      // the best known curve: one row for each target time
	MeasurementForecastLead = "forecast_lead" // what was believed then; tag lead
	MeasurementScore        = "score"         // how forecasts did; tag lead
	MeasurementActual       = "actual"        // what an interval came to, as the forecaster took it
	MeasurementEvent        = "event"         // tag kind
)

// DailySuffix is what the bucket of daily sums is called beyond the recorder's own, see deployments/influxdb.
const DailySuffix = "-daily"

// Measurements returns all that may hold points of a series.
func Measurements() []string {
	return []string{
		MeasurementReading, MeasurementForecast, MeasurementForecastLead, MeasurementScore, MeasurementActual, MeasurementEvent,
	}
}

// Tags returns the tags of a series' points.
func Tags(id meter.ID) []influx.Tag {
	return []influx.Tag{{Key: "site", Value: id.Site}, {Key: "meter", Value: id.Meter}}
}

// withLead returns tags and the lead, in intervals.
func withLead(tags []influx.Tag, lead int) []influx.Tag {
	return append(tags[:len(tags):len(tags)], influx.Tag{Key: "lead", Value: strconv.Itoa(lead)})
}

// seriesOf returns the site and meter of a point of ours, empty when it concerns no series.
func seriesOf(p influx.Point) meter.ID {
	var id meter.ID
	for _, t := range p.Tags {
		switch t.Key {
		case "site":
			id.Site = t.Value
		case "meter":
			id.Meter = t.Value
		}
	}
	return id
}

func versionOf(m *streams.Model) string {
	if m == nil {
		return ""
	}
	return m.Version
}

// decimal returns the float64 with the same shortest decimal digits as v: 1.02 stays 1.02 and is not stored as
// 1.0199999809265137.
func decimal(v float32) float64 {
	var buf [32]byte
	d, err := strconv.ParseFloat(string(strconv.AppendFloat(buf[:0], float64(v), 'g', -1, 32)), 64)
	if err != nil {
		return float64(v) // not finite: the writer refuses the point by name
	}
	return d
}
