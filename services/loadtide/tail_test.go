package main

import (
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// The sum of a forecast is that of its first day, however far the forecast reaches.
func TestTailAddsUpTheNextDay(t *testing.T) {
	t.Parallel()
	forecast := func(leads int, interval time.Duration, unit string, levels ...float64) *streams.Forecast {
		f := &streams.Forecast{
			Series: meter.ID{Site: "a", Meter: "b"}, Origin: time.Unix(0, 0).UTC(), Interval: interval,
			Unit: unit, Source: meter.SourceLSTM, Quality: "OK", Levels: levels,
		}
		for range leads {
			for i := range levels {
				f.Quantiles = append(f.Quantiles, float32(i+1))
			}
		}
		return f
	}
	const quarter = 15 * time.Minute
	for _, c := range []struct {
		f    *streams.Forecast
		want string // the end of the line
	}{
		{forecast(24, time.Hour, "kWh", 0.1, 0.5, 0.9), "48 kWh"},
		{forecast(168, time.Hour, "kWh", 0.1, 0.5, 0.9), "48 kWh"},
		{forecast(192, quarter, "kW", 0.1, 0.5, 0.9), "48 kW"},
		{forecast(96, quarter, "", 0.5), "24"},
		{forecast(12, time.Hour, "kWh", 0.1, 0.5, 0.9), "-"},
		{forecast(24, time.Hour, "kWh", 0.1, 0.9), "-"},
	} {
		if line := tailLine(c.f); !strings.HasSuffix(line, "  "+c.want) {
			t.Errorf("%d leads of %s in %q: %q, want %q at the end", c.f.Leads(), c.f.Interval, c.f.Unit,
				line, c.want)
		}
	}
}
