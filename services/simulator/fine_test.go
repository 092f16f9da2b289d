package simulator

import (
	"math"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

// atInterval returns the demo's meters at an interval.
func atInterval(t testing.TB, meters int, interval time.Duration) []Meter {
	t.Helper()
	fleet, err := Fleet(5, meters, MaxSites)
	if err != nil {
		t.Fatal(err)
	}
	withIntervals(fleet, []time.Duration{interval})
	return fleet
}

// The energies of the intervals of an hour sum to the energy of the hour, and a register counts the
// same at every interval.
func TestIntervalsOfAnHourSumToTheHour(t *testing.T) {
	t.Parallel()
	hourly := atInterval(t, 40, time.Hour)
	fleets := map[time.Duration][]Meter{}
	for _, interval := range meter.Intervals() {
		fleets[interval] = atInterval(t, 40, interval)
	}
	rapid.Check(t, func(t *rapid.T) {
		interval := rapid.SampledFrom(meter.Intervals()).Draw(t, "interval")
		i := rapid.IntRange(0, len(hourly)-1).Draw(t, "meter")
		hour := monday + rapid.Int64Range(0, 24*366).Draw(t, "hour")
		m, h := &fleets[interval][i], &hourly[i]
		parts := int64(time.Hour / interval)
		sum := 0.0
		for cell := hour * parts; cell < (hour+1)*parts; cell++ {
			sum += m.Energy(cell)
			if m.Energy(cell) != rounded(m.Energy(cell)) {
				t.Fatalf("%s: %g kWh has more than three decimals", m.ID, m.Energy(cell))
			}
			if m.Shows(cell+1) < m.Shows(cell) {
				t.Fatalf("%s: the register goes back in cell %d", m.ID, cell)
			}
		}
		if math.Abs(sum-h.KWh(hour)) > 1e-9 {
			t.Fatalf("%s at %s: %g kWh, in the hour %g", m.ID, interval, sum, h.KWh(hour))
		}
		if fine, whole := m.Shows(hour*parts), h.Shows(hour); fine != whole {
			t.Fatalf("%s: the register shows %g, of hours %g", m.ID, fine, whole)
		}
	})
}

// Quarter-hours hold more than hours: they differ within the hour, they are not the same share of
// each hour, and the sum of two meters is smoother than one.
func TestQuartersAreNoHoursDivided(t *testing.T) {
	t.Parallel()
	for _, m := range atInterval(t, 40, 15*time.Minute) {
		uneven, steps := 0, 0.0
		const days = 28
		for hour := monday; hour < monday+24*days; hour++ {
			least, most := math.Inf(1), math.Inf(-1)
			for cell := hour * 4; cell < hour*4+4; cell++ {
				least, most = min(least, m.Energy(cell)), max(most, m.Energy(cell))
				steps += math.Abs(m.Energy(cell) - m.Energy(cell-1))
			}
			if level := math.Abs(m.KWh(hour)) / 4; most-least > 0.05*level {
				uneven++
			}
		}
		if uneven < 24*days/3 || steps == 0 {
			t.Errorf("%s: %d of %d hours have quarters that differ", m.ID, uneven, 24*days)
		}
	}
}

// Kettles, compressors and machines make the highest five minutes of a home higher than its highest
// hour.
func TestPeaksOfFiveMinutes(t *testing.T) {
	t.Parallel()
	for _, m := range atInterval(t, 40, 5*time.Minute) {
		if m.climate.site.name != SiteHome && m.climate.site.name != SiteFlat {
			continue
		}
		fine, hourly := 0.0, 0.0
		for hour := monday; hour < monday+24*28; hour++ {
			hourly = max(hourly, m.KWh(hour))
			for cell := 12 * hour; cell < 12*hour+12; cell++ {
				fine = max(fine, 12*m.Energy(cell))
			}
		}
		if fine < 1.2*hourly {
			t.Errorf("%s: at most %.2f kW in five minutes, %.2f in an hour", m.ID, fine, hourly)
		}
	}
}

// Meters of a mixed fleet report at the ends of their own intervals, and the replay takes as long
// as that of hours.
func TestMixedFleetByTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(20 * time.Minute) // the wall clock stands within an hour
		b := &broker{}
		cfg := small(t)
		cfg.Interval = "15m,20m,1h"
		began := time.Now()
		if err := run(t, newService(t, cfg, t.TempDir(), b, nil), 3*time.Hour); err != nil {
			t.Fatal(err)
		}
		steps := []time.Duration{15 * time.Minute, 20 * time.Minute, time.Hour}
		names := fleetNames(t, cfg)
		next := map[string]time.Time{}
		for _, m := range b.messages {
			step := steps[slices.Index(names, m.series)]
			if len(m.readings) > maxReadings {
				t.Fatalf("message of %d readings", len(m.readings))
			}
			for _, r := range m.readings {
				if !r.Time.Equal(r.Time.Truncate(step)) ||
					!next[m.series].IsZero() && !r.Time.Equal(next[m.series]) {
					t.Fatalf("%s at %s, expected %s", m.series, r.Time, next[m.series])
				}
				next[m.series] = r.Time.Add(step)
				live := m.at.Sub(began) > 50*time.Second
				if end := r.Time.Add(step); live && !m.at.Equal(end) {
					t.Fatalf("%s: the interval that ends at %s came at %s", m.series, end, m.at)
				}
			}
		}
		for series, end := range next {
			if time.Since(end) > time.Hour {
				t.Errorf("%s ends at %s, it is %s", series, end, time.Now())
			}
		}
	})
}

// fleetNames returns the series of a configuration in their order.
func fleetNames(t *testing.T, cfg Config) []string {
	t.Helper()
	fleet, _, err := cfg.fleet(cfg.Seed)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(fleet))
	for i := range fleet {
		names[i] = fleet[i].ID.String()
	}
	return names
}

// A demo that is started again with another interval has no hole, and no reading off its grid.
func TestDemoGoesOnAtAnotherInterval(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ before, after string }{{"15m", "1h"}, {"1h", "5m"}, {"20m", "15m"}} {
		synctest.Test(t, func(t *testing.T) {
			dir, b := t.TempDir(), &broker{}
			cfg := small(t)
			cfg.Interval = c.before
			if err := run(t, newService(t, cfg, dir, b, nil), 100*time.Minute); err != nil {
				t.Fatal(err)
			}
			done := len(b.messages)
			last := map[string]time.Time{}
			for _, m := range b.messages {
				last[m.series] = m.readings[len(m.readings)-1].Time
			}
			cfg.Interval = c.after
			if err := run(t, newService(t, cfg, dir, b, nil), 3*time.Hour); err != nil {
				t.Fatal(err)
			}
			intervals, _ := parseIntervals(c.after)
			for _, m := range b.messages[done:] {
				at := m.readings[0].Time
				if gap := at.Sub(last[m.series]); gap > time.Hour ||
					!at.Equal(at.Truncate(intervals[0])) {
					t.Fatalf("%s at %s, %s behind the one before", m.series, at, gap)
				}
				last[m.series] = at
			}
		})
	}
}

// A file of a mixed fleet has each meter's own intervals, in the order of time. With faults the
// column truth has the values of the file without faults.
func TestWriteCSVMixed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := small(t)
	cfg.Interval = "5m,30m,1h"
	until := time.Date(2026, 1, 31, 13, 45, 0, 0, time.UTC)
	const days = 8
	clean := filepath.Join(dir, "clean.csv")
	rows, err := WriteCSV(t.Context(), clean, cfg, until, days)
	if err != nil || rows != days*24*(12+2+1) {
		t.Fatalf("%d rows, %v", rows, err)
	}
	table, _ := load(t, clean, "")
	before := int64(0)
	for row := range table.All() {
		if row.Unix < before {
			t.Fatalf("%s stands behind a later row", row.Time())
		}
		before = row.Unix
	}
	cfg.Faults = "lost=2%,late=1%,spikes=0.5%,frozen=1d"
	faulty := filepath.Join(dir, "faulty.csv")
	if _, err := WriteCSV(t.Context(), faulty, cfg, until, days); err != nil {
		t.Fatal(err)
	}
	truth, _ := load(t, faulty, ColumnTruth)
	want, got := values(table), values(truth)
	for series := range want {
		if len(got[series]) != len(want[series]) {
			t.Errorf("%s: %d true rows of %d", series, len(got[series]), len(want[series]))
		}
		for second, v := range want[series] {
			if got[series][second] != v {
				t.Fatalf("%s at %d: %g, want %g", series, second, got[series][second], v)
			}
		}
	}
}
