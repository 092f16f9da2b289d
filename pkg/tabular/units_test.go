package tabular

import (
	"strings"
	"testing"
)

// TestOverruledUnit: a unit of the file that --unit overrules is pointed out, as values stay as they
// stand.
func TestOverruledUnit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ content, warning string }{
		"in a name":     {"timestamp,Use [Wh]\n2026-01-31 13:00,1500\n", `column "Use [Wh]" says Wh, --unit says kWh`},
		"in a column":   {"timestamp,value,unit\n2026-01-31 13:00,1,kWh\n2026-01-31 14:00,1,MWh\n", `line 3, column "unit" says MWh`},
		"behind values": {"timestamp,use\n2026-01-31 13:00,1500 Wh\n2026-01-31 14:00,1600 Wh\n", "line 2 says Wh"},
		"the same":      {"timestamp,Use [KWH]\n2026-01-31 13:00,1500\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, report := readingsOf(t, c.content, Options{Series: "h", Unit: "kWh"})
			told := ""
			for _, w := range report.Warnings {
				if strings.Contains(w, "--unit says") {
					told += w
				}
			}
			if !strings.Contains(told, c.warning) || c.warning == "" && told != "" {
				t.Errorf("told %q, want %q", told, c.warning)
			}
		})
	}
}

// TestUnitsOfTwoFiles: a series that is energy in one file and power in the next is refused.
func TestUnitsOfTwoFiles(t *testing.T) {
	t.Parallel()
	file := func(name, unit string) string {
		return write(t, name, "series,timestamp,value,unit\n"+
			strings.Repeat("a,2026-01-31 13:00,1,"+unit+"\n", fewestMixed))
	}
	_, _, err := Load([]string{file("a.csv", "kWh"), file("b.csv", "kW")}, Options{})
	const want = `column "unit" says kW, and a file before says kWh for the same series`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
}
