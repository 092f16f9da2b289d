package meter_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

func TestParseQuantity(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]meter.Quantity{
		"40kW": {40, "kW"}, "40 kW": {40, "kW"}, "40": {Value: 40}, " ": {}, "0.5MWh": {0.5, "MWh"},
		"1e3kWh": {1000, "kWh"}, "1e3": {Value: 1000}, "-5kW": {-5, "kW"}, ".5W": {0.5, "W"},
		"40,5kW": {}, "kW": {}, "": {}, "40kW per hour": {}, "4 0kW": {}, "NaN": {}, "InfkW": {},
		"1_000kW": {}, "1 e5V": {1, "e5V"}, "1e999kW": {}, "7m³/h": {7, "m³/h"}, "40kW ": {40, "kW"},
	} {
		got, err := meter.ParseQuantity(text)
		if (err != nil) != (want == meter.Quantity{}) || got != want {
			t.Errorf("%q: %+v, %v, want %+v", text, got, err, want)
		}
		if err != nil && !strings.Contains(err.Error(), "40kW or 0.5MWh") {
			t.Errorf("%q: the error has no remedy: %v", text, err)
		}
	}
}

func TestQuantityReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := meter.Quantity{
			Value: rapid.Float64Range(-1e12, 1e12).Draw(t, "value"),
			Unit:  rapid.SampledFrom(append(unitNames, "", "m³")).Draw(t, "unit"),
		}
		if got, err := meter.ParseQuantity(q.String()); err != nil || got != q {
			t.Fatalf("%s: %+v, %v", q, got, err)
		}
	})
}

func TestQuantityInTheUnitOfASeries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		quantity, unit string
		interval       time.Duration
		want           float64
		says           string
	}{
		{"40kW", "kW", time.Hour, 40, ""},
		{"40kW", "W", 15 * time.Minute, 40000, ""},
		{"40kW", "kWh", time.Hour, 40, ""},
		{"40kW", "kWh", 15 * time.Minute, 10, ""},
		{"40kW", "Wh", 30 * time.Minute, 20000, ""},
		{"1MW", "MJ", 5 * time.Minute, 300, ""},
		{"40kWh", "Wh", 15 * time.Minute, 40000, ""},
		{"40", "m³", time.Hour, 40, ""},
		{"40", "", time.Hour, 40, ""},
		{"40m³", "m³", time.Hour, 40, ""},
		{"40kWh", "kW", time.Hour, 0, `"kW", a unit of power; give the value in that unit`},
		{"40kW", "", time.Hour, 0, "the unit of the series is not known"},
		{"40kW", "m³", time.Hour, 0, `"m³", which "kW" is not turned into; give the value in that unit`},
		{"40m³", "kWh", time.Hour, 0, `"kWh", which "m³" is not turned into`},
	} {
		q, err := meter.ParseQuantity(c.quantity)
		if err != nil {
			t.Fatal(err)
		}
		got, err := q.In(c.unit, c.interval)
		switch {
		case c.says == "" && (err != nil || math.Abs(got-c.want) > 1e-12*c.want):
			t.Errorf("%s in %q at %s: %v, %v, want %v", q, c.unit, c.interval, got, err, c.want)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) ||
			!strings.Contains(err.Error(), c.quantity)):
			t.Errorf("%s in %q: error %v, want %q in it", q, c.unit, err, c.says)
		}
	}
}

func FuzzParseQuantity(f *testing.F) {
	for _, text := range []string{"40kW", "40 kW", "-1e-3MWh", "1e", "4e4e", "\xff1", "1\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := meter.ParseQuantity(text)
		if err != nil {
			return
		}
		if again, err := meter.ParseQuantity(q.String()); err != nil || again != q {
			t.Fatalf("%q is %+v, which reads back as %+v, %v", text, q, again, err)
		}
	})
}
