package simulator

import (
	"math"
	"testing"
	"time"
)

func climateOf(t testing.TB, s int) *climate {
	t.Helper()
	c, err := newClimate(&sites[s], key(mix(1)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The clock of a site is that of its zone, also at both changes of the year, and in the southern
// half of the world.
func TestLocalClock(t *testing.T) {
	t.Parallel()
	for s := range sites {
		c := climateOf(t, s)
		zone, err := time.LoadLocation(c.site.zone)
		if err != nil {
			t.Fatal(err)
		}
		for at := time.Date(
			2025, 12, 20, 0, 0, 0, 0, time.UTC,
		); at.Year() < 2027; at = at.Add(time.Hour) {
			local, got := at.In(zone), c.at(hourOf(at))
			if got.clock != float64(local.Hour())+0.5 || got.weekday != int64(local.Weekday()) ||
				got.day != hourOf(
					time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC),
				)/24 {
				t.Fatalf("%s at %s: %+v", c.site.name, local, got)
			}
		}
		newYear := c.at(hourOf(time.Date(2026, 1, 1, 12, 0, 0, 0, zone)))
		if !newYear.holiday || !newYear.free() {
			t.Errorf("%s: New Year is a holiday: %+v", c.site.name, newYear)
		}
	}
}

func TestWeather(t *testing.T) {
	t.Parallel()
	meanOf := func(from time.Time, days int, f func(int64) float64) float64 {
		sum := 0.0
		for hour := range int64(days * 24) {
			sum += f(hourOf(from) + hour)
		}
		return sum / float64(days*24)
	}
	january, july := time.Date(
		2026, 1, 1, 0, 0, 0, 0, time.UTC,
	), time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	for s := range sites {
		c := climateOf(t, s)
		north := c.site.latitude > 0
		if cold, warm := meanOf(
			january, 28, c.temperatureC,
		), meanOf(july, 28, c.temperatureC); north != (cold < warm) || math.Abs(cold-warm) < 5 {
			t.Errorf("%s: %.1f degrees in January, %.1f in July", c.site.name, cold, warm)
		}
		if low, high := meanOf(january, 28, c.sun), meanOf(july, 28, c.sun); north != (low < high) {
			t.Errorf("%s: sun %.3f in January, %.3f in July", c.site.name, low, high)
		}
		most, clouds := 0.0, meanOf(january, 365, c.cloud)
		for hour := hourOf(january); hour < hourOf(january)+24*366; hour++ {
			sun, cloud := c.sun(hour), c.cloud(hour)
			if at := c.at(hour).clock; sun > 0 && (at < 4 || at > 22) || sun < 0 || sun > 1 || cloud < 0 ||
				cloud > 1 {
				t.Fatalf("%s: sun %.2f, clouds %.2f at %g", c.site.name, sun, cloud, at)
			}
			most = max(most, sun)
		}
		if most < 0.6 || clouds < 0.35 || clouds > 0.65 {
			t.Errorf("%s: at most %.2f sun, %.2f clouds", c.site.name, most, clouds)
		}
	}
}

// The meters of a site share its weather: their panels are under the same clouds.
func TestProsumersOfASiteShareTheSun(t *testing.T) {
	t.Parallel()
	fleet := fleetOf(t, 1, 24)
	var panels []*Meter
	for i := range fleet {
		if fleet[i].kind == prosumer {
			panels = append(panels, &fleet[i])
		}
	}
	if len(panels) < 2 {
		t.Fatalf("%d prosumers in the demo", len(panels))
	}
	june := hourOf(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
	for _, m := range panels {
		fedIn := 0
		for day := range int64(30) {
			if m.KWh(june+day*24+11) < 0 {
				fedIn++
			}
			if m.KWh(june+day*24+1) <= 0 {
				t.Fatalf("%s feeds in at night", m.ID.Meter)
			}
		}
		if fedIn < 15 {
			t.Errorf("%s feeds in at noon on %d of 30 days of June", m.ID.Meter, fedIn)
		}
	}
	a, b := hours(panels[0], june, 24*30), hours(panels[1], june, 24*30)
	both, one, other := 0.0, 0.0, 0.0
	for i := 24 + 11; i < len(a); i += 24 { // noon against noon: what changes is the weather
		x, y := a[i]-a[i-24], b[i]-b[i-24]
		both, one, other = both+x*y, one+x*x, other+y*y
	}
	if r := both / math.Sqrt(one*other); r < 0.7 {
		t.Errorf("noons of two prosumers hang together by %.2f", r)
	}
}

// Every kind on every site has a plausible load, and a larger fleet has all meters of a smaller
// one.
func TestSites(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 7, 60} {
		fleet, err := Fleet(3, n, MaxSites)
		if err != nil || len(fleet) != n {
			t.Fatalf("%d meters, %v", len(fleet), err)
		}
		larger, err := Fleet(3, n+9, MaxSites)
		if err != nil {
			t.Fatal(err)
		}
		has := map[string]kind{}
		for _, m := range larger {
			has[m.ID.String()] = m.kind
		}
		seen := map[string]bool{}
		for i := range fleet {
			m := &fleet[i]
			seen[m.ID.Site] = true
			if k, ok := has[m.ID.String()]; !ok || k != m.kind {
				t.Errorf("%s is gone from a larger fleet", m.ID)
			}
			if level := mean(hours(m, monday, 24*28)); level < -1 || level > 400 {
				t.Errorf("%s: %.2f kWh an hour", m.ID, level)
			}
		}
		if n == 60 && len(seen) != MaxSites {
			t.Errorf("60 meters stand on %d sites", len(seen))
		}
	}
}

func TestRegister(t *testing.T) {
	t.Parallel()
	fleet := fleetOf(t, 1, 24)
	withRegisters(fleet, 6)
	n := 0
	for i := range fleet {
		if fleet[i].Register {
			n++
		}
	}
	if n != 6 {
		t.Errorf("%d registers", n)
	}
	for _, m := range []Meter{fleet[0], fleet[3]} { // the second is a prosumer
		last := m.Shows(monday)
		for hour := monday + 1; hour < monday+24*200; hour++ {
			now := m.Shows(hour)
			if used := now - last; math.Abs(used-max(m.KWh(hour-1), 0)) > 1e-6 {
				t.Fatalf(
					"%s: %g kWh between %d and the next hour, drawn %g", m.ID.Meter, used, hour-1, m.KWh(hour-1),
				)
			}
			last = now
		}
		again := Meter{
			ID: m.ID, Interval: m.Interval, key: m.key, climate: m.climate, kind: m.kind, shape: m.shape,
		}
		late := again.Shows(monday + 24*300)
		if again.Shows(monday) != m.Shows(monday) || m.Shows(monday+24*300) != late {
			t.Errorf("%s: a register depends on what it was asked before", m.ID.Meter)
		}
	}
}
