package tabular

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

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
		"a clock of 24 hours with AM and PM": {
			content: "Date,Total Load [MW]\n31/01/2026 00:00:00 AM,1\n31/01/2026 00:15:00 AM,2\n31/01/2026 12:30:00 PM,3\n31/01/2026 13:15:00 PM,4\n",
			want: []string{
				"Total_Load 2026-01-31T00:00:00Z 1 MW", "Total_Load 2026-01-31T00:15:00Z 2 MW",
				"Total_Load 2026-01-31T12:30:00Z 3 MW", "Total_Load 2026-01-31T13:15:00Z 4 MW",
			},
		},
		"periods of a day from 0 on": {
			content: "Date,Interval,kWh\n2026-01-31,0,0.5\n" + numbered("2026-01-31,%[1]d,0.5\n", 46) + "2026-01-31,47,0.75\n", opts: Options{Series: "h"},
			want: halfHours("h", time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), 0.75),
		},
		"times of day without leading zeros": {
			content: "Date,Time,kW\n2026-01-31,0,1\n2026-01-31,30,2\n2026-01-31,100,3\n2026-01-31,2330,4\n",
			want: []string{
				"kW 2026-01-31T00:00:00Z 1 kW", "kW 2026-01-31T00:30:00Z 2 kW", "kW 2026-01-31T01:00:00Z 3 kW", "kW 2026-01-31T23:30:00Z 4 kW",
			},
		},
		"times of day without leading zeros, which are ends": {
			content: "Date,Time,kW\n2026-01-31,30,1\n2026-01-31,100,2\n2026-01-31,130,3\n2026-01-31,2400,4\n",
			want: []string{
				"kW 2026-01-31T00:00:00Z 1 kW", "kW 2026-01-31T00:30:00Z 2 kW", "kW 2026-01-31T01:00:00Z 3 kW", "kW 2026-01-31T23:30:00Z 4 kW",
			},
		},
		"months by their names": {
			content: "Zeit;kW\n5. Januar 2026 13:00;1\n5 février 2026 13:00;2\n5 de marzo de 2026 13:00;3\n5 aprile 2026 13:00;4\n5 mei 2026 13:00;5\n5 de junho de 2026 13:00;6\n",
			want: []string{
				"kW 2026-01-05T13:00:00Z 1 kW", "kW 2026-02-05T13:00:00Z 2 kW", "kW 2026-03-05T13:00:00Z 3 kW",
				"kW 2026-04-05T13:00:00Z 4 kW", "kW 2026-05-05T13:00:00Z 5 kW", "kW 2026-06-05T13:00:00Z 6 kW",
			},
		},
		"a tariff of a register, beside gas": {
			content: "Hour,Electricity 1 (Low Tariff),Electricity 2 (Normal Tariff),Gas,Electricity tariff\n2026-01-31T00:00:00Z,1,2,3,4\n",
			want:    []string{"Electricity_1__Low_Tariff_ 2026-01-31T00:00:00Z 1 ", "Electricity_2__Normal_Tariff_ 2026-01-31T00:00:00Z 2 "},
		},
		"lines in quotes as a whole": {
			content: "\"MTU (UTC),\"\"Area\"\",\"\"Load (MW)\"\"\"\n\"31/01/2026 00:00 - 31/01/2026 00:15,\"\"BZN|GR\"\",\"\"1\"\"\"\n" +
				"\"31/01/2026 00:15 - 31/01/2026 00:30,\"\"BZN|GR\"\",\"\"2\"\"\"\n",
			want: []string{"BZN_GR 2026-01-31T00:00:00Z 1 MW", "BZN_GR 2026-01-31T00:15:00Z 2 MW"},
		},
		"fields in quotes, one of them empty": {
			content: "\"Time\",\"kW\",\"Note\"\n\"2026-01-31 00:00\",\"1\",\"\"\n\"2026-01-31 00:15\",\"2\",\"\"\n",
			want:    []string{"kW 2026-01-31T00:00:00Z 1 kW", "kW 2026-01-31T00:15:00Z 2 kW"},
		},
		"another table with as many columns behind": {
			content: "Time,MW\n2026-01-31 00:00,1\n2026-01-31 00:15,2\n2026-01-31 00:30,3\n\nTime,MVA\n2026-01-31 00:00,7\n2026-01-31 00:45,8\nTime,MW\n2026-01-31 00:45,4\n",
			want: []string{
				"MW 2026-01-31T00:00:00Z 1 MW", "MW 2026-01-31T00:15:00Z 2 MW", "MW 2026-01-31T00:30:00Z 3 MW", "MW 2026-01-31T00:45:00Z 4 MW",
			},
			warning: "line 6 begins another table with other names of columns: its rows and those of further tables, 2 lines, are not read; --skip-lines 5",
		},
		"the header again, as where files were joined": {
			content: "Time,MW\n2026-01-31 00:00,1\nTime,MW\n2026-01-31 00:15,2\n",
			want:    []string{"MW 2026-01-31T00:00:00Z 1 MW", "MW 2026-01-31T00:15:00Z 2 MW"},
			warning: "the header stands 1 times more",
		},
		"a factor beside the values": {
			content: "time;value;factor\n2026-01-31 00:00:00;35000000;0.001\n2026-01-31 00:15:00;35000082;0.001\n",
			opts:    Options{Series: "h"},
			want:    []string{"h 2026-01-31T00:00:00Z 3.5e+07 ", "h 2026-01-31T00:15:00Z 3.5000082e+07 "},
			warning: `column "factor" has the factor 0.001`,
		},
		"the time of a record an interval behind": {
			content: "PublishTime,StartTime,Demand MW\n2026-01-31T00:30:00Z,2026-01-31T00:00:00Z,1\n2026-01-31T01:00:00Z,2026-01-31T00:30:00Z,2\n" +
				"2026-01-31T01:30:00Z,2026-01-31T01:00:00Z,3\n2026-01-31T02:00:00Z,2026-01-31T01:30:00Z,4\n",
			opts: Options{Series: "h"},
			want: []string{
				"h 2026-01-31T00:00:00Z 1 MW", "h 2026-01-31T00:30:00Z 2 MW", "h 2026-01-31T01:00:00Z 3 MW", "h 2026-01-31T01:30:00Z 4 MW",
			},
		},
		"a mean of MW": {
			content: "din_instante;val_cargaenergiamwmed\n2026-01-31 00:00:00;5126.5\n", opts: Options{Series: "h"},
			want: []string{"h 2026-01-31T00:00:00Z 5126.5 MW"},
		},
		"numbers that stand for no value": {
			content: "time,kW\n2026-01-31 00:00,1\n2026-01-31 00:15,-9999\n2026-01-31 00:30,-9999.0\n2026-01-31 00:45,2\n", opts: Options{Series: "h"},
			want:    []string{"h 2026-01-31T00:00:00Z 1 kW", "h 2026-01-31T00:45:00Z 2 kW"},
			warning: "2 values of -9999 stand for no value",
		},
		"numbers that may stand for no value": {
			content: "time,kW\n2026-01-31 00:00,-1\n2026-01-31 00:15,-9999\n2026-01-31 00:30,-9999\n", opts: Options{Series: "h"},
			want:    []string{"h 2026-01-31T00:00:00Z -1 kW", "h 2026-01-31T00:15:00Z -9999 kW", "h 2026-01-31T00:30:00Z -9999 kW"},
			warning: "2 values are -9999, as where no value is there, and 1 others are below zero",
		},
		"one number that might stand for no value": {
			content: "time,kW\n2026-01-31 00:00,1\n2026-01-31 00:15,-9999\n", opts: Options{Series: "h"},
			want: []string{"h 2026-01-31T00:00:00Z 1 kW", "h 2026-01-31T00:15:00Z -9999 kW"},
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

// TestReadersRefused: files of which public readers know more than the file says are refused by
// name.
func TestReadersRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ content, problem, remedy string }{
		"readings of registers months apart": {
			"100,NEM13,202602011030,MDP1,RETAIL1\n250,V1,11,1,11,11,METER1,E,6342.8,20251005093055,A,,,7654.9,20260107100333,A,,,1312.1,kWh,,\n900\n",
			"is NEM13: readings of registers", "NEM12",
		},
		"days as spreadsheets count them": {
			"Date,kWh\n46053.00,1\n46053.25,2\n46053.50,3\n",
			`column "Date" has times as numbers of days, as spreadsheets count them (46053.00)`, "form of date and time",
		},
		"a date in a line of its own": {
			"Puissances en W\n\nHeure;Puissance (W);Nature\n31/01/2026;;\n00:30:00;420;Reelle\n01:00:00;380;Reelle\n",
			"their date stands in a line of its own, such as line 4", "into each row",
		},
		"periods in a column of which the name says nothing": {
			"day;nr;area;val\n" + numbered("2026-01-31;%[1]d;N;%[1]d.5\n", 48),
			`column "nr" counts 48 periods of a day and may be the time of day`, `--time-column "day,nr"`,
		},
		"two tables with one header for the same times": {
			"Time,MW\n" + joined(1) + "Time,MW\n" + joined(7),
			"the header stands again in line 14, where another table begins", "before line 14",
		},
		"units of two kinds for one series": {
			"From;EAN;Volume;Unit\n" + gas(12),
			`column "Unit" holds units of two kinds, kWh and m³`, `--where "Unit=kWh"`,
		},
		"periods from 0 that are no whole day": {
			"Date,Interval,kWh\n" + numbered("2026-01-31,%[1]d,1\n", 20) + "2026-01-31,0,1\n",
			`column "Interval" has periods from 0 to 20, which are no whole day from 0 on`, "whole day",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := Load([]string{write(t, "a.csv", c.content)}, Options{})
			var file *FileError
			if !errors.As(err, &file) || !strings.Contains(file.Problem, c.problem) ||
				!strings.Contains(file.Remedy, c.remedy) {
				t.Errorf("error %+v", err)
			}
		})
	}
}

// TestRowsOfOtherLengths: a record whose values do not fit the interval of its register is
// rejected, and so is an object that ends with its file. What stands before them is read.
func TestRowsOfOtherLengths(t *testing.T) {
	t.Parallel()
	day := strings.Repeat(",0.5", 48)
	for content, first := range map[string]string{
		"100,NEM12,1\n200,1,E1,,E1,,,kWh,30,\n300,20260130" + day + ",A\n300,20260131" + day + day + ",A\n":         "values of more intervals than the day has in",
		strings.Repeat("{\"series\":\"a\",\"ts\":1769864400,\"value\":1}\n", 48) + "{\"series\":\"a\",\"ts\":17698": "the last object, which is cut",
	} {
		_, report, err := Load([]string{write(t, "a.csv", content)}, Options{})
		if err != nil || report.Rows != 49 || report.Rejected != 1 || report.First[0].Name != first {
			t.Errorf("%v, %+v", err, report)
		}
	}
}

// TestStandingRegisters: a register that stands still for most of the time is pointed out as well.
func TestStandingRegisters(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("time,kWh\n")
	for i := range 200 {
		at := time.Date(2026, 1, 1, i, 0, 0, 0, time.UTC)
		fmt.Fprintf(&b, "%s,%d\n", at.Format("2006-01-02 15:04"), 28480+i/4)
	}
	_, report, err := Load([]string{write(t, "a.csv", b.String())}, Options{Series: "h"})
	if err != nil || len(report.Warnings) != 1 || !strings.Contains(report.Warnings[0], "--kind register") {
		t.Errorf("%v, %q", err, report.Warnings)
	}
}

// gas are hours of a meter of gas, each in cubic metres and in kWh.
func gas(hours int) string {
	var b strings.Builder
	for i := range hours {
		fmt.Fprintf(&b, "2026-01-31 %02d:00;7;%d;m³\n2026-01-31 %02d:00;7;%d;kWh\n", i, i, i, 11*i)
	}
	return b.String()
}

// joined are hours with a value each.
func joined(value int) string {
	var b strings.Builder
	for i := range 12 {
		fmt.Fprintf(&b, "2026-01-31 %02d:00,%d\n", i, value+i)
	}
	return b.String()
}
