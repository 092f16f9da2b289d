package meter_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

func TestTimestamps(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]meter.Timestamp{
		"2026-01-31T12:00:00Z":      {Seconds: 1769860800},
		" 2026-01-31 12:00:00.25 z": {Seconds: 1769860800, Nanos: 250_000_000},
		"2026-01-31T12:00":          {Seconds: 1769860800, Local: true},
		"2026-01-31":                {Seconds: 1769817600, Local: true},
		"2026/01/31 13:30:00+01:30": {Seconds: 1769860800},
		"2026-01-31T07:00:00-0500":  {Seconds: 1769860800},
		"2026-01-31T13:00:00 +01":   {Seconds: 1769860800},
		"2026-01-31 12:00:00 gmt":   {Seconds: 1769860800},
		"2026-01-30T24:00Z":         {Seconds: 1769817600},
		"1970-01-01T00:00:00Z":      {},
		"2200-12-31T23:59:59Z":      {Seconds: 7289654399},
		"1769860800":                {Seconds: 1769860800},
		"1769860800.000000001":      {Seconds: 1769860800, Nanos: 1},
		"1769860800007":             {Seconds: 1769860800, Nanos: 7_000_000},
		"1769860800000007":          {Seconds: 1769860800, Nanos: 7_000},
		"1769860800000000007":       {Seconds: 1769860800, Nanos: 7},
		"946684800":                 {Seconds: 946684800},
		"4102444799999":             {Seconds: 4102444799, Nanos: 999_000_000},
	} {
		if got, ok := meter.ParseTimestamp([]byte(text)); !ok || got != want {
			t.Errorf("%q: %+v, %v, want %+v", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "T", "2026", "20260131", "202601311200", "20260131T120000Z", "2026-1-31T12:00:00Z",
		"2026-01-31T", "2026-01-31Tx", "2026-01-31T12", "2026-01-31T1:00:00Z", "2026-01-31T12:0Z",
		"2026-01-31T12:00:", "2026-01-31T12:00:0Z", "2026-01-31T12:00:00.Z", "2026-01-31T12:60Z",
		"2026-01-31T12:00:60Z", "2026-01-31T24:00:01Z", "2026-01-31T25:00Z", "2026-02-29T12:00Z",
		"2026-00-31T12:00Z", "2026-01/31T12:00Z", "2026-01-31T12:00+", "2026-01-31T12:00+1",
		"2026-01-31T12:00+24:00", "2026-01-31T12:00+01:60", "2026-01-31T12:00+01:0", "31-01-2026T12:00Z",
		"2026-01-31T12:00 CET", "2026-01-31T12:00Z+01:00", "1969-12-31T23:59:59Z", "2201-01-01T00:00:00Z",
		"946684799", "4102444800", "1769860800.", "1769860800.x", "1.7698608e9", "-1769860800",
		"17698608000000000000", "9999999999999999999",
	} {
		if got, ok := meter.ParseTimestamp([]byte(text)); ok {
			t.Errorf("%q is taken as %+v", text, got)
		}
	}
}

// A moment that the clocks of a zone show once is found from what they show.
func TestTimestampsInZones(t *testing.T) {
	t.Parallel()
	var zones []*time.Location
	for _, name := range []string{
		"UTC", "Europe/Vienna", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca",
		"Pacific/Apia",
	} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, zone)
	}
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		moment := time.Unix(rapid.Int64Range(1e6, 4e9).Draw(t, "second"), 0).UTC()
		// Half of the moments lie within a day of a change of the clocks.
		if _, end := moment.In(zone).ZoneBounds(); !end.IsZero() && rapid.Bool().Draw(t, "near") {
			moment = end.Add(time.Duration(rapid.IntRange(-86400, 86400).Draw(t, "off")) * time.Second).UTC()
		}
		clock := moment.In(zone).Format("2006-01-02T15:04:05")
		stamp, ok := meter.ParseTimestamp([]byte(clock))
		if !ok || !stamp.Local {
			t.Fatalf("%s: %+v, %v", clock, stamp, ok)
		}
		twice := false
		for _, hour := range []time.Duration{time.Hour, time.Hour / 2} {
			for _, other := range []time.Time{moment.Add(hour), moment.Add(-hour)} {
				twice = twice || other.In(zone).Format("2006-01-02T15:04:05") == clock
			}
		}
		switch got, shown := stamp.In(zone); {
		case twice && shown != meter.ClockTwice,
			!twice && (shown != meter.ClockOnce || !got.Equal(moment)):
			t.Fatalf("%s in %s: %s, %d; want %s, twice %v", clock, zone, got, shown, moment, twice)
		}
	})
	zone := zones[1]
	skipped, _ := meter.ParseTimestamp([]byte("2026-03-29 02:30"))
	if got, shown := skipped.In(zone); shown != meter.ClockSkipped {
		t.Errorf("%s, %d", got, shown)
	}
}

// FuzzParseTimestamp: what RFC 3339 is, is read as package time reads it.
func FuzzParseTimestamp(f *testing.F) {
	for _, seed := range []string{
		"2026-01-31T13:00:00Z", "2024-02-29T23:59:59.123456789+01:30", "2100-02-29T00:00:00Z",
		"1970-01-01T00:00:00+00:01", "2200-12-31T23:59:59-00:01", "2026-01-31T13:00:00.1234567891Z",
		"1769860800", "2026-01-31T24:00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := meter.ParseTimestamp([]byte(text))
		var want time.Time
		if len(text) < len("2026-01-31T13:00:00Z") || text[13] != ':' || text[16] != ':' ||
			text[19] == ',' || want.UnmarshalText([]byte(text)) != nil {
			return
		}
		inside := want.UTC().Year() >= 1970 && want.UTC().Year() <= 2200
		same := !got.Local && got.Seconds == want.Unix() && int(got.Nanos) == want.Nanosecond()
		if ok != inside || ok && !same {
			t.Fatalf("%q is %+v, %v; want %s", text, got, ok, want)
		}
	})
}
