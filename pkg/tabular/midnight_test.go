package tabular

import (
	"testing"
)

// TestMidnights reads files in which 24:00, 00:00 or a date alone is more than the beginning of its
// date. want has each reading as "series time value unit".
func TestMidnights(t *testing.T) {
	t.Parallel()
	testWhole(t, map[string]wholeFile{
		"an hour behind a date of digits": {
			content: "time,kWh\n2026013123,1\n2026020100,2\n", opts: Options{Series: "h"},
			want: []string{"h 2026-01-31T23:00:00Z 1 kWh", "h 2026-02-01T00:00:00Z 2 kWh"},
		},
		"24:00 behind the date": {
			content: "Zeit;kWh\n31.01.2026 23:00;1,5\n31.01.2026 24:00;2,5\n01.02.2026 01:00;3\n", opts: Options{Series: "h"},
			want: []string{"h 2026-01-31T22:00:00Z 1.5 kWh", "h 2026-01-31T23:00:00Z 2.5 kWh", "h 2026-02-01T00:00:00Z 3 kWh"},
		},
		"00:00 at the end of its date": {
			content: "Datum;bis;kWh\n31.01.2026;22:00;1,5\n31.01.2026;23:00;2\n31.01.2026;00:00;2,5\n01.02.2026;01:00;3\n", opts: Options{Series: "h"},
			want: []string{
				"h 2026-01-31T21:00:00Z 1.5 kWh", "h 2026-01-31T22:00:00Z 2 kWh", "h 2026-01-31T23:00:00Z 2.5 kWh", "h 2026-02-01T00:00:00Z 3 kWh",
			},
		},
		"00:00 at the end of its date, newest first": {
			content: "Datum;bis;kWh\n01.02.2026;01:00;3\n31.01.2026;00:00;2,5\n31.01.2026;23:00;2\n", opts: Options{Series: "h"},
			want: []string{"h 2026-02-01T00:00:00Z 3 kWh", "h 2026-01-31T23:00:00Z 2.5 kWh", "h 2026-01-31T22:00:00Z 2 kWh"},
		},
		"00:00 at the beginning of its date": {
			content: "Datum;bis;kWh\n31.01.2026;23:00;2\n01.02.2026;00:00;2,5\n01.02.2026;01:00;3\n", opts: Options{Series: "h"},
			want: []string{"h 2026-01-31T22:00:00Z 2 kWh", "h 2026-01-31T23:00:00Z 2.5 kWh", "h 2026-02-01T00:00:00Z 3 kWh"},
		},
		"sums of days with a date alone": {
			content: "Time,kWh\n2026-01-31 00:00,1\n2026-01-31 01:00,2\n2026-01-31 02:00,3\n2026-01-31,6\n2026-02-01 00:00,4\n", opts: Options{Series: "h"},
			want: []string{"h 2026-01-31T00:00:00Z 1 kWh", "h 2026-01-31T01:00:00Z 2 kWh", "h 2026-01-31T02:00:00Z 3 kWh", "h 2026-02-01T00:00:00Z 4 kWh"},
		},
		"midnights with a date alone": {
			content: "Time,kWh\n2026-01-31,1\n2026-01-31 01:00:00,2\n2026-01-31 02:00:00,3\n", opts: Options{Series: "h"},
			want: []string{"h 2026-01-31T00:00:00Z 1 kWh", "h 2026-01-31T01:00:00Z 2 kWh", "h 2026-01-31T02:00:00Z 3 kWh"},
		},
	})
}
