package series

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// calendarRow is the calendar at an instant, by name.
func calendarRow(t testing.TB, second int64) map[string]float32 {
	t.Helper()
	l := DefaultLayout(true)
	names := l.InputNames()
	row := make([]float32, len(names))
	w := Window{Z: make([]float32, 1), Known: 1, Start: second, Interval: 3600}
	l.Input(row, &w)
	all := map[string]float32{}
	for i, name := range names {
		all[name] = row[i]
	}
	return all
}

func near(got float32, want float64) bool { return math.Abs(float64(got)-want) < 1e-6 }

func TestCalendarOfKnownDates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		at      string
		hour    float64 // of the day
		weekday float64 // Monday is 0
	}{
		{"1970-01-01T00:00:00Z", 0, 3},
		{"1969-12-28T05:00:00Z", 5, 6},
		{"1969-12-31T23:00:00Z", 23, 2}, // as local time a zone west of Greenwich may see the epoch
		{"2026-01-30T13:00:00Z", 13, 4},
		{"2026-01-31T00:00:00Z", 0, 5},
		{"2026-01-31T23:30:00Z", 23.5, 5},
		{"2026-02-01T06:00:00Z", 6, 6},
		{"2026-02-02T00:00:00Z", 0, 0},
		{"2024-02-29T12:00:00Z", 12, 3},
		{"2023-12-31T18:00:00Z", 18, 6},
		{"2199-12-31T05:00:00Z", 5, 1},
	} {
		t.Run(c.at, func(t *testing.T) {
			t.Parallel()
			at, err := time.Parse(time.RFC3339, c.at)
			if err != nil {
				t.Fatal(err)
			}
			if monday := (int(at.Weekday()) + 6) % 7; monday != int(c.weekday) {
				t.Fatalf("the table says weekday %v, it is %d", c.weekday, monday)
			}
			turn := 2 * math.Pi
			year := float64(at.Unix()) / 3600 / 24 / 365.25
			want := map[string]float64{
				"hour_sin": math.Sin(turn * c.hour / 24), "hour_cos": math.Cos(turn * c.hour / 24),
				"hour2_sin": math.Sin(2 * turn * c.hour / 24), "hour2_cos": math.Cos(2 * turn * c.hour / 24),
				"weekday_sin": math.Sin(turn * c.weekday / 7), "weekday_cos": math.Cos(turn * c.weekday / 7),
				"saturday": 0, "sunday": 0,
				"year_sin": math.Sin(turn * year), "year_cos": math.Cos(turn * year),
			}
			switch c.weekday {
			case 5:
				want["saturday"] = 1
			case 6:
				want["sunday"] = 1
			}
			got := calendarRow(t, at.Unix())
			for name, v := range want {
				if !near(got[name], v) {
					t.Errorf("%s is %v, want %v", name, got[name], v)
				}
			}
		})
	}
}

// A series may start its hours at any slot of five minutes; its calendar follows
// the start of the interval.
func TestCalendarFollowsThePhase(t *testing.T) {
	t.Parallel()
	saturday := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC).Unix()
	for minutes := int64(0); minutes < 60; minutes += 5 {
		angle := 2 * math.Pi * (7 + float64(minutes)/60) / 24
		got := calendarRow(t, saturday+7*3600+minutes*60)
		if !near(got["hour_sin"], math.Sin(angle)) || !near(got["hour2_cos"], math.Cos(2*angle)) ||
			got["saturday"] != 1 {
			t.Errorf("07:%02d on Saturday: %v", minutes, got)
		}
	}
	// Half an hour before Sunday belongs to Saturday, and half an hour before the
	// week begins to Sunday.
	if got := calendarRow(t, saturday+86400-1800); got["saturday"] != 1 || got["sunday"] != 0 {
		t.Errorf("Saturday 23:30: %v", got)
	}
	if got := calendarRow(t, saturday+2*86400-1800); got["sunday"] != 1 ||
		!near(got["weekday_sin"], math.Sin(2*math.Pi*6/7)) {
		t.Errorf("Sunday 23:30: %v", got)
	}
}

// The angle of the year is the one of math.Mod to the bit: a state that an older release computed
// from it stays valid.
func TestYearAngleIsThatOfMod(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		second := rapid.Int64Range(0, 1<<33).Draw(t, "second")
		want := 2 * math.Pi * math.Mod(float64(second)/yearSeconds, 1)
		if got := yearAngle(second); got != want {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}
