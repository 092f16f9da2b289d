package recorder

import (
	"fmt"
	"strconv"
	"time"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// The measurements in InfluxDB. All points have the tags site and meter, except events that concern
// no series. A word that may change from one row to the next is a field: as a tag it would give one
// time two rows.
const (
	MeasurementReading      = "reading"       // readings as they were sent; time is their ts
	MeasurementForecast     = "forecast"      // the newest forecast of each target time; tag interval
	MeasurementForecastLead = "forecast_lead" // of the leads that are scored; tags interval, lead
	MeasurementScore        = "score"         // scores of forecasts; tags interval, lead
	MeasurementActual       = "actual"        // the actuals of the scores; tag interval
	MeasurementEvent        = "event"         // tag kind
	MeasurementMark         = "mark"          // periods kept from models; time is the record's
)

// DailySuffix comes after the name of the recorder's bucket in the name of the bucket of daily
// sums, see deployments/influxdb.
const DailySuffix = "-daily"

// Measurements returns all measurements that may hold points of a series.
func Measurements() []string {
	return []string{
		MeasurementReading, MeasurementForecast, MeasurementForecastLead,
		MeasurementScore, MeasurementActual, MeasurementEvent, MeasurementMark,
	}
}

// Tags returns the tags of a series' points.
func Tags(id meter.ID) []influx.Tag {
	return []influx.Tag{{Key: "site", Value: id.Site}, {Key: "meter", Value: id.Meter}}
}

// tagsAt returns the tags of a series' points of intervals of one length. A quarter-hour and an
// hour that start together are two points.
func tagsAt(id meter.ID, interval time.Duration) []influx.Tag {
	return append(Tags(id), influx.Tag{Key: "interval", Value: meter.IntervalName(interval)})
}

// checkInterval refuses a duration that is no interval of series: the interval is a tag, and each
// value of a tag makes series of InfluxDB.
func checkInterval(interval time.Duration) error {
	if !meter.Native(interval) {
		return fmt.Errorf("interval %s: use 5m, 10m, 15m, 20m, 30m or 1h", interval)
	}
	return nil
}

// withLead returns tags and the name of the lead.
func withLead(tags []influx.Tag, lead int, interval time.Duration) []influx.Tag {
	return append(tags[:len(tags):len(tags)], influx.Tag{
		Key: "lead", Value: accuracy.LeadName(lead, interval),
	})
}

// seriesOf returns the series of a point, empty when the point concerns none.
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

// decimal returns the float64 with the same shortest decimal digits as v: InfluxDB stores 1.02, not
// 1.0199999809265137.
func decimal(v float32) float64 {
	var buf [32]byte
	d, err := strconv.ParseFloat(string(strconv.AppendFloat(buf[:0], float64(v), 'g', -1, 32)), 64)
	if err != nil {
		return float64(v) // not finite: the writer refuses the point by name
	}
	return d
}
