package tabular

import (
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-01-31T13:00:00Z":                "2026-01-31T13:00:00Z",
		"2026-01-31T13:00Z":                   "2026-01-31T13:00:00Z",
		"2026-01-31 13:00:00+01:00":           "2026-01-31T12:00:00Z",
		"2026-01-31 13:00+01:00":              "2026-01-31T12:00:00Z",
		"2026-01-31T13:00:00.000-01:30":       "2026-01-31T14:30:00Z",
		"2026-01-31T13:00:00.000000000+00:00": "2026-01-31T13:00:00Z",
		"1970-01-01T00:00:00Z":                "1970-01-01T00:00:00Z",
		"2200-12-31T23:59:59Z":                "2200-12-31T23:59:59Z",
		"2026-01-31":                          "2026-01-31T00:00:00 local",
		"2028-02-29 23:59":                    "2028-02-29T23:59:00 local",
		"2026-01-31 13:45":                    "2026-01-31T13:45:00 local",
		"2026-01-31T13:45":                    "2026-01-31T13:45:00 local",
		"2026-01-31 13:45:59":                 "2026-01-31T13:45:59 local",
		"2026-01-31T13:45:59":                 "2026-01-31T13:45:59 local",
		"2026-01-31 13:45:59.000":             "2026-01-31T13:45:59 local",
		"2026-01-31T13:45:59.0":               "2026-01-31T13:45:59 local",
		"1970-01-01 00:00":                    "1970-01-01T00:00:00 local",
		"2026-01-31T13:00:00.5Z":              "2026-01-31T13:00:00Z",
		"2026-01-31 13:00:00.999":             "2026-01-31T13:00:00 local",
		"2026-01-31T13:00:00,0Z":              "2026-01-31T13:00:00Z",
		"2026-01-31T1:00:00Z":                 "2026-01-31T01:00:00Z",
		"2026-01-31 13:00:00 Z":               "2026-01-31T13:00:00Z",
		"2026-01-31 13:00:00+0100":            "2026-01-31T12:00:00Z",
		"2026-01-31 24:00":                    "2026-02-01T00:00:00 local",
		"2026/1/31 1:05 PM":                   "2026-01-31T13:05:00 local",
		"2026.01.31 12:05 a.m.":               "2026-01-31T00:05:00 local",
		"2026-01-31 13:15:00 PM":              "2026-01-31T13:15:00 local",
		"2026-01-31 00:15:00 AM":              "2026-01-31T00:15:00 local",
		"2026-01-31 13:00 CET":                "2026-01-31T12:00:00Z",
		"2026-01-31T13:00+01:00[Europe/Rome]": "2026-01-31T12:00:00Z",
		"2026-01-31 13:00:00 +0100 CET":       "2026-01-31T12:00:00Z",
		"2026-01-31 12:05 a. m.":              "2026-01-31T00:05:00 local",
		"2026-01-31 01:05 p.\u00a0m.":         "2026-01-31T13:05:00 local",

		"2026-01-31 13:00:00.":      remedyTime,
		"2026-01-31x13:00":          remedyTime,
		"2026-01-31 13-00":          remedyTime,
		"2026-01-31 24:01":          remedyTime,
		"2026-01-31 13:00 AM":       remedyTime,
		"2026-01-31 0:00 PM":        remedyTime,
		"2026-01-31 24:00 PM":       remedyTime,
		"2026-01-31 13:00 MARS":     remedyTime,
		"2026-01-31 13:00+01 mars":  remedyTime,
		"2026-01-31 13:00:60":       remedyTime,
		"2026-01-31 13:00:0":        remedyTime,
		"2026-01-31 13:00:00+24:00": remedyTime,
		"2026-13-01T00:00:00Z":      remedyTime,
		"2026-00-01T00:00:00Z":      remedyTime,
		"2026-02-30 00:00":          remedyTime,
		"2026-02-29":                remedyTime,
		"2026-02-00":                remedyTime,
		"1969-12-31T23:00:00Z":      remedyTime,
		"1970-01-01T00:00:00+01:00": remedyTime,
		"2201-01-01T00:00:00Z":      remedyTime,
		"never":                     remedyTime,
		"":                          remedyTime,
		"31.01.2026 13:00":          remedyOrder,
		"01/31/2026 13:00":          remedyOrder,
		"1/2/26 13:00":              remedyOrder,
		"31-01-2026":                remedyOrder,
		"1769864400":                remedyEpoch,
		"1769864400000":             remedyEpoch,
	} {
		at, bad := parseTime([]byte(text), yearFirst)
		got := bad.remedy
		if bad.reason == "" {
			got = time.Unix(at.local, 0).UTC().Format(time.RFC3339)
			if !at.zoned {
				got = got[:len(got)-1] + " local"
			}
		} else if bad.reason != meter.ReasonBadTimestamp {
			t.Errorf("parseTime(%q): %s", text, bad.reason)
		}
		if got != want {
			t.Errorf("parseTime(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestLastSecond(t *testing.T) {
	t.Parallel()
	if want := time.Date(2200, 12, 31, 23, 59, 59, 0, time.UTC).Unix(); maxUnix != want {
		t.Errorf("maxUnix is %d, want %d", int64(maxUnix), want)
	}
}
