package plot

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// svgOf draws a chart.
func svgOf(t *testing.T, chart Chart) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chart.svg")
	if err := Write(path, Size{}, chart); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// Beyond a day the error of each day is above the axis, except that of a day without a score.
func TestDaysHaveTheirErrorInFigures(t *testing.T) {
	t.Parallel()
	week := weekAhead()
	week.Ours.DayWQL = []float64{0.0311, 0.0322, 0.0333, math.NaN(), 0.0355, 0.0366, 0.0377}
	drawn := svgOf(t, week)
	for _, want := range []string{
		"0.0311", "0.0322", "0.0333", "0.0355", "0.0366", "0.0377", "days ahead", "load-1h v1, by day",
	} {
		if !strings.Contains(drawn, want) {
			t.Errorf("the chart lacks %q", want)
		}
	}
	if strings.Contains(drawn, "NaN") {
		t.Error("a day without a score is drawn")
	}
	if day := svgOf(t, risingErrors()); strings.Contains(day, "by day") {
		t.Error("a horizon of a day is drawn by day")
	}
}

func TestValueDigits(t *testing.T) {
	t.Parallel()
	for want, values := range map[int][]float64{
		0: {0, 123, 4567}, 1: {12.3, -99}, 2: {1.23}, 3: {0.476}, 4: {0.0288}, 5: {0.00288},
	} {
		for _, v := range values {
			if got := valueDigits(v); got != want {
				t.Errorf("%v: %d places, want %d", v, got, want)
			}
		}
	}
}
