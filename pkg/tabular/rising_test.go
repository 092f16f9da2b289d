package tabular

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// A register that is read as energy is pointed out; a load, a still meter, a short rise and what the
// caller has called a register are not.
func TestRegisterIsPointedOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rows  int
		kind  meter.Kind
		value func(i int) float64
		want  bool
	}{
		"register":    {200, meter.KindUnknown, func(i int) float64 { return 99000 + float64(i/2*2) + float64(i) }, true},
		"roll-over":   {200, meter.KindUnknown, func(i int) float64 { return float64((99950 + i) % 100000) }, true},
		"said":        {200, meter.Register, func(i int) float64 { return float64(i) }, false},
		"energy said": {200, meter.Energy, func(i int) float64 { return float64(i) }, false},
		"load":        {200, meter.KindUnknown, func(i int) float64 { return float64(i % 24) }, false},
		"still":       {200, meter.KindUnknown, func(int) float64 { return 5 }, false},
		"short":       {90, meter.KindUnknown, func(i int) float64 { return float64(i) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			b.WriteString("series,timestamp,value\n")
			at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			for i := range c.rows {
				stamp := at.Add(time.Duration(i) * time.Hour).Format(time.RFC3339)
				fmt.Fprintf(&b, "a.b,%s,%g\n", stamp, c.value(i))
			}
			_, report, err := Load([]string{write(t, "a.csv", b.String())}, Options{Kind: c.kind})
			if err != nil {
				t.Fatal(err)
			}
			told := strings.Join(report.Warnings, "\n")
			if strings.Contains(told, `of a register do: "a.b"; say --kind register`) != c.want {
				t.Errorf("told %q", told)
			}
		})
	}
}
