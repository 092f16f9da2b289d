package tabular

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestZoneAgreesWithPackageTime: each moment is among those of its local time, and a local time has
// no others.
func TestZoneAgreesWithPackageTime(t *testing.T) {
	t.Parallel()
	type pair struct {
		zone     *zone
		location *time.Location
	}
	var pairs []pair
	for _, name := range []string{
		"", "UTC", "Europe/Berlin", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Kolkata", "Etc/GMT+5",
		"Africa/Casablanca", "Pacific/Apia", "America/Havana", "Europe/Dublin",
	} {
		z, err := loadZone(name)
		if err != nil {
			t.Fatal(err)
		}
		location, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, pair{z, location})
	}
	hint := make([]int, len(pairs)) // kept over all calls, as the loader does
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.IntRange(0, len(pairs)-1).Draw(t, "zone")
		z, location := pairs[i].zone, pairs[i].location
		unix := rapid.Int64Range(minUnix, maxUnix).Draw(t, "unix")
		if n := len(z.changes); n > 0 && rapid.Bool().Draw(t, "near") {
			c := z.changes[rapid.IntRange(0, n-1).Draw(t, "change")]
			unix = c.from - z.offsets[0] + rapid.Int64Range(-7200, 7200).Draw(t, "seconds")
		}
		local := func(unix int64) int64 {
			_, offset := time.Unix(unix, 0).In(location).Zone()
			return unix + int64(offset)
		}
		m := z.at(local(unix), &hint[i])
		if m.state == skipped || m.unix != unix && m.unix+m.later != unix ||
			(m.state == doubled) != (m.later > 0) {
			t.Fatalf("%s: %d comes back as %+v", z.name, unix, m)
		}
		m = z.at(unix, &hint[i]) // any number is a local time, too
		if is := local(m.unix) == unix; is == (m.state == skipped) {
			t.Fatalf("%s: local %d is %+v", z.name, unix, m)
		}
		if m.state == doubled && local(m.unix+m.later) != unix {
			t.Fatalf("%s: local %d is not twice: %+v", z.name, unix, m)
		}
	})
}

func TestStandardNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Europe/London": "UTC", "Australia/Sydney": "Etc/GMT-10", "America/New_York": "Etc/GMT+5", "Australia/Adelaide": "one with that offset",
	} {
		z, err := loadZone(name)
		if err != nil {
			t.Fatal(err)
		}
		change := len(z.changes) - 1
		for !z.changes[change].forward {
			change--
		}
		got := z.standard(change)
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		if location, err := time.LoadLocation(got); err == nil {
			if _, offset := time.Unix(0, 0).In(location).Zone(); int64(offset) != z.offsets[change] {
				t.Errorf("%s is at %d, want %d", got, offset, z.offsets[change])
			}
		}
	}
}
