package tabular

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReaders reads small files of the kinds that public readers of exports are made for. want has
// each reading as "series time value unit"; warning is a part of a warning, empty for none.
func TestReaders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		opts    Options
		want    []string
		warning string
	}{
		"each column of values has its own column of units": {
			content: "Start,Meter,Usage,Units,Usage,Units\n01/31/2026 00:00,7,2.1,kwh,0.5,kwh\n01/31/2026 00:15,7,-,-,0.6,kwh\n" +
				"01/31/2026 00:30,7,-,-,0.7,kwh\n01/31/2026 00:45,7,-,-,0.8,kwh\n",
			want: []string{
				"7 2026-01-31T00:00:00Z 0.5 kWh", "7 2026-01-31T00:15:00Z 0.6 kWh",
				"7 2026-01-31T00:30:00Z 0.7 kWh", "7 2026-01-31T00:45:00Z 0.8 kWh",
			},
		},
		"a header of two lines, records with letters": {
			content: "\"C\",\"System Load\"\n\"C\",\"Report for: 01/31/2026\"\n\"H\",\"Date\",\"Hour Ending\",\"Total Load\"\n\"H\",\"Date\",\"HE\",\"MWh\"\n" +
				"\"D\",\"01/31/2026\",\"01\",5\n\"D\",\"01/31/2026\",\"02\",6\n\"D\",\"01/31/2026\",\"24\",7\n\"T\",\"3 lines\"\n",
			want: []string{
				"Total_Load 2026-01-31T00:00:00Z 5 MWh", "Total_Load 2026-01-31T01:00:00Z 6 MWh", "Total_Load 2026-01-31T23:00:00Z 7 MWh",
			},
			warning: "1 lines of other records than D were passed over",
		},
		"a header of many lines": {
			content: "Version 3|Delimiter comma\n,INV-1,INV-1\n,TotWh,TotW (Avg)\n,Analog,Analog\nDD.MM.YYYY hh:mm,[Wh],[W]\n" +
				"31.01.2026 00:00,1,2\n31.01.2026 00:05,3,4\n",
			want: []string{
				"TotWh 2026-01-31T00:00:00Z 1 Wh", "TotW__Avg_ 2026-01-31T00:00:00Z 2 W",
				"TotWh 2026-01-31T00:05:00Z 3 Wh", "TotW__Avg_ 2026-01-31T00:05:00Z 4 W",
			},
		},
		"a header under a line with as many fields": {
			content: "Account Number,7\nDate,kWh\n2026-01-31 00:00,1\n2026-01-31 00:15,2\n",
			want:    []string{"kWh 2026-01-31T00:00:00Z 1 kWh", "kWh 2026-01-31T00:15:00Z 2 kWh"},
		},
		"another table before the one that is read": {
			content: "DATE,TIME,kW,forecast,share\n2026/1/31,0:00,9,9,9\n2026/1/31,1:00,9,9,9\n2026/1/31,2:00,9,9,9\n\n" +
				"DATE,TIME,kW\n2026/1/31,0:00,1\n2026/1/31,0:05,2\n2026/1/31,0:10,3\n2026/1/31,0:15,4\n",
			opts:    Options{Series: "h"},
			want:    []string{"h 2026-01-31T00:00:00Z 1 kW", "h 2026-01-31T00:05:00Z 2 kW", "h 2026-01-31T00:10:00Z 3 kW", "h 2026-01-31T00:15:00Z 4 kW"},
			warning: "3 rows with 5 columns in lines 2 to 4 belong to another table and are not read",
		},
		"rows of nothing but marks": {
			content: "DATE,TIME,MW\n2026/1/31,0:00,1\n2026/1/31,0:30,2\n,,\n,,\n",
			want:    []string{"MW 2026-01-31T00:00:00Z 1 MW", "MW 2026-01-31T00:30:00Z 2 MW"},
		},
		"a column of notes that rows leave out": {
			content: "Name,A B\n\nTYPE,DATE,START TIME,END TIME,USAGE (kWh),NOTES\nElectric usage,2026-01-31,00:00,00:59,1\n" +
				"Electric usage,2026-01-31,01:00,01:59,2\nElectric usage,2026-01-31,02:00,02:59,3,estimated\n",
			want: []string{"USAGE 2026-01-31T00:00:00Z 1 kWh", "USAGE 2026-01-31T01:00:00Z 2 kWh", "USAGE 2026-01-31T02:00:00Z 3 kWh"},
		},
		"numbers of meters are no values": {
			content: "meterpoint,Date,reading,usage\n871687120000000001,31-01-2026,7,1\n871687120000000001,01-02-2026,8,2\n",
			want: []string{
				"reading 2026-01-31T00:00:00Z 7 ", "usage 2026-01-31T00:00:00Z 1 ",
				"reading 2026-02-01T00:00:00Z 8 ", "usage 2026-02-01T00:00:00Z 2 ",
			},
		},
		"names without a letter of ASCII": {
			content: "DATE,TIME,水力,揚水,水力(MW)\n2026/1/31,0:00,1,-2,3\n", opts: Options{Everything: true},
			want: []string{
				"u6c34u529b 2026-01-31T00:00:00Z 1 ", "u63dau6c34 2026-01-31T00:00:00Z -2 ", "_______MW_ 2026-01-31T00:00:00Z 3 MW",
			},
		},
		"one name with two units": {
			content: "Time,North [kWh],North [kW],South (kW)\n2026-01-31 00:00,1,2,3\n",
			want: []string{
				"North 2026-01-31T00:00:00Z 1 kWh", "North__kW_ 2026-01-31T00:00:00Z 2 kW", "South 2026-01-31T00:00:00Z 3 kW",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, report := readingsOf(t, c.content, c.opts)
			if diff := cmp.Diff(c.want, got); diff != "" || report.Rejected != 0 {
				t.Errorf("%d rejected, %v\n%s", report.Rejected, report.First, diff)
			}
			told := func(warning string) bool { return strings.Contains(warning, c.warning) }
			if c.warning != "" && !slices.ContainsFunc(report.Warnings, told) {
				t.Errorf("warnings %q, want %q", report.Warnings, c.warning)
			}
		})
	}
}
