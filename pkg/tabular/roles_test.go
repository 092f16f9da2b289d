package tabular

import (
	"testing"
)

// TestSeriesBehindTimes reads files with the names of meters behind the column timestamp of the
// contract. want has each reading as "series time value unit".
func TestSeriesBehindTimes(t *testing.T) {
	t.Parallel()
	testWhole(t, map[string]wholeFile{
		"names of meters behind the first column of times": {
			content: "timestamp,meter,value\n2026-01-31 13:00,a,1\n2026-01-31 13:20,b,2\n2026-01-31 14:00,a,3\n2026-01-31 14:20,b,4\n",
			want:    []string{"a 2026-01-31T13:00:00Z 1 ", "b 2026-01-31T13:20:00Z 2 ", "a 2026-01-31T14:00:00Z 3 ", "b 2026-01-31T14:20:00Z 4 "},
		},
		"numbers of meters behind the first column of times": {
			content: "timestamp,meter_id,kwh\n2026-01-31 13:00,17,1\n2026-01-31 13:00,18,2\n2026-01-31 14:00,17,3\n2026-01-31 14:00,18,4\n",
			want:    []string{"17 2026-01-31T13:00:00Z 1 kWh", "18 2026-01-31T13:00:00Z 2 kWh", "17 2026-01-31T14:00:00Z 3 kWh", "18 2026-01-31T14:00:00Z 4 kWh"},
		},
		"times of day as numbers in a column hhmm": {
			content: "date,hhmm,kW\n20260131,0,1\n20260131,30,2\n20260131,1000,3\n", opts: Options{Series: "h"},
			want: []string{"h 2026-01-31T00:00:00Z 1 kW", "h 2026-01-31T00:30:00Z 2 kW", "h 2026-01-31T10:00:00Z 3 kW"},
		},
		"names of records are no meters": {
			content: "timestamp,value,id\n2026-01-31 13:00,1,a1f\n2026-01-31 14:00,2,b2e\n2026-01-31 15:00,3,c3d\n", opts: Options{Series: "h"},
			want: []string{"h 2026-01-31T13:00:00Z 1 ", "h 2026-01-31T14:00:00Z 2 ", "h 2026-01-31T15:00:00Z 3 "},
		},
	})
}
