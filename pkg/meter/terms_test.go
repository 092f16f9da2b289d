package meter_test

import (
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

func TestTermsOfAFirstReading(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ first, want meter.Terms }{
		{meter.Terms{}, meter.Terms{}},
		{meter.Terms{Unit: "kWh"}, meter.Terms{Unit: "kWh", Kind: meter.Energy}},
		{meter.Terms{Unit: "m3"}, meter.Terms{Unit: "m3", Kind: meter.Power}},
		{meter.Terms{Unit: "kWh", Kind: meter.Register}, meter.Terms{Unit: "kWh", Kind: meter.Register}},
		{meter.Terms{Kind: meter.Energy}, meter.Terms{Kind: meter.Energy}},
	} {
		if got, err := c.first.Begin(); err != nil || got != c.want {
			t.Errorf("%+v begins %+v, %v; want %+v", c.first, got, err, c.want)
		}
	}
	for _, terms := range []meter.Terms{
		{"kW", meter.Energy}, {"kW", meter.Register}, {"kWh", meter.Power},
	} {
		if _, err := terms.Begin(); err == nil || meter.ReasonOf(err) != meter.ReasonWrongUnit {
			t.Errorf("%+v: %v", terms, err)
		}
	}
}

func TestTermsOfALaterReading(t *testing.T) {
	t.Parallel()
	energy := meter.Terms{Unit: "kWh", Kind: meter.Energy}
	power := meter.Terms{Unit: "kW", Kind: meter.Power}
	for _, c := range []struct {
		series, reading, with meter.Terms
		value                 float64 // of 1000
		reason                meter.Reason
		says                  string
	}{
		{energy, meter.Terms{}, energy, 1000, "", ""},
		{energy, meter.Terms{Unit: "Wh"}, energy, 1, "", ""},
		{energy, meter.Terms{Unit: "Wh", Kind: meter.Energy}, energy, 1, "", ""},
		{energy, meter.Terms{Unit: "kW"}, energy, 0, meter.ReasonWrongUnit, `unit "kW" is one of power`},
		{
			energy, meter.Terms{Kind: meter.Power}, energy, 0, meter.ReasonWrongKind,
			"kind power: the series is of kind energy",
		},
		{energy, meter.Terms{Kind: meter.Register}, energy, 0, meter.ReasonWrongKind, "kind register"},
		{
			power, meter.Terms{Kind: meter.Energy}, power, 0, meter.ReasonWrongKind,
			"kind energy: the series is of kind power",
		},
		{meter.Terms{}, meter.Terms{Unit: "kWh"}, energy, 1000, "", ""},
		{meter.Terms{}, meter.Terms{Kind: meter.Energy}, meter.Terms{Kind: meter.Energy}, 1000, "", ""},
		{
			meter.Terms{}, meter.Terms{Unit: "kWh", Kind: meter.Register}, meter.Terms{}, 0,
			meter.ReasonWrongKind, "the series is of kind power",
		},
		{
			meter.Terms{}, meter.Terms{Unit: "kW", Kind: meter.Energy}, meter.Terms{}, 0,
			meter.ReasonWrongUnit, `unit "kW" is not one of kind energy`,
		},
		{
			meter.Terms{Kind: meter.Energy}, meter.Terms{Unit: "kW"}, meter.Terms{Kind: meter.Energy}, 0,
			meter.ReasonWrongUnit, `unit "kW" is not one of kind energy`,
		},
		{
			meter.Terms{Unit: "nWh", Kind: meter.Energy}, meter.Terms{Unit: "Wh"},
			meter.Terms{Unit: "nWh", Kind: meter.Energy}, 0, meter.ReasonWrongUnit, "not known",
		},
	} {
		value, with, err := c.series.Take(1000, c.reading)
		if value != c.value || with != c.with || (err != nil) != (c.reason != "") {
			t.Errorf("%+v takes %+v: %v, %+v, %v", c.series, c.reading, value, with, err)
			continue
		}
		if err != nil && (meter.ReasonOf(err) != c.reason || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%+v takes %+v: %s: %v", c.series, c.reading, meter.ReasonOf(err), err)
		}
	}
}

func TestAValueIsBoundedInTheUnitOfItsSeries(t *testing.T) {
	t.Parallel()
	series := meter.Terms{Unit: "Wh", Kind: meter.Energy}
	_, _, err := series.Take(-9e11, meter.Terms{Unit: "MWh"})
	if err == nil || meter.ReasonOf(err) != meter.ReasonOutOfRange ||
		!strings.Contains(err.Error(), "value -9e+11 MWh") {
		t.Errorf("%v", err)
	}
	if value, _, err := series.Take(9e5, meter.Terms{Unit: "MWh"}); err != nil || value != 9e11 {
		t.Errorf("%v, %v", value, err)
	}
}
