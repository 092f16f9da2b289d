package tabular

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fluxHeader is what InfluxDB writes before a table of a query.
const fluxHeader = "#group,false,false,true,true,false,false,true,true\r\n" +
	"#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string\r\n" +
	"#default,_result,,,,,,,\r\n,result,table,_start,_stop,_time,_value,_field,meter\r\n"

// fluxRow is a row of such a table.
func fluxRow(at, value, field string) string {
	return ",,0,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z," + at + "," + value + "," + field + ",m1\r\n"
}

// TestExports reads exports of utilities and tools with what stands in the way of most readers. want
// has each reading as "series time value unit".
func TestExports(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content  string
		opts     Options
		want     []string
		rejected int
	}{
		"a unit in words with a hyphen": {
			content: "\"Energy period\",\"Usage(Real energy in kilowatt-hours)\"\n\"2026-01-31 13:00:00 to 2026-01-31 14:00:00\",\"1.5\"\n",
			want:    []string{"Usage_Real_energy_in_kilowatt-hours_ 2026-01-31T13:00:00Z 1.5 kWh"},
		},
		"a unit of two words": {
			content: "Zeit;Arbeit kW h\n31.01.2026 13:00;1,5\n", opts: Options{Series: "h"},
			want: []string{"h 2026-01-31T13:00:00Z 1.5 kWh"},
		},
		"energy of a half-hour": {
			content: "LCLid,DateTime,KWH/hh (per half hour) \nMAC2,2026-01-31 13:00:00.0000000, 0.5 \n",
			want:    []string{"MAC2 2026-01-31T13:00:00Z 0.5 kWh"},
		},
		"bounds of the query beside the time": {
			content: fluxHeader + fluxRow("2026-01-31T13:00:00Z", "1.5", "kwh") + "\r\n" + fluxHeader + fluxRow("2026-01-31T14:00:00Z", "2.5", "kwh"),
			want:    []string{"m1 2026-01-31T13:00:00Z 1.5 kWh", "m1 2026-01-31T14:00:00Z 2.5 kWh"},
		},
		"a column of zones where clocks go back": {
			content: "\"Time Stamp\",\"Time Zone\",\"Name\",\"Integrated Load\"\n" +
				"\"10/13/2025 00:00:00\",\"EDT\",\"CAPITL\",5\n\"10/13/2025 00:00:00\",\"EDT\",\"N.Y.C.\",6\n" +
				"\"11/02/2025 01:00:00\",\"EDT\",\"CAPITL\",7\n\"11/02/2025 01:00:00\",\"EDT\",\"N.Y.C.\",8\n" +
				"\"11/02/2025 01:00:00\",\"EST\",\"CAPITL\",9\n\"11/02/2025 01:00:00\",\"EST\",\"N.Y.C.\",10\n",
			want: []string{
				"CAPITL 2025-10-13T04:00:00Z 5 ", "N_Y_C_ 2025-10-13T04:00:00Z 6 ",
				"CAPITL 2025-11-02T05:00:00Z 7 ", "N_Y_C_ 2025-11-02T05:00:00Z 8 ",
				"CAPITL 2025-11-02T06:00:00Z 9 ", "N_Y_C_ 2025-11-02T06:00:00Z 10 ",
			},
		},
		"a zone of a market that is called as a zone of clocks": {
			content: "Zone,Time,MW\nEST,2026-01-31 13:00,5\nEST,2026-01-31 14:00,6\n",
			want:    []string{"EST 2026-01-31T13:00:00Z 5 MW", "EST 2026-01-31T14:00:00Z 6 MW"},
		},
		"a time of a record beside a date and a clock": {
			content: "USAGE_DATE,REVISION_DATE,USAGE_START_TIME,USAGE_END_TIME,USAGE_KWH\n" +
				"01/31/2026,02/01/2026 06:11:00, 00:00, 00:15,1.5\n01/31/2026,02/01/2026 06:11:00, 00:15, 00:30,2\n",
			opts: Options{Series: "h"},
			want: []string{"h 2026-01-31T00:00:00Z 1.5 kWh", "h 2026-01-31T00:15:00Z 2 kWh"},
		},
		"no value in the first rows": {
			content: "Time,System Production (W)\n01/31/2026 00:00,\n01/31/2026 00:15,\n01/31/2026 00:30,1.5\n", opts: Options{Series: "pv"}, rejected: 2,
			want: []string{"pv 2026-01-31T00:30:00Z 1.5 W"},
		},
		"a word in the first row": {
			content: "entity_id,state,last_changed\nsensor.p,unavailable,2026-01-31T13:00:00.1Z\nsensor.p,7,2026-01-31T14:00:00.2Z\n",
			opts:    Options{ValueColumn: "state"}, rejected: 1,
			want: []string{"p 2026-01-31T14:00:00Z 7 "},
		},
		"a number of a meter in the first column that may be an epoch": {
			content: "MPAN,Date,Unit" + numbered(",HH%[1]d", 48) + "\n1200012345678,31/01/2026,kWh" + strings.Repeat(",0.5", 47) + ",0.75\n",
			want:    halfHours("1200012345678", time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), 0.75),
		},
		"hours with a word behind them": {
			content: "기준일,시간,전력수요(MW)\n" + numbered("2026-01-31,%d시,%d\n", 24), opts: Options{Series: "h", Timezone: "Asia/Seoul", Unit: "MWh"},
			want: counted("h", time.Date(2026, 1, 30, 15, 0, 0, 0, time.UTC), 24),
		},
		"a row a day, hours with a word behind them": {
			content: "기준일" + numbered(",%[1]d시", 24) + "\n2026-01-31" + numbered(",%[1]d", 24) + "\n",
			opts:    Options{Series: "h", Timezone: "Asia/Seoul", Unit: "MWh"},
			want:    counted("h", time.Date(2026, 1, 30, 15, 0, 0, 0, time.UTC), 24),
		},
		"two passes of an hour by their letters": {
			content: "Datum;Stunde;MWh\n26.10.2025;0;1\n26.10.2025;1;2\n26.10.2025;2A;3\n26.10.2025;2B;4\n26.10.2025;3;5\n",
			opts:    Options{Series: "h", Timezone: "Europe/Berlin"},
			want:    counted("h", time.Date(2025, 10, 25, 22, 0, 0, 0, time.UTC), 5),
		},
		"two passes of an hour by zones in brackets": {
			content: "\"MTU (CET/CEST)\",\"Load (MWh)\"\n\"26/10/2025 01:00 - 26/10/2025 02:00\",1\n\"26/10/2025 02:00 (CEST) - 26/10/2025 02:00 (CET)\",2\n" +
				"\"26/10/2025 02:00 (CET) - 26/10/2025 03:00\",3\n\"26/10/2025 03:00 - 26/10/2025 04:00\",4\n",
			opts: Options{Series: "h"}, want: counted("h", time.Date(2025, 10, 25, 23, 0, 0, 0, time.UTC), 4),
		},
		"h between hour and minute": {
			content: "Date;Heure;MWh\n31/01/2026;00h00;1\n31/01/2026;01h00;2\n", opts: Options{Series: "h"},
			want: counted("h", time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), 2),
		},
		"a day whose number is that of its month": {
			content: "Time,kwh\n03/03/2026 13:00,1.5\n03/03/2026 14:00,2\n", opts: Options{Series: "h"},
			want: []string{"h 2026-03-03T13:00:00Z 1.5 kWh", "h 2026-03-03T14:00:00Z 2 kWh"},
		},
		"the time of a record beside that of the reading": {
			content: "id,created_at,measured_at,kwh\n1,2026-01-31T13:59:07Z,2026-01-31T13:00:00Z,1.5\n2,2026-01-31T14:58:09Z,2026-01-31T14:00:00Z,2\n",
			opts:    Options{Series: "h"},
			want:    []string{"h 2026-01-31T13:00:00Z 1.5 kWh", "h 2026-01-31T14:00:00Z 2 kWh"},
		},
		"hours in a column of times of day": {
			content: "Datum;Uhrzeit;MWh\n31.01.2026;0;1\n" + hoursFrom(1, 23), opts: Options{Series: "h"},
			want: counted("h", time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), 24),
		},
		"lines that end in CR": {
			content: "time,kwh\r2026-01-31 13:00,1.5\r2026-01-31 14:00,2\r", opts: Options{Series: "h"},
			want: []string{"h 2026-01-31T13:00:00Z 1.5 kWh", "h 2026-01-31T14:00:00Z 2 kWh"},
		},
		"texts of a spreadsheet": {
			content: "meter,time,kwh\n=\"0012\",2026-01-31 13:00,=\"1.5\"\n\"=\"\"0012\"\"\",2026-01-31 14:00,\"=\"\"2\"\"\"\n",
			opts:    Options{SeriesColumn: "meter"},
			want:    []string{"0012 2026-01-31T13:00:00Z 1.5 kWh", "0012 2026-01-31T14:00:00Z 2 kWh"},
		},
		"a point where the decimal mark is a comma": {
			content: "Zeit;kWh\n31.01.2026 00:00;0.684\n31.01.2026 00:15;1.234\n31.01.2026 00:30;0.5" + decimalCommas(40) + "\n",
			opts:    Options{Series: "h", Decimal: ","}, rejected: 3, want: decimalReadings(40),
		},
		"a point before three digits under a decimal comma": {
			content: "Zeit;kW\n31.01.2026 13:00;0.684\n31.01.2026 14:00;1.234\n31.01.2026 15:00;1,5\n",
			opts:    Options{Series: "h", Decimal: ","}, rejected: 2,
			want: []string{"h 2026-01-31T15:00:00Z 1.5 kW"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, report := readingsOf(t, c.content, c.opts)
			if diff := cmp.Diff(c.want, got); diff != "" || report.Rejected != c.rejected {
				t.Errorf("%d rejected\n%s", report.Rejected, diff)
			}
		})
	}
}

// hoursFrom are rows of hours of a day, each with the number of the hour and one more.
func hoursFrom(first, last int) string {
	var b strings.Builder
	for i := first; i <= last; i++ {
		fmt.Fprintf(&b, "31.01.2026;%d;%d\n", i, i+1)
	}
	return b.String()
}

// decimalCommas are rows of a file with decimal commas, a minute apart.
func decimalCommas(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "\n31.01.2026 13:%02d;1,5", i)
	}
	return b.String()
}

// decimalReadings are the readings of decimalCommas.
func decimalReadings(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("h 2026-01-31T13:%02d:00Z 1.5 kWh", i))
	}
	return all
}

// TestExportsRefused: what would give wrong numbers is refused, and the error names it.
func TestExportsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content         string
		opts            Options
		problem, remedy string
	}{
		"decimal marks of both forms": {
			"Zeit;kWh\n31.01.2026 13:00;0,5\n31.01.2026 14:00;1,772\n31.01.2026 15:00;0.684\n31.01.2026 16:00;1.772\n" +
				"31.01.2026 17:00;0,5\n31.01.2026 18:00;0.5\n", Options{Series: "h"},
			"decimal marks stand in both forms: 2 numbers have a comma, 2 a point", "one form",
		},
		"times of day in a form that is not read": {
			"Day,Slot,MW\n" + numbered("2026-01-31,%d o'clock,%d\n", 24) + numbered("2026-02-01,%d o'clock,%d\n", 24), Options{},
			`column "Slot" tells 24 rows of a day apart`, `--series-column "Slot"`,
		},
		"one moment for all rows": {
			fluxHeader + strings.Repeat(fluxRow("2026-01-31T13:00:00Z", "1.5", "p")+fluxRow("2026-01-31T13:00:00Z", "230", "v"), 10), Options{},
			`column "_field" tells them apart`, `--where "_field=p"`,
		},
		"minutes in a column of their own": {
			"Date,Hour,Minute,kWh\n2026-01-31,0,0,1\n2026-01-31,0,30,2\n2026-01-31,1,0,3\n2026-01-31,1,30,4\n", Options{Series: "h"},
			`column "Minute" tells them apart ("0", "30") and may be a part of the time`, "into one column",
		},
		"spaces between columns": {
			"\"time\" \"kwh\"\n\"2026-01-31 13:00\" 1\n", Options{}, `quotes do not fit at a comma in line 1`, "--delimiter",
		},
		"too many columns": {
			"time" + strings.Repeat(",a", maxColumns) + "\n", Options{}, "line 1 has 20001 columns, more than 20000", "split the file",
		},
		"a date in three columns": {
			"year,month,day,hour,mw\n2026,1,31,0,1\n2026,1,31,1,2\n", Options{Series: "h"}, `"year", "month" and "day"`, "into one column",
		},
		"a column of other times": {
			"received,time,kwh\n" + numbered("2026-01-31 13:00,2026-01-31 %02d:00,%d\n", 20), Options{Series: "h", TimeColumn: "received"},
			`column "time" holds other times`, `--time-column "time"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := Load([]string{write(t, "a.csv", c.content)}, c.opts)
			var file *FileError
			if !errors.As(err, &file) || !strings.Contains(file.Problem, c.problem) || !strings.Contains(file.Remedy, c.remedy) {
				t.Errorf("error %v, want %q", err, c.problem)
			}
		})
	}
}

// TestUnitOfFilesBefore: a file without a unit, behind one that says it, takes that unit with a word.
func TestUnitOfFilesBefore(t *testing.T) {
	t.Parallel()
	said := write(t, "a.csv", "time,kwh\n2026-01-31 13:00,1.5\n")
	unsaid := write(t, "b.csv", "time,value\n2026-01-31 14:00,1500\n")
	for _, c := range []struct {
		unit string
		want int
	}{{"", 1}, {"kWh", 0}} {
		_, report, err := Load([]string{said, unsaid}, Options{Series: "h", Unit: c.unit})
		if err != nil || len(report.Warnings) != c.want {
			t.Errorf("unit %q: warnings %q, %v", c.unit, report.Warnings, err)
		}
		if c.want > 0 && !strings.Contains(strings.Join(report.Warnings, ""), "b.csv: no unit is said") {
			t.Errorf("warnings %q", report.Warnings)
		}
	}
}

// TestFolder: a folder is no file that is cut.
func TestFolder(t *testing.T) {
	t.Parallel()
	_, _, err := Load([]string{t.TempDir()}, Options{})
	if err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("error %v", err)
	}
}
