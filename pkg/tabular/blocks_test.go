package tabular

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestBlocks: a column of texts that is not read is pointed out where the rows of each text stand
// together, as those of several meters do.
func TestBlocks(t *testing.T) {
	t.Parallel()
	rows := func(texts ...string) string {
		var b strings.Builder
		b.WriteString("time,place,kWh\n")
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for _, text := range texts {
			for range leastRows {
				fmt.Fprintf(&b, "%s,%s,1\n", at.Format("2006-01-02 15:04"), text)
				at = at.Add(time.Hour)
			}
		}
		return b.String()
	}
	for name, c := range map[string]struct{ content, warning string }{
		"two places":         {rows("Cellar", "Roof"), "has 2 texts whose rows stand together, the second from line 26 on"},
		"one place":          {rows("Cellar", "Cellar"), ""},
		"texts that go back": {rows("Low", "High", "Low"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, report := readingsOf(t, c.content, Options{})
			told := strings.Join(report.Warnings, "\n")
			if !strings.Contains(told, c.warning) || c.warning == "" && told != "" {
				t.Errorf("told %q, want %q", told, c.warning)
			}
		})
	}
}
