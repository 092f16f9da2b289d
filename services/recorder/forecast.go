package recorder

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/streams"
)

// maxLevels bounds the fields of a row. Each level is a field, and InfluxDB never removes one from
// its schema.
const maxLevels = 99

func appendForecast(dst []influx.Point, m *bus.Message) ([]influx.Point, error) {
	f, err := streams.DecodeForecast(m.Data)
	if err != nil {
		return dst, err
	}
	if len(f.Levels) > maxLevels {
		return dst, fmt.Errorf("%d levels, at most %d are recorded", len(f.Levels), maxLevels)
	}
	if err := checkInterval(f.Interval); err != nil {
		return dst, err
	}
	return AppendForecast(dst, &f), nil
}

// AppendForecast appends a point for each lead of f. Fields: p10, p25, … by level, source, quality,
// model_version, revision and origin. The time is the start of the target interval. In
// MeasurementForecast the newest forecast of an interval replaces the older ones.
// MeasurementForecastLead also has the forecasts of the leads that are scored, with the lead as a
// tag.
func AppendForecast(dst []influx.Point, f *streams.Forecast) []influx.Point {
	tags := tagsAt(f.Series, f.Interval)
	// Every row has every field, even an empty one: a field that is missing would keep the value of
	// the forecast before.
	shared := []influx.Field{
		{Key: "source", Value: string(f.Source)},
		{Key: "quality", Value: f.Quality},
		{Key: "model_version", Value: versionOf(f.Model)},
		{Key: "revision", Value: int64(f.Revision)},
		{Key: "origin", Value: f.Origin.UTC().Format(time.RFC3339)},
	}
	names := make([]string, len(f.Levels))
	for i, level := range f.Levels {
		names[i] = levelName(level)
	}
	scored := scoredLeads(f)
	for i := range f.Leads() {
		fields := make([]influx.Field, 0, len(names)+len(shared))
		for k, name := range names {
			fields = append(fields, influx.Field{
				Key: name, Value: decimal(f.Quantiles[i*len(names)+k]),
			})
		}
		p := influx.Point{
			Measurement: MeasurementForecast, Tags: tags, Fields: append(fields, shared...),
			Time: f.Origin.Add(time.Duration(i) * f.Interval),
		}
		dst = append(dst, p)
		if lead := i + 1; slices.Contains(scored, lead) {
			p.Measurement, p.Tags = MeasurementForecastLead, withLead(tags, lead, f.Interval)
			dst = append(dst, p)
		}
	}
	return dst
}

// scoredLeads returns the leads of a forecast that are compared with their actuals.
func scoredLeads(f *streams.Forecast) []int {
	return accuracy.ScoredLeads(f.Leads(), int(time.Hour/max(f.Interval, 1)))
}

// levelName returns the field of a level: p10 for 0.1, p05 for 0.05, p2_5 for 0.025.
func levelName(level float64) string {
	percent := math.Round(level*1e6) / 1e4
	name := strconv.FormatFloat(percent, 'f', -1, 64)
	if percent < 10 && percent == math.Trunc(percent) {
		name = "0" + name
	}
	return "p" + strings.ReplaceAll(name, ".", "_")
}
