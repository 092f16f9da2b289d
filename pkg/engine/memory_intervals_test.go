package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// The table of docs/operations.md has what a row of each interval takes at 64 units and a day of
// leads. The test prints the rows that the table should have.
func TestBytesOfEachInterval(t *testing.T) {
	t.Parallel()
	const hidden = 64
	var rows strings.Builder
	for _, interval := range intervals {
		s := &newCohort(interval, newLimits(settings{}), &meter.Marks{}).slabs
		s.useHidden(hidden)
		s.add(meter.ID{Site: "s", Meter: "m"}, "kWh")
		cells := 4*len(s.values.row(0)) + len(s.quality.row(0))
		states := 4 * (len(s.live.row(0)) + len(s.settled.row(0)))
		waiting := len(s.held.row(0))
		rest := int(unsafe.Sizeof(record{}) + unsafe.Sizeof(series.Scaling{}))
		name := meter.IntervalName(time.Duration(interval) * time.Second)
		fmt.Fprintf(&rows, "| %s | %d | %d | %d | %d | %d | %d |\n", name, s.len.Ring, cells, states,
			waiting, rest, cells+states+waiting+rest)
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(page), "\r\n", "\n")
	if !strings.Contains(text, rows.String()) {
		t.Errorf("docs/operations.md has other rows than\n%s", rows.String())
	}
}
