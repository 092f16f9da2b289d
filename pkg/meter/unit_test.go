package meter_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
	"pgregory.net/rapid"
)

func TestConvert(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to string
		v, want  float64
	}{
		{
			"Wh", "kWh", 1234, 1.234,
		}, {
			"kWh", "Wh", 1.234, 1234,
		}, {"MWh", "kWh", 0.5, 500}, {"GWh", "MWh", 2, 2000}, {"TWh", "GWh", 3, 3000},
		{"W", "kW", 1, 0.001}, {"MW", "kW", 487, 487000}, {"kW", "GW", 5e6, 5},
		{"kwh", "kWh", 7, 7}, {"KWH", "Wh", 7, 7000}, {"Mwh", "kWh", 1, 1000}, {"KW", "W", 1, 1000},
		{"MJ", "kWh", 3.6, 1}, {"kWh", "MJ", 1, 3.6}, {"J", "Wh", 7200, 2}, {"GJ", "MWh", 3.6, 1},
		{"m³", "m³", 3, 3}, {"", "", 3, 3}, {"mW", "mW", 3, 3}, {"kWh", "kWh", 0.1, 0.1},
		{"kj", "kJ", 7, 7}, {"gwh", "GWh", 7, 7}, {"Watt", "kW", 520, 0.52},
		{"kilowatt hours", "Wh", 1, 1000}, {"Megawattstunde", "MWh", 7, 7},
	} {
		conversion, err := meter.Convert(c.from, c.to)
		if err != nil {
			t.Errorf("%s to %s: %v", c.from, c.to, err)
		} else if got := conversion.Apply(c.v); math.Abs(got-c.want) > 1e-15*c.want {
			t.Errorf("%v %s is %v %s, want %v", c.v, c.from, got, c.to, c.want)
		}
	}
}

// A person may set units that meters have; a unit that is none is most likely misspelt.
func TestKnownUnits(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"": true, "kWh": true, "kwh": true, "GJ": true, "MW": true, "m3": true, "°C": true, "VAr": true,
		"Watt": true, "furlong": false, "mwh": false, "kWh/h": false, " kWh": false, "kwatt": false,
	} {
		if got := meter.KnownUnit(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
	for _, name := range []string{"kWh", "m3", "VArh"} {
		if !strings.Contains(meter.UnitNames(), name) {
			t.Errorf("%s is not named", name)
		}
	}
}

func TestUnitsThatDoNotConvert(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"kWh", "kW"}, {"MW", "MWh"}, {"mW", "MW"}, {"mwh", "MWh"}, {"m³", "kWh"}, {"m³", "m3"},
		{"", "kWh"}, {"kWh", ""}, {"VA", "W"}, {"kVArh", "kWh"}, {" kWh", "kWh"}, {"mj", "MJ"},
		{"milliwatt", "W"}, {"kilowatts per hour", "kW"},
	} {
		_, err := meter.Convert(c[0], c[1])
		var unit *meter.UnitError
		if !errors.As(err, &unit) || unit.From != c[0] || unit.To != c[1] {
			t.Errorf("%q to %q: %v", c[0], c[1], err)
			continue
		}
		for _, name := range c {
			if !strings.Contains(err.Error(), `"`+name+`"`) {
				t.Errorf("%q to %q: the error does not name %q: %v", c[0], c[1], name, err)
			}
		}
	}
	_, err := meter.Convert("kW", "kWh")
	want := `unit "kW" is one of power: the series is measured in "kWh", one of energy, and neither ` +
		`is turned into the other; send that unit, or use another meter name`
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}

var unitNames = []string{
	"Wh", "kWh", "KWH", "kwh", "MWh", "GWh", "TWh", "J", "kJ", "MJ", "GJ", "W", "kW", "KW", "MW", "GW",
	"TW",
}

func TestConversionReturns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.SampledFrom(unitNames).Draw(t, "from")
		to := rapid.SampledFrom(unitNames).Draw(t, "to")
		v := rapid.Float64Range(-1e12, 1e12).Draw(t, "value")
		there, err := meter.Convert(from, to)
		back, errBack := meter.Convert(to, from)
		same := meter.ParseUnit(from).Dimension == meter.ParseUnit(to).Dimension
		if (err == nil) != same || (errBack == nil) != same {
			t.Fatalf("%v, %v", err, errBack)
		}
		if err != nil {
			return
		}
		if got := back.Apply(there.Apply(v)); math.Abs(got-v) > 4e-16*math.Abs(v)+1e-300 {
			t.Fatalf("%v comes back as %v", v, got)
		}
	})
}

func TestKinds(t *testing.T) {
	t.Parallel()
	for unit, want := range map[string]meter.Kind{
		"kWh": meter.Energy, "MWh": meter.Energy, "kwh": meter.Energy, "MJ": meter.Energy,
		"kW": meter.Power, "W": meter.Power, "": meter.Power, "m³/h": meter.Power, "mWh": meter.Power,
	} {
		if got := meter.KindOf(unit); got != want {
			t.Errorf("%q: %s, want %s", unit, got, want)
		}
	}
	for _, k := range []meter.Kind{meter.KindUnknown, meter.Energy, meter.Power, meter.Register} {
		if got, err := meter.ParseKind(k.String()); err != nil || got != k {
			t.Errorf("%s: %s, %v", k, got, err)
		}
	}
	if got, err := meter.ParseKind("Energy"); err != nil || got != meter.Energy {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := meter.ParseKind("gas"); err == nil || !strings.Contains(err.Error(), `"gas"`) {
		t.Errorf("%v", err)
	}
	if got := meter.Kind(9).String(); got != "Kind(9)" {
		t.Error(got)
	}
	for _, c := range []struct {
		kind meter.Kind
		unit string
		want bool
	}{
		{
			meter.Energy, "kWh", true,
		}, {meter.Energy, "kW", false}, {meter.Power, "kW", true}, {meter.Power, "GWh", false},
		{
			meter.Register, "kWh", true,
		}, {
			meter.Register, "kW", false,
		}, {
			meter.Register, "m³", true,
		}, {meter.KindUnknown, "kWh", true}, {meter.KindUnknown, "kW", true},
	} {
		if got := c.kind.Fits(c.unit); got != c.want {
			t.Errorf("%s in %q: %v", c.kind, c.unit, got)
		}
	}
}

func FuzzParseUnit(f *testing.F) {
	for _, name := range append(unitNames, "", "m", "k", "mW", "kk", "µWh", "Wh ", "\xff") {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		u := meter.ParseUnit(name)
		if (u.Dimension == meter.DimensionNone) != (u.Scale == 0) {
			t.Fatalf("%q: %+v", name, u)
		}
		if u.Dimension != meter.DimensionNone && (len(name) > 3 || name[0] == 'm') {
			t.Fatalf("%q is %s", name, u.Dimension)
		}
		c, err := meter.Convert(name, name)
		if err != nil || c.Apply(0.1) != 0.1 {
			t.Fatalf("%q to itself: %v", name, err)
		}
		if _, err := meter.Convert(name, "kWh"); (err == nil) != (u.Dimension == meter.DimensionEnergy) {
			t.Fatalf("%q to kWh: %v", name, err)
		}
	})
}

// The name of a unit is the same however a sender writes it. Other names stay as they are.
func TestUnitNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"kWh": "kWh", "KWH": "kWh", " kwh ": "kWh", "kilowatt-hours": "kWh", "Kilowattstunden": "kWh",
		"Watt": "W", "WATTS": "W", "w": "W", "gw": "GW", "kj": "kJ", "Megajoule": "MJ", "tWh": "TWh",
		"mwh": "mwh", "mW": "mW", "": "", " m3": " m3", "°C": "°C", "kilo": "kilo", "K": "K",
	} {
		if got := meter.UnitName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
		if meter.ParseUnit(want).Dimension == meter.DimensionNone {
			continue
		}
		if again := meter.UnitName(want); again != want {
			t.Errorf("%q is named %q", want, again)
		}
	}
	for name, want := range map[string]bool{
		"mW": true, "mw": true, "mWh": true, "mwh": true, " mJ": true, "MW": false, "m": false,
		"m3": false, "mkW": false, "": false, "kW": false,
	} {
		if got := meter.AmbiguousUnit(name); got != want {
			t.Errorf("%q is ambiguous: %v", name, got)
		}
	}
}
