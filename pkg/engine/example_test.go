package engine_test

import (
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
)

// A day of readings goes through an engine without a model. A simple rule forecasts: persistence
// until more than a day is known, then the same hour of the day before. A restored engine goes on
// where the first one stopped.
func Example() {
	start := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC).Unix()
	kettle := meter.ID{Site: "home", Meter: "kettle"}
	reading := func(hour int) engine.Reading {
		value := 0.2
		if hour%24 == 7 || hour%24 == 19 {
			value = 1.5
		}
		return engine.Reading{
			Series: kettle, Second: start + int64(hour)*3600, Value: value, Unit: "kWh", Quality: meter.OK, Message: hour,
		}
	}
	show := func(f engine.Forecast) {
		median := len(f.Levels) / 2
		lead := func(k int) float32 { return f.Quantiles[(k-1)*len(f.Levels)+median] }
		fmt.Printf("%s, %s: the next hour %.1f %s, the seventh %.1f\n",
			time.Unix(f.Origin, 0).UTC().Format("Mon 15:04"), f.Source, lead(1), f.Unit, lead(7))
	}

	e := engine.New()
	for hour := range 25 {
		result := e.Step([]engine.Reading{reading(hour)})
		if hour%8 == 0 {
			show(result.Forecasts[0])
		}
	}
	wrong := reading(25)
	wrong.Unit = "kW"
	result := e.Step([]engine.Reading{reading(24), wrong})
	fmt.Println("repeated:", result.Repeated, "rejected:", result.Rejections[0].Reason)

	restored := engine.New()
	if err := restored.Restore(e.Snapshot()); err != nil {
		fmt.Println(err)
		return
	}
	show(restored.Step([]engine.Reading{reading(25)}).Forecasts[0])

	// Output:
	// Mon 01:00, persistence: the next hour 0.2 kWh, the seventh 0.2
	// Mon 09:00, persistence: the next hour 0.2 kWh, the seventh 0.2
	// Mon 17:00, persistence: the next hour 0.2 kWh, the seventh 0.2
	// Tue 01:00, seasonal_naive: the next hour 0.2 kWh, the seventh 1.5
	// repeated: 1 rejected: wrong_unit
	// Tue 02:00, seasonal_naive: the next hour 0.2 kWh, the seventh 0.2
}
