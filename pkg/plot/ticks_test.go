package plot

import (
	"math"
	"slices"
	"strconv"
	"testing"
	"time"
	_ "time/tzdata" // zones on systems without their own

	"pgregory.net/rapid"
)

func labels(ticks []tick) []string {
	var out []string
	for _, t := range ticks {
		out = append(out, t.label)
	}
	return out
}

func TestValueTicks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		span span
		n    int
		want []string
	}{
		{span{0, 10}, 5, []string{"0", "2", "4", "6", "8", "10"}},
		{span{0, 1}, 2, []string{"0.0", "0.5", "1.0"}},
		{span{-1.2, 1.2}, 3, []string{"-1", "0", "1"}},
		{span{0, 0.04}, 4, []string{"0.00", "0.01", "0.02", "0.03", "0.04"}},
		{span{0, 30000}, 3, []string{"0", "10000", "20000", "30000"}},
		{span{0, 2e9}, 2, []string{"0", "1e+09", "2e+09"}},
		{span{0, 2e-8}, 2, []string{"0.00000000", "1e-08", "2e-08"}},
	} {
		if got := labels(c.span.ticks(c.n)); !slices.Equal(got, c.want) {
			t.Errorf("%v in %d: %q, want %q", c.span, c.n, got, c.want)
		}
	}
}

func TestValueTicksAreFewRoundAndInside(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-maxMagnitude, maxMagnitude), 1, 5).Draw(t, "values")
		n := rapid.IntRange(0, 12).Draw(t, "n")
		s := fromZero(values)
		for _, v := range append(values, 0) {
			if v < s.from || v > s.to {
				t.Fatalf("%v is outside of %v", v, s)
			}
		}
		ticks := s.ticks(n)
		if limit := float64(max(n, 1))/0.7 + 1.001; float64(len(ticks)) > limit || len(ticks) == 0 {
			t.Fatalf("%d ticks in %v, want 1 to %v", len(ticks), s, limit)
		}
		for i, tick := range ticks {
			if tick.at < s.from-1e-9*s.length() || tick.at > s.to+1e-9*s.length() ||
				i > 0 && tick.at <= ticks[i-1].at {
				t.Fatalf("ticks %v in %v", ticks, s)
			}
			read, err := strconv.ParseFloat(tick.label, 64)
			if err != nil || math.Abs(read-tick.at) > 1e-3*s.length() {
				t.Fatalf("label %q of %v: %v", tick.label, tick.at, err)
			}
		}
	})
}

func TestTimeTicks(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(year, month, day, hour int, zone *time.Location) time.Time {
		return time.Date(year, time.Month(month), day, hour, 0, 0, 0, zone)
	}
	for name, c := range map[string]struct {
		first, last time.Time
		n           int
		want        []string
	}{
		"half days": {
			at(2017, 11, 10, 14, time.UTC), at(2017, 11, 12, 14, time.UTC), 6,
			[]string{"Sat 11 Nov", "12:00", "Sun 12 Nov", "12:00"},
		},
		"quarters": {
			at(2020, 1, 1, 9, time.UTC), at(2020, 1, 1, 10, time.UTC), 5,
			[]string{"09:00", "09:15", "09:30", "09:45", "10:00"},
		},
		"mondays": {
			at(2020, 1, 1, 9, time.UTC), at(2020, 1, 28, 10, time.UTC), 5,
			[]string{"Mon 6 Jan", "Mon 13 Jan", "Mon 20 Jan", "Mon 27 Jan"},
		},
		"months": {
			at(2020, 11, 15, 0, time.UTC), at(2021, 2, 15, 0, time.UTC), 4,
			[]string{"Dec 2020", "Jan 2021", "Feb 2021"},
		},
		"quarter years": {
			at(2020, 2, 15, 0, time.UTC), at(2021, 2, 1, 0, time.UTC), 5,
			[]string{"Apr 2020", "Jul 2020", "Oct 2020", "Jan 2021"},
		},
		"years": {
			at(1990, 2, 15, 0, time.UTC), at(2020, 2, 1, 0, time.UTC), 4,
			[]string{"1990", "2000", "2010", "2020"}[1:],
		},
		"day of 23 hours": {
			at(2024, 3, 30, 12, berlin), at(2024, 4, 1, 0, berlin), 8,
			[]string{"12:00", "18:00", "Sun 31 Mar", "06:00", "12:00", "18:00", "Mon 1 Apr"},
		},
		"day of 25 hours": {
			at(2024, 10, 26, 12, berlin), at(2024, 10, 28, 0, berlin), 8,
			[]string{"12:00", "18:00", "Sun 27 Oct", "06:00", "12:00", "18:00", "Mon 28 Oct"},
		},
		"hour left out": {
			at(2024, 3, 31, 0, berlin), at(2024, 3, 31, 5, berlin), 8,
			[]string{"Sun 31 Mar", "01:00", "03:00", "04:00", "05:00"},
		},
		"nothing": {at(2024, 3, 31, 3, berlin), at(2024, 3, 31, 3, berlin), 8, []string{"03:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ticks := timeTicks(c.first, c.last, c.first, c.n)
			if got := labels(ticks); !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
			for i, tick := range ticks {
				if i > 0 && tick.at <= ticks[i-1].at {
					t.Errorf("ticks do not ascend: %v", ticks)
				}
			}
		})
	}
}

func TestTimeTicksAreFewForAnyLength(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		first := time.Unix(rapid.Int64Range(-1e9, 4e9).Draw(t, "first"), 0).UTC()
		length := time.Duration(rapid.Int64Range(0, int64(2*century)).Draw(t, "length"))
		n := rapid.IntRange(1, 30).Draw(t, "n")
		// Months and years are counted as a little shorter than they are: one more may fit.
		if got := timeTicks(first, first.Add(length), first, n); len(got) > n+1 {
			t.Fatalf("%d ticks, want at most %d", len(got), n+1)
		}
	})
}

func TestZoneAlwaysHasItsOffset(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for want, at := range map[string]time.Time{
		"times in UTC":                       origin(),
		"times in Europe/Berlin (UTC+01:00)": origin().In(berlin),
		"times in UTC-03:30":                 origin().In(time.FixedZone("", -3*3600-1800)),
	} {
		if got := zone(at); got != want {
			t.Errorf("zone of %v is %q, want %q", at, got, want)
		}
	}
}

func TestLeadTicks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		horizon time.Duration
		n       int
		name    string
		want    []string
	}{
		{24 * time.Hour, 8, "hours ahead", []string{"0", "3", "6", "9", "12", "15", "18", "21", "24"}},
		{time.Hour, 4, "minutes ahead", []string{"0", "15", "30", "45", "60"}},
		{48 * time.Hour, 10, "hours ahead", []string{"0", "6", "12", "18", "24", "30", "36", "42", "48"}},
		{7 * 24 * time.Hour, 10, "days ahead", []string{"0", "1", "2", "3", "4", "5", "6", "7"}},
		{30 * 24 * time.Hour, 6, "days ahead", []string{"0", "5", "10", "15", "20", "25", "30"}},
	} {
		unit, name := leadUnit(c.horizon)
		got := labels(leadTicks(float64(c.horizon)/float64(unit), unit, c.n))
		if name != c.name || !slices.Equal(got, c.want) {
			t.Errorf("%v: %q %s, want %q %s", c.horizon, got, name, c.want, c.name)
		}
	}
}
