package evaluate

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// tableOf loads rows "meter hour", in their order.
func tableOf(t *testing.T, rows []string) *tabular.Table {
	t.Helper()
	text := "series,timestamp,value\n"
	for _, row := range rows {
		meter, after, _ := strings.Cut(row, " ")
		d, err := time.ParseDuration(after)
		if err != nil {
			t.Fatal(err)
		}
		text += "s." + meter + "," + time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(d).
			Format(time.RFC3339) + ",1\n"
	}
	path := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	table, _, err := tabular.Load([]string{path}, tabular.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestArrivals(t *testing.T) {
	t.Parallel()
	zero := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	for _, c := range []struct {
		name   string
		rows   []string
		heard  string // of meter a: hour of the stamp @ hour of the clock
		future int
	}{
		{"in order", []string{"a 0h", "b 0h", "a 1h", "b 1h"}, "0@0 1@1", 0},
		{"late", []string{"a 0h", "b 0h", "b 1h", "b 2h", "a 1h", "a 2h"}, "0@0 1@2 2@2", 0},
		{"years ahead", []string{"a 0h", "b 0h", "a 9000h", "b 1h", "a 2h"}, "0@0 2@2", 1},
		{"the first row years ahead", []string{"a 9000h", "a 0h", "a 1h"}, "0@0 1@1", 1},
		{"all silent for a week", []string{"a 0h", "a 168h", "a 169h"}, "0@0 168@168 169@169", 0},
		{"two ahead that do not agree", []string{"a 0h", "a 9000h", "a 5000h", "a 1h"}, "0@0 1@1",
			2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			arrivals, err := ArrivalsOf(tableOf(t, c.rows))
			if err != nil {
				t.Fatal(err)
			}
			var heard []string
			for _, a := range arrivals.Feed[meter.ID{Site: "s", Meter: "a"}] {
				heard = append(heard, hoursOf(a.Second-zero)+"@"+hoursOf(a.Clock-zero))
			}
			if got := strings.Join(heard, " "); got != c.heard || arrivals.Future != c.future {
				t.Errorf("heard %q, %d left out; want %q, %d", got, arrivals.Future, c.heard,
					c.future)
			}
		})
	}
	var bySeries []string
	for _, meter := range []string{"a", "b"} {
		for h := range 1000 {
			bySeries = append(bySeries, meter+" "+(time.Duration(h)*time.Hour).String())
		}
	}
	var order *OrderError
	if _, err := ArrivalsOf(tableOf(t, bySeries)); !errors.As(err, &order) || order.Rows != 2000 ||
		order.Behind < 600 {
		t.Errorf("a file that is sorted by series: %v", err)
	}
}

// hoursOf writes whole hours as a number.
func hoursOf(seconds int64) string { return strconv.FormatInt(seconds/3600, 10) }
