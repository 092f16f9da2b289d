package dataset

import (
	"fmt"
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Ranges are those of most series: a few of another year, with a clock weeks ahead, with a longer
// past, or too short for a network, move none of them.
func TestSpansOf(t *testing.T) {
	t.Parallel()
	type days struct{ from, until int64 }
	fleet := func(n int, d days, others ...days) []days {
		return append(slices.Repeat([]days{d}, n), others...)
	}
	for name, c := range map[string]struct {
		series                []days
		most, touching, whole days
	}{
		"one":           {[]days{{0, 40}}, days{0, 40}, days{0, 40}, days{0, 40}},
		"two":           {[]days{{0, 40}, {20, 70}}, days{0, 70}, days{0, 70}, days{0, 70}},
		"one after one": {[]days{{0, 40}, {30, 60}, {50, 90}}, days{0, 90}, days{0, 90}, days{0, 90}},
		"touch":         {[]days{{40, 80}, {0, 40}}, days{0, 80}, days{0, 80}, days{0, 80}},
		"years before": {
			[]days{{0, 60}, {400, 440}, {410, 450}}, days{400, 450}, days{400, 450}, days{0, 450},
		},
		"years ahead":    {[]days{{0, 60}, {10, 60}, {900, 960}}, days{0, 60}, days{0, 60}, days{0, 960}},
		"one day ahead":  {[]days{{0, 60}, {900, 901}}, days{0, 60}, days{0, 60}, days{0, 60}},
		"all too short":  {[]days{{0, 3}, {2, 5}}, days{0, 5}, days{0, 5}, days{0, 5}},
		"within another": {[]days{{0, 90}, {20, 40}, {95, 99}}, days{0, 90}, days{0, 90}, days{0, 90}},
		"one long past and a new fleet": {
			fleet(2, days{600, 622}, days{0, 100}), days{600, 622}, days{600, 622}, days{0, 622},
		},
		"as many earlier": {
			[]days{{0, 30}, {100, 130}}, days{0, 30}, days{0, 30}, days{0, 130},
		},
		"one of three ahead": {
			fleet(2, days{0, 60}, days{35, 95}), days{0, 60}, days{0, 95}, days{0, 95},
		},
		"two of eight weeks ahead": {
			fleet(6, days{0, 60}, days{35, 95}, days{0, 95}), days{0, 60}, days{0, 95}, days{0, 95},
		},
		"ten of a hundred weeks ahead": {
			fleet(90, days{0, 20}, fleet(10, days{15, 35})...), days{0, 20}, days{0, 35}, days{0, 35},
		},
		"one with a past": {
			fleet(3, days{300, 360}, days{0, 360}), days{300, 360}, days{0, 360}, days{0, 360},
		},
		"one of last year and one ahead": {
			fleet(4, days{300, 360}, days{200, 310}, days{340, 400}),
			days{300, 360}, days{200, 400}, days{200, 400},
		},
		"a fleet that grows": {
			[]days{{0, 90}, {10, 90}, {20, 90}, {30, 90}, {40, 90}, {50, 90}},
			days{20, 90}, days{0, 90}, days{0, 90},
		},
		"half of them ahead": {
			fleet(3, days{0, 60}, fleet(3, days{30, 90})...), days{0, 90}, days{0, 90}, days{0, 90},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := NewBuilder()
			for i, d := range c.series {
				addDays(b, fmt.Sprintf("m%d", i), d.from, d.until)
			}
			histories := b.Build()
			if n := CountSeries(histories); n != len(c.series) {
				t.Errorf("%d series", n)
			}
			span := func(d days) Span {
				return Span{d.from * meter.DaySeconds, d.until*meter.DaySeconds - meter.HourSeconds}
			}
			want := Spans{span(c.most), span(c.touching), span(c.whole)}
			if got := SpansOf(histories); got != want {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

// addDays adds hourly readings of a meter.
func addDays(b *Builder, name string, from, until int64) {
	for hour := from * 24; hour < until*24; hour++ {
		b.Add(meter.ID{Site: "s", Meter: name}, "kWh", hour*meter.HourSeconds, float64(hour%24))
	}
}

// Less than half of a fleet are few, also of a small one.
func TestFew(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{
		0: 0, 1: 0, 2: 0, 3: 1, 4: 1, 5: 2, 6: 2, 7: 3, 8: 3, 39: 3, 40: 4, 100: 10, 2000: 200,
	} {
		if got := Few(n); got != want {
			t.Errorf("%d of %d are few, want %d", got, n, want)
		}
	}
}

// A moment that somebody names outside of the time of most series asks for the time of all.
func TestSpanAroundNamedMoments(t *testing.T) {
	t.Parallel()
	s := Spans{Most: Span{100, 190}, Touching: Span{50, 250}, Whole: Span{0, 300}}
	for _, c := range []struct {
		moments []int64
		want    Span
	}{
		{nil, s.Most}, {[]int64{110, 200}, s.Most}, {[]int64{100}, s.Whole}, {[]int64{210}, s.Whole},
		{[]int64{110, 50}, s.Whole},
	} {
		if got := s.Around(c.moments, 10); got != c.want {
			t.Errorf("around %v: %v, want %v", c.moments, got, c.want)
		}
	}
	if s.Reach() != 50 {
		t.Errorf("reach %d", s.Reach())
	}
}

// TestLater: the series are named whose readings go on after the time of most. Series that end a few
// hours later are not named, nor are series that only begin then.
func TestLater(t *testing.T) {
	t.Parallel()
	b := NewBuilder()
	addDays(b, "a", 0, 60)
	addDays(b, "ahead", 20, 95)
	addDays(b, "after", 60, 90)
	histories := b.Build()
	want := "1 of 3 series have readings after 1970-03-01, when most series have ended: those " +
		"readings are not used: s.ahead (to 1970-04-05)"
	if got := Later(histories, 60*meter.DaySeconds); got != want {
		t.Errorf("told %q", got)
	}
	if got := Later(histories, 94*meter.DaySeconds+1); got != "" {
		t.Errorf("told %q", got)
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
