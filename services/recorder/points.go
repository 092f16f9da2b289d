package recorder

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/streams"
)

// Measurement is where forecasts go: tags site and meter; fields p10, p25, … by level, source, quality, model_version,
// revision and origin; time is the start of the target interval.
const Measurement = "forecast"

// AppendPoints appends a point for each lead of f. Its row is that of its target interval, so the newest belief about an
// interval replaces the older ones.
func AppendPoints(dst []influx.Point, f *streams.Forecast) []influx.Point {
	site, meter, _ := strings.Cut(f.Series, ".")
	tags := []influx.Tag{{Key: "site", Value: site}, {Key: "meter", Value: meter}}
	// Every row has every field, an empty one too: what a row does not name keeps the value of the forecast before.
	version := ""
	if f.Model != nil {
		version = f.Model.Version
	}
	shared := []influx.Field{
		{Key: "source", Value: f.Source},
		{Key: "quality", Value: f.Quality},
		{Key: "model_version", Value: version},
		{Key: "revision", Value: int64(f.Revision)},
		{Key: "origin", Value: f.Origin.UTC().Format(time.RFC3339)},
	}
	names := make([]string, len(f.Levels))
	for i, level := range f.Levels {
		names[i] = levelName(level)
	}
	for lead := range f.Leads() {
		fields := make([]influx.Field, 0, len(names)+len(shared))
		for i, name := range names {
			fields = append(fields, influx.Field{Key: name, Value: decimal(f.Quantiles[lead*len(names)+i])})
		}
		dst = append(dst, influx.Point{
			Measurement: Measurement, Tags: tags, Fields: append(fields, shared...),
			Time: f.Origin.Add(time.Duration(lead) * f.Interval),
		})
	}
	return dst
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
