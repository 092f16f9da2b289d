package recorder_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/services/recorder"
	"github.com/loadtide/loadtide/streams"
)

// BenchmarkForecasts measures forecasts of a day from the stream into a real InfluxDB: each has 24
// points of the curve and 4 of the scored leads.
func BenchmarkForecasts(b *testing.B) {
	conn := connect(b)
	w := newBench(b, influxtest.Server(b), recorder.FromBus(conn))
	w.edit = func(c *recorder.Config) {
		*c = flagtest.Defaults[recorder.Config](w.t)
		c.Influx = w.influx
	}
	for i := range b.N {
		publishForecast(b, conn, dayAhead(i))
	}
	b.ResetTimer()
	w.run()
	w.awaitStored("forecasts", b.N)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "forecasts/s")
	b.ReportMetric(float64(b.N)*28/b.Elapsed().Seconds(), "points/s")
}

// BenchmarkReadings measures readings, one a message, over all logs.
func BenchmarkReadings(b *testing.B) {
	conn := connect(b)
	w := newBench(b, influxtest.Server(b), recorder.FromBus(conn))
	w.edit = func(c *recorder.Config) {
		*c = flagtest.Defaults[recorder.Config](w.t)
		c.Influx = w.influx
	}
	for i := range b.N {
		publishReadings(
			b, conn, meter.ID{Site: "north", Meter: fmt.Sprintf("m%04d", i%5000)},
			fmt.Sprintf(
				`{"ts":%q,"value":%d.25,"unit":"kWh"}`,
				origin.Add(time.Duration(i/5000)*time.Hour).Format(time.RFC3339), i,
			),
		)
	}
	b.ResetTimer()
	w.run()
	w.awaitStored("readings", b.N)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "points/s")
}

// dayAhead is the i-th of forecasts of 5000 series, 24 leads at five levels.
func dayAhead(i int) streams.Forecast {
	f := forecast(fmt.Sprintf("north.m%04d", i%5000), 0)
	f.Origin = origin.Add(time.Duration(i/5000) * time.Hour)
	f.Levels, f.Quantiles = []float64{0.1, 0.25, 0.5, 0.75, 0.9}, nil
	for lead := range 24 {
		for level := range 5 {
			f.Quantiles = append(f.Quantiles, float32(i%97)*0.173+float32(lead)*0.013+float32(level)*0.0317)
		}
	}
	return f
}
