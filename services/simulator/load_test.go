package simulator

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// fleetOf returns meters of the demo's three sites.
func fleetOf(t testing.TB, seed uint64, meters int) []Meter {
	t.Helper()
	fleet, err := Fleet(seed, meters, 3)
	if err != nil {
		t.Fatal(err)
	}
	return fleet
}

// hourOf returns the hour that t lies in.
func hourOf(t time.Time) int64 { return meter.FloorDiv(t.Unix(), meter.HourSeconds) }

// monday is the first hour of Monday 2026-01-05.
var monday = hourOf(time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC))

func TestFleet(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 3, 7, 24, 150} {
		seen := map[string]bool{}
		for _, m := range fleetOf(t, 1, n) {
			if _, ok := meter.ParseID(m.ID.String()); !ok || seen[m.ID.String()] {
				t.Errorf("%d meters: %s is doubled or no series", n, m.ID)
			}
			seen[m.ID.String()] = true
		}
		if len(seen) != n {
			t.Errorf("%d meters are %d", n, len(seen))
		}
	}
	sites := map[string]int{}
	for _, m := range fleetOf(t, 1, flagtest.Defaults[Config](t).Meters) {
		sites[m.ID.Site]++
	}
	if sites[SiteHome] != 12 || sites[SiteFlat] != 8 || sites[SiteShop] != 4 {
		t.Errorf("sites of the demo: %v", sites)
	}
}

func TestLoadIsAFunctionOfSeedMeterHour(t *testing.T) {
	t.Parallel()
	small, large, other := fleetOf(t, 7, 24), fleetOf(t, 7, 60), fleetOf(t, 8, 24)
	byName := map[string]Meter{}
	for _, m := range large {
		byName[m.ID.String()] = m
	}
	rapid.Check(t, func(t *rapid.T) {
		m := small[rapid.IntRange(0, len(small)-1).Draw(t, "meter")]
		hour := rapid.Int64Range(-1000, 24*366*200).Draw(t, "hour")
		twin := byName[m.ID.String()]
		got := m.KWh(hour)
		if again := twin.KWh(hour); got != again {
			t.Fatalf("%s at %d: %g in one fleet, %g in another", m.ID, hour, got, again)
		}
		if !(got > -10 && got < 200) || got < 0 && m.kind != prosumer ||
			math.Abs(got*1000-math.Round(got*1000)) > 1e-6 {
			t.Fatalf("%s at %d: %g", m.ID, hour, got)
		}
	})
	differs := 0
	for hour := monday; hour < monday+100; hour++ {
		if small[0].KWh(hour) != other[0].KWh(hour) {
			differs++
		}
	}
	if differs < 90 {
		t.Errorf("another seed differs in %d of 100 hours", differs)
	}
}

// hours returns n hours of a meter.
func hours(m *Meter, from int64, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = m.KWh(from + int64(i))
	}
	return v
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

func autocorrelation(v []float64, lag int) float64 {
	m, both, all := mean(v), 0.0, 0.0
	for i, x := range v {
		all += (x - m) * (x - m)
		if i >= lag {
			both += (x - m) * (v[i-lag] - m)
		}
	}
	return both / all * float64(len(v)) / float64(len(v)-lag)
}

// The load has what a network can learn: a day, a week, a season, and persistence beyond them.
func TestLoadHasItsPatterns(t *testing.T) {
	t.Parallel()
	fleet := fleetOf(t, 1, 24)
	for i := range fleet {
		m := &fleet[i]
		name := m.ID.String()
		v := hours(m, monday, 24*7*20)
		day, week := autocorrelation(v, 24), autocorrelation(v, 168)
		lowDay, lowWeek, least, most := 0.35, 0.35, 0.1, 3.0
		switch {
		case m.kind == prosumer:
			lowDay, lowWeek, least = 0.3, 0.3, -1
		case m.kind == car: // when it charges is a matter of the day
			lowDay, lowWeek = 0.1, 0.1
		case m.ID.Site == SiteShop:
			lowDay, lowWeek, least, most = 0.5, 0.8, 4, 60
			if week < day+0.1 {
				t.Errorf("%s: the week (%.2f) should tell more than the day (%.2f)", name, week, day)
			}
		}
		if day < lowDay || week < lowWeek {
			t.Errorf("%s: autocorrelation %.2f at a day, %.2f at a week", name, day, week)
		}
		if level := mean(v); level < least || level > most {
			t.Errorf("%s: %.2f kWh an hour", name, level)
		}
	}
}

func TestHouseholdHasPeaksAndShopHasHours(t *testing.T) {
	t.Parallel()
	fleet := fleetOf(t, 1, 24)
	// profile is the mean over the meters of a kind at an hour of the local clock.
	profile := func(of kind, at float64, days func(moment) bool) float64 {
		var v []float64
		for i := range fleet {
			m := &fleet[i]
			for hour := monday; m.kind == of && hour < monday+140*24; hour++ {
				if now := m.climate.at(hour); now.clock == at+0.5 && days(now) {
					v = append(v, m.KWh(hour))
				}
			}
		}
		return mean(v)
	}
	workday := func(m moment) bool { return !m.free() }
	sunday := func(m moment) bool { return m.weekday == 0 }
	easterMonday := func(m moment) bool { return m.holiday && m.weekday == 1 }
	for _, c := range []struct {
		text      string
		high, low float64
		ratio     float64
	}{
		{"home: morning over night", profile(household, 8, workday), profile(household, 3, workday), 1.5},
		{
			"home: evening over noon", profile(household, 20, workday), profile(household, 12, workday), 1.5,
		},
		{
			"home: noon of free days over noon of workdays", profile(household, 12, moment.free),
			profile(household, 12, workday), 1.15,
		},
		{"home over flats", profile(household, 20, workday), profile(flat, 20, workday), 1.5},
		{"car at home over car away", profile(car, 19, workday), profile(car, 10, workday), 2},
		{"shop: noon over night", profile(shop, 12, workday), profile(shop, 3, workday), 2},
		{"shop: workdays over Sundays", profile(shop, 12, workday), profile(shop, 12, sunday), 2},
		{"shop: workdays over holidays", profile(shop, 12, workday), profile(shop, 12, easterMonday), 2},
	} {
		if !(c.high >= c.ratio*c.low) {
			t.Errorf("%s: %.2f against %.2f kWh", c.text, c.high, c.low)
		}
	}
	// Persistence beyond the day: what is left after the same hour yesterday is not white.
	v := hours(&fleet[0], monday, 24*140)
	var changes []float64
	for i := 24; i < len(v); i++ {
		changes = append(changes, v[i]-v[i-24])
	}
	if r := autocorrelation(changes, 1); r < 0.3 {
		t.Errorf("what the day leaves has autocorrelation %.2f at an hour", r)
	}
	winter := mean(hours(&fleet[0], hourOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), 24*28))
	summer := mean(hours(&fleet[0], hourOf(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)), 24*28))
	if winter < 1.05*summer {
		t.Errorf("winter %.2f, summer %.2f kWh an hour", winter, summer)
	}
}

func TestWriteCSV(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "meters.csv.gz")
	until := time.Date(2026, 1, 31, 13, 45, 0, 0, time.UTC)
	cfg := flagtest.Defaults[Config](t)
	rows, err := WriteCSV(t.Context(), path, cfg, until, 2)
	if err != nil || rows != 48*24 {
		t.Fatalf("%d rows, %v", rows, err)
	}
	table, report, err := tabular.Load([]string{path}, tabular.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Rows != rows || report.Rejected != 0 || report.Series != 24 ||
		report.Until.Hour() != 12 || report.Until.Sub(report.From) != 47*time.Hour {
		t.Errorf("report %+v", report)
	}
	byName := map[meter.ID]Meter{}
	for _, m := range fleetOf(t, cfg.Seed, cfg.Meters) {
		byName[m.ID] = m
	}
	for row := range table.All() {
		m := byName[table.Name(row)]
		if want := m.KWh(hourOf(row.Time())); row.Value != want {
			t.Fatalf("%s at %s: %g in the file, %g", table.Name(row), row.Time(), row.Value, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := WriteCSV(ctx, path, cfg, until, 2); err == nil {
		t.Error("an interrupted file must be an error")
	}
	if _, err := WriteCSV(t.Context(), path, cfg, until, 0); err == nil {
		t.Error("no days must be an error")
	}
	cfg.Meters = 0
	if _, err := WriteCSV(t.Context(), path, cfg, until, 1); err == nil {
		t.Error("no meters must be an error")
	}
}

func BenchmarkKWh(b *testing.B) {
	fleet := fleetOf(b, 1, 24)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		fleet[i%24].KWh(monday + int64(i))
	}
}

func ExampleFleet() {
	fleet, err := Fleet(1, 24, 3)
	if err != nil {
		fmt.Println(err)
		return
	}
	shop := fleet[20]
	for _, at := range []int64{3, 12} {
		fmt.Printf("%s at %02d:00 UTC on a Monday: %.3f kWh\n", shop.ID, at, shop.KWh(monday+at))
	}
	// Output:
	// shop.m01 at 03:00 UTC on a Monday: 7.629 kWh
	// shop.m01 at 12:00 UTC on a Monday: 31.926 kWh
}
