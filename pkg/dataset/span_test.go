package dataset

import (
	"fmt"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Ranges are those of most readings: a series of another year, or too short for a network, moves
// none of them.
func TestSpans(t *testing.T) {
	t.Parallel()
	type days struct{ from, until int64 }
	for name, c := range map[string]struct {
		series      []days
		most, whole days
	}{
		"one":             {[]days{{0, 40}}, days{0, 40}, days{0, 40}},
		"overlap":         {[]days{{0, 40}, {30, 60}, {50, 90}}, days{0, 90}, days{0, 90}},
		"touch":           {[]days{{40, 80}, {0, 40}}, days{0, 80}, days{0, 80}},
		"years before":    {[]days{{0, 60}, {400, 440}, {410, 450}}, days{400, 450}, days{0, 450}},
		"years ahead":     {[]days{{0, 60}, {10, 60}, {900, 960}}, days{0, 60}, days{0, 960}},
		"one day ahead":   {[]days{{0, 60}, {900, 901}}, days{0, 60}, days{0, 60}},
		"all too short":   {[]days{{0, 3}, {2, 5}}, days{0, 5}, days{0, 5}},
		"within another":  {[]days{{0, 90}, {20, 40}, {95, 99}}, days{0, 90}, days{0, 90}},
		"as many earlier": {[]days{{0, 30}, {100, 130}}, days{0, 30}, days{0, 130}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := NewBuilder()
			for i, d := range c.series {
				id := meter.ID{Site: "s", Meter: fmt.Sprintf("m%d", i)}
				for hour := d.from * 24; hour < d.until*24; hour++ {
					b.Add(id, "kWh", hour*meter.HourSeconds, float64(hour%24))
				}
			}
			histories := b.Build()
			if n := CountSeries(histories); n != len(c.series) {
				t.Errorf("%d series", n)
			}
			most, whole := Spans(histories)
			span := func(d days) Span {
				return Span{d.from * meter.DaySeconds, d.until*meter.DaySeconds - meter.HourSeconds}
			}
			if most != span(c.most) || whole != span(c.whole) {
				t.Errorf("most %v, whole %v; want %v, %v", most, whole, span(c.most), span(c.whole))
			}
		})
	}
}

// A series that comes once a week or a month is left out as a whole, by its own name, and the
// others are built as without it.
func TestMonthlySeriesIsLeftOut(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]int64{"a week": 168, "a month": 30 * 24} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := NewBuilder()
			seldom := meter.ID{Site: "a", Meter: "seldom"}
			for i := range int64(20) {
				b.Add(seldom, "kWh", i*step*meter.HourSeconds, 300)
			}
			for hour := range int64(24 * 30) {
				b.Add(meter.ID{Site: "a", Meter: "hourly"}, "kWh", hour*meter.HourSeconds, 1)
			}
			if n := b.DropLone(); n != 0 {
				t.Errorf("%d readings dropped as those of a wrong clock", n)
			}
			histories := b.Build()
			if len(histories) != 1 || histories[0].ID.Meter != "hourly" {
				t.Errorf("%d histories, the first of %s", len(histories), histories[0].ID)
			}
			want := fmt.Sprintf("a.seldom (every %d days)", step/24)
			if text := b.Coarse(); text == "" || text[len(text)-len(want):] != want {
				t.Errorf("told %q, want the end %q", text, want)
			}
		})
	}
}

// Energy of 45 minutes has no place on a grid of hours: the series is left out by name. Power every
// 45 minutes is a mean over time, and stays.
func TestStepThatDividesNoHour(t *testing.T) {
	t.Parallel()
	for unit, left := range map[string]bool{"kWh": true, "kW": false} {
		b := NewBuilder()
		for i := range int64(600) {
			b.Add(meter.ID{Site: "a", Meter: "odd"}, unit, i*2700, 1+float64(i%32))
		}
		histories := b.Build()
		want := "1 of 1 series come at a step that does not divide the hour and are left out: " +
			"a.odd (every 45m)"
		if text := b.Coarse(); left && text != want || (len(histories) == 0) != left {
			t.Errorf("%s: %d histories, told %q", unit, len(histories), text)
		}
	}
}
