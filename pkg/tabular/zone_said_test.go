package tabular

import (
	"testing"
)

// TestZoneSaid reads files that say their zone by an offset or a short name. want has each reading
// as "series time value unit".
func TestZoneSaid(t *testing.T) {
	t.Parallel()
	testWhole(t, map[string]wholeFile{
		"an offset in the name of the column": {
			content: "Time (UTC+1);kWh\n2026-07-31 13:00;1,5\n", opts: Options{Series: "h"},
			want: []string{"h 2026-07-31T12:00:00Z 1.5 kWh"},
		},
		"an offset west of Greenwich before the header": {
			content: "Time zone: GMT-05:30\nTime;kWh\n2026-07-31 13:00;1,5\n", opts: Options{Series: "h"},
			want: []string{"h 2026-07-31T18:30:00Z 1.5 kWh"},
		},
		"the offset of a printing is that of no reading": {
			content: "Created 2026-08-01 09:00 UTC+2\nTime;kWh\n2026-07-31 13:00;1,5\n", opts: Options{Series: "h"},
			want: []string{"h 2026-07-31T13:00:00Z 1.5 kWh"},
		},
		"a name that begins with GMT, beside local times": {
			content: "Interval,GMTIntervalEnd,MW\n01/30/2026 19:00:00,01/31/2026 01:00:00,5\n01/30/2026 20:00:00,01/31/2026 02:00:00,6\n", opts: Options{Series: "h"},
			want: []string{"h 2026-01-31T00:00:00Z 5 MW", "h 2026-01-31T01:00:00Z 6 MW"},
		},
		"the short name of a zone in winter": {
			content: "Zeit (MEZ);kWh\n31.01.2026 13:00;1,5\n", opts: Options{Series: "h"},
			want: []string{"h 2026-01-31T12:00:00Z 1.5 kWh"},
		},
		"the short name of a zone, with a time that clocks of summer skip": {
			content: "Zeit (MEZ);kWh\n29.03.2026 02:00;1,5\n31.07.2026 13:00;2,5\n", opts: Options{Series: "h"},
			want: []string{"h 2026-03-29T01:00:00Z 1.5 kWh", "h 2026-07-31T12:00:00Z 2.5 kWh"},
		},
	})
}
