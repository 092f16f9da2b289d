package series

import (
	"math"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // zones are the same on every machine

	"pgregory.net/rapid"
)

func place(t interface{ Fatal(...any) }, zone, country string) *Place {
	p, err := NewPlace(zone, country)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The clock of a place is that of its zone, at every instant and close to every
// change.
func TestLocalIsTheClockOfTheZone(t *testing.T) {
	t.Parallel()
	zones := []string{"", "UTC", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "Africa/Casablanca", "Pacific/Apia"}
	places := map[string]*Place{}
	for _, zone := range zones {
		places[zone] = place(t, zone, "")
	}
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(0, time.Date(lastYear-1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()).Draw(t, "second"), 0).In(loc)
		check := func(at time.Time) {
			_, offset := at.Zone()
			if got := places[zone].Local(at.Unix()); got != at.Unix()+int64(offset) {
				t.Fatalf("%s in %q: the clock says %d s of UTC, want %d", at.UTC(), zone, got-at.Unix(), offset)
			}
		}
		check(at)
		if _, end := at.ZoneBounds(); !end.IsZero() && end.Year() < lastYear {
			check(end.Add(-time.Second))
			check(end)
		}
	})
	var utc Place
	if got := utc.Local(12345); got != 12345 || utc.Holiday(12345) {
		t.Errorf("the zero place: %d", got)
	}
}

func TestHolidaysOfKnownDays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		country, day string
		holiday      bool
	}{
		{"NL", "2026-04-27", true}, {"NL", "2026-04-28", false}, {"nl", "2026-12-25", true},
		{"DE", "2026-10-03", true}, {"DE", "2026-04-27", false},
		// a Saturday, and the Monday instead of it
		{"GB", "2026-12-26", true}, {"GB", "2026-12-28", true},
		{"US", "2026-07-03", true}, {"US", "2026-07-04", true}, {"US", "2026-07-06", false},
		{"AU-VIC", "2025-11-04", true}, {"AU-NSW", "2025-11-04", false}, // Melbourne Cup
	} {
		day, err := time.Parse(time.DateOnly, c.day)
		if err != nil {
			t.Fatal(err)
		}
		p := place(t, "", c.country)
		for _, hours := range []int64{0, 12, 23} {
			if got := p.Holiday(day.Unix() + hours*3600); got != c.holiday {
				t.Errorf("%s at %02d:00 in %s: holiday %v", c.day, hours, c.country, got)
			}
		}
	}
}

// Hour, weekday and holiday follow the clock of the place.
func TestFeaturesFollowThePlace(t *testing.T) {
	t.Parallel()
	l := DefaultLayout(false).WithHolidays().At(place(t, "Europe/Amsterdam", "NL"))
	names := l.InputNames()
	row := func(utc string) map[string]float32 {
		at, err := time.Parse(time.RFC3339, utc)
		if err != nil {
			t.Fatal(err)
		}
		values := make([]float32, len(names))
		l.Input(values, &Window{Z: make([]float32, 1), Known: 1, Start: at.Unix(), Interval: hour})
		all := map[string]float32{}
		for i, name := range names {
			all[name] = values[i]
		}
		return all
	}
	for utc, want := range map[string]struct{ clock, holiday, saturday float32 }{
		"2026-04-26T21:00:00Z": {23, 0, 0}, "2026-04-26T22:00:00Z": {0, 1, 0}, "2026-04-27T21:00:00Z": {23, 1, 0}, "2026-04-27T22:00:00Z": {0, 0, 0},
		"2026-01-30T23:00:00Z": {0, 0, 1}, "2026-01-30T22:00:00Z": {23, 0, 0},
	} {
		utcRow := calendarRow(t, 3600*int64(want.clock)) // the hour's columns are those of any day
		got := row(utc)
		far := func(name string) bool { return math.Abs(float64(got[name]-utcRow[name])) > 1e-6 }
		if far("hour_sin") || far("hour2_cos") || got["holiday"] != want.holiday ||
			got["saturday"] != want.saturday {
			t.Errorf("%s: %v, want the clock to say %v, holiday %v", utc, got, want.clock, want.holiday)
		}
	}
	if plain := DefaultLayout(false); len(plain.InputNames()) != len(names)-1 {
		t.Errorf("%d inputs without holidays, %d with", len(plain.InputNames()), len(names))
	}
	if _, err := LayoutOf(l.InputNames(), l.LeadNames(), l.CurrentNames()); err != nil {
		t.Error(err)
	}
}

func TestPlacesThatAreNotKnown(t *testing.T) {
	t.Parallel()
	for says, c := range map[string]struct{ zone, country string }{
		`zone "Europe/Atlantis"`: {"Europe/Atlantis", ""}, `zone "Local"`: {"Local", ""}, `zone "../etc"`: {"../etc", ""}, `country "XX"`: {"UTC", "XX"},
	} {
		if _, err := NewPlace(c.zone, c.country); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %s", err, says)
		}
	}
}
