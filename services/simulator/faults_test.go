package simulator

import (
	"strings"
	"testing"
	"time"
)

func TestParseFaults(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for _, c := range []struct {
		name, spec string
		want       map[Fault]rate
		wrong      string // part of the error
	}{
		{"nothing", " ", map[Fault]rate{}, ""},
		{
			"rates", "lost=2%, late=1%,spikes=0.5%,frozen=1d",
			map[Fault]rate{
				Lost: {share: 0.02}, Late: {share: 0.01}, Spikes: {share: 0.005}, Frozen: {length: day},
			},
			"",
		},
		{
			"rates of the table", "lost,gap,reset,rollover",
			map[Fault]rate{
				Lost: {share: 0.02}, Gap: {length: day / 2, every: 30 * day}, Reset: {every: 90 * day},
				Rollover: {},
			},
			"",
		},
		{"a share of stretches", "flat=1%", map[Fault]rate{Flat: {length: day, every: 100 * day}}, ""},
		{"hours", "zero=36h/7d", map[Fault]rate{Zero: {length: 36 * time.Hour, every: 7 * day}}, ""},
		{"a start", "total=6h,reversed", map[Fault]rate{
			Total: {length: 6 * time.Hour}, Reversed: {length: 2 * day},
		}, ""},
		{"a start, and how often", "total=1d/60d", nil, "give how long it lasts from the first reading"},
		{"a start as a share", "unset=1%", nil, "1h to 366d"},
		{"one left out", "lost,late=off", map[Fault]rate{Lost: {share: 0.02}}, ""},
		{
			"unknown", "lost,losst=1%", nil,
			`"losst" is no fault; known are all, total, unset, watthours, hundredfold, unnamed, reversed, ` +
				`gap, gathered, burst, overdue, frozen, flat, zero, blank, sign, factor, tenth, tenfold, ` +
				`ahead, lost, garbage, years, double, unfinished, spikes, corrected, repeated, late, reset, ` +
				`exchange, rollover`,
		},
		{"empty name", "lost,", nil, `"" is no fault`},
		{"twice", "lost,lost=1%", nil, "lost stands there twice"},
		{"all late", "lost,all", nil, "all takes no rate and stands first"},
		{"all with a rate", "all=1%", nil, "all takes no rate"},
		{"no share", "lost=1d", nil, "lost=1d: give the share of readings"},
		{"too much", "lost=51%", nil, "at most 50%"},
		{"nothing of it", "lost=0%", nil, "more than 0%"},
		{"not a number", "lost=NaN%", nil, "give the share"},
		{"negative", "frozen=-1d", nil, "give a length"},
		{"longer than half", "frozen=2d/3d", nil, "at most half"},
		{"a moment", "reset=12h", nil, "give how often it comes"},
		{"a switch", "rollover=1d", nil, "it takes no rate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, err := ParseFaults(c.spec)
			if c.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), c.wrong) {
					t.Fatalf("error %v, want %q", err, c.wrong)
				}
				return
			}
			if err != nil || len(f.rates) != len(c.want) {
				t.Fatalf("%v, %v", f, err)
			}
			for name, want := range c.want {
				if got, ok := f.rates[name]; !ok || got != want {
					t.Errorf("%s: %+v, want %+v", name, got, want)
				}
			}
		})
	}
}

func TestAllFaults(t *testing.T) {
	t.Parallel()
	f, err := ParseFaults("all,years=off,lost=5%")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := f.rates[Years]; ok || len(f.rates) != len(faultTable)-1 ||
		f.rates[Lost].share != 0.05 {
		t.Errorf("%v", f.rates)
	}
	help := FaultHelp()
	for _, row := range faultTable {
		if _, err := parseRate(row.form, row.standard); err != nil {
			t.Errorf("%s at its rate %q: %v", row.name, row.standard, err)
		}
		if !strings.Contains(help, "  "+string(row.name)+" ") || !strings.Contains(help, row.meaning) {
			t.Errorf("the help does not explain %s", row.name)
		}
	}
}

func FuzzParseFaults(f *testing.F) {
	for _, seed := range []string{
		"all", "lost=2%,frozen=1d/30d", "reset=90d,rollover", "lost=1e300%", "gap=1e9d", "=,=", "all,all",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		faults, err := ParseFaults(spec)
		if err != nil {
			return
		}
		for _, rolls := range []float64{0, 1000} {
			in := newInjector(faults, 1, 3600, 0, 100, rolls)
			for _, a := range in.faults {
				if a.share < 0 || a.share > 0.5 || a.length < 1 || a.every < a.length || a.every > 24*366*10 &&
					a.form != byStretch {
					t.Fatalf("%q: %+v", spec, a)
				}
			}
			if back := in.lookback(); back < 1 || back > 2*24*3660+400 {
				t.Fatalf("%q looks back %d cells", spec, back)
			}
			in.accept(0, 1)
		}
	})
}
