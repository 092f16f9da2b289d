package tabular

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestFound reads small files of the kinds that utilities and tools write. want has each reading as
// "series time value unit".
func TestFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		opts    Options
		want    []string
	}{
		"semicolons, date and range of times": {
			content: "\ufeffDatum;Zeit von;Zeit bis;Verbrauch [kWh]\n05.01.2026;23:45;00:00;0,105\n06.01.2026;00:00;00:15;0,1\n",
			opts:    Options{Series: "h", Timezone: "Europe/Vienna"},
			want:    []string{"h 2026-01-05T22:45:00Z 0.105 kWh", "h 2026-01-05T23:00:00Z 0.1 kWh"},
		},
		"clock ranges in one column": {
			content: "Dato;Tid;Forbruk (kWh)\n31.01.2026;00:00-01:00;1,5\n31.01.2026;01:00-02:00;2\n",
			opts:    Options{Series: "h"},
			want:    []string{"h 2026-01-31T00:00:00Z 1.5 kWh", "h 2026-01-31T01:00:00Z 2 kWh"},
		},
		"tabs, quarter-hours that end at 24:00": {
			content: "Tag\tUhrzeit\tkW\n31/01/2026\t23:45\t1,5\n31/01/2026\t24:00\t2,5\n01/02/2026\t00:15\t3\n",
			opts:    Options{Series: "h"},
			want:    []string{"h 2026-01-31T23:30:00Z 1.5 kW", "h 2026-01-31T23:45:00Z 2.5 kW", "h 2026-02-01T00:00:00Z 3 kW"},
		},
		"ERCOT": {
			content: "Hour Ending,COAST,EAST,ERCOT\n01/31/2026 23:00,\"1,234.5\",7,\"4,000\"\n01/31/2026 24:00,1234.5,7.25,4001\n",
			want: []string{
				"COAST 2026-01-31T22:00:00Z 1234.5 ", "EAST 2026-01-31T22:00:00Z 7 ", "ERCOT 2026-01-31T22:00:00Z 4000 ",
				"COAST 2026-01-31T23:00:00Z 1234.5 ", "EAST 2026-01-31T23:00:00Z 7.25 ", "ERCOT 2026-01-31T23:00:00Z 4001 ",
			},
		},
		"hours from 1 to 24": {
			content: "Date,HE,Load MW\n01/31/2026,1,5\n01/31/2026,2,6\n01/31/2026,24,7\n",
			opts:    Options{Series: "z"},
			want:    []string{"z 2026-01-31T00:00:00Z 5 MW", "z 2026-01-31T01:00:00Z 6 MW", "z 2026-01-31T23:00:00Z 7 MW"},
		},
		"hours from 0 to 23": {
			content: "Date,Hour,Load\n2026-01-31,0,5\n2026-01-31,23,6\n",
			opts:    Options{Series: "z"},
			want:    []string{"z 2026-01-31T00:00:00Z 5 ", "z 2026-01-31T23:00:00Z 6 "},
		},
		"settlement periods where clocks go back": {
			content: "Settlement Date,Settlement Period,ND\n2025-10-26,1,10\n2025-10-26,3,11\n2025-10-26,5,12\n2025-10-26,50,13\n2025-10-27,1,14\n",
			opts:    Options{Series: "gb", Timezone: "Europe/London"},
			want: []string{
				"gb 2025-10-25T23:00:00Z 10 ", "gb 2025-10-26T00:00:00Z 11 ", "gb 2025-10-26T01:00:00Z 12 ",
				"gb 2025-10-26T23:30:00Z 13 ", "gb 2025-10-27T00:00:00Z 14 ",
			},
		},
		"AM and PM": {
			content: "Account,9\nDate,Start Time,Duration,Consumption,Units\n1/31/2026,12:00 AM,60,1.5,kWh\n1/31/2026,1:00 PM,60,2.5,kWh\n",
			opts:    Options{Series: "h"},
			want:    []string{"h 2026-01-31T00:00:00Z 1.5 kWh", "h 2026-01-31T13:00:00Z 2.5 kWh"},
		},
		"named months, a row of units, totals": {
			content: "Time;Import;Export\n;kWh;kWh\n31-Jan-2026 13:00;1,5;0\n31-Jan-2026 14:00;1,25;0,5\nTotal;2,75;0,5\n",
			want: []string{
				"Import 2026-01-31T13:00:00Z 1.5 kWh", "Export 2026-01-31T13:00:00Z 0 kWh",
				"Import 2026-01-31T14:00:00Z 1.25 kWh", "Export 2026-01-31T14:00:00Z 0.5 kWh",
			},
		},
		"thousands with points, spaces and apostrophes": {
			content: "Zeit;A [MW];B [MW];C [MW]\n31.01.2026 13:00;1.234,5;1 234,5;1'234,5\n31.01.2026 14:00;987;1\u00a0234;9\u202f876,5\n",
			want: []string{
				"A 2026-01-31T13:00:00Z 1234.5 MW", "B 2026-01-31T13:00:00Z 1234.5 MW", "C 2026-01-31T13:00:00Z 1234.5 MW",
				"A 2026-01-31T14:00:00Z 987 MW", "B 2026-01-31T14:00:00Z 1234 MW", "C 2026-01-31T14:00:00Z 9876.5 MW",
			},
		},
		"commas quoted between commas": {
			content: "Fecha,Hora,Consumo kWh\n31/01/2026,01:00,\"0,5\"\n31/01/2026,02:00,\"0,25\"\n",
			opts:    Options{Series: "h"},
			want:    []string{"h 2026-01-31T01:00:00Z 0.5 kWh", "h 2026-01-31T02:00:00Z 0.25 kWh"},
		},
		"days that follow each other tell the order": {
			content: "Time,Load\n01/02/2026 00:00,1\n02/02/2026 00:00,2\n03/02/2026 00:00,3\n",
			opts:    Options{Series: "h"},
			want:    []string{"h 2026-02-01T00:00:00Z 1 ", "h 2026-02-02T00:00:00Z 2 ", "h 2026-02-03T00:00:00Z 3 "},
		},
		"a flag tells the order": {
			content: "Time,Load\n03/04/2026 00:00,1\n03/04/2026 01:00,2\n", opts: Options{Series: "h", DateFormat: "%m/%d/%Y"},
			want: []string{"h 2026-03-04T00:00:00Z 1 ", "h 2026-03-04T01:00:00Z 2 "},
		},
		"a flag tells the decimal mark": {
			content: "Time,Load\n2026-01-31 00:00,\"1,234\"\n2026-01-31 01:00,\"1,235\"\n", opts: Options{Series: "h", Decimal: ","},
			want: []string{"h 2026-01-31T00:00:00Z 1.234 ", "h 2026-01-31T01:00:00Z 1.235 "},
		},
		"comments, bars and lines to skip": {
			content: "2026-01-01|9|9\n# made by a tool\nwhen|kwh\n// more\n2026-01-31 13:00|1.5\n2026-01-31 14:00|2\n", opts: Options{Series: "h", SkipLines: 1},
			want: []string{"h 2026-01-31T13:00:00Z 1.5 kWh", "h 2026-01-31T14:00:00Z 2 kWh"},
		},
		"a header in a comment": {
			content: "# time value_kw\n#time,load_kw\n2026-01-31 13:00,1.5\n2026-01-31 14:00,2\n", opts: Options{Series: "h"},
			want: []string{"h 2026-01-31T13:00:00Z 1.5 kW", "h 2026-01-31T14:00:00Z 2 kW"},
		},
		"no header": {
			content: "1769864400,1.5\n1769868000,2\n", opts: Options{Series: "h"},
			want: []string{"h 2026-01-31T13:00:00Z 1.5 ", "h 2026-01-31T14:00:00Z 2 "},
		},
		"epochs of all sizes": {
			content: "id,ts,kwh\na,1769864400.5,1\na,1769864400000,2\na,1769864400000000,3\na,1769864400000000000,4\n", opts: Options{SeriesColumn: "id"},
			want: []string{
				"a 2026-01-31T13:00:00Z 1 kWh", "a 2026-01-31T13:00:00Z 2 kWh", "a 2026-01-31T13:00:00Z 3 kWh", "a 2026-01-31T13:00:00Z 4 kWh",
			},
		},
		"nixtla": {
			content: "unique_id,ds,y\nH1,2026-01-31 13:00:00,1.5\n", want: []string{"H1 2026-01-31T13:00:00Z 1.5 "},
		},
		"gluonts": {
			content: "item_id,timestamp,target\nH1,2026-01-31 13:00:00,1.5\n", want: []string{"H1 2026-01-31T13:00:00Z 1.5 "},
		},
		"UTC beside local times": {
			content: "HourUTC;HourDK;Area;Load_MWh\n2026-01-31 13:00;2026-01-31 14:00;DK1;1,5\n2026-01-31 13:00;2026-01-31 14:00;DK2;2,5\n2026-01-31 14:00;2026-01-31 15:00;DK1;3\n2026-01-31 14:00;2026-01-31 15:00;DK2;4\n",
			want: []string{
				"DK1 2026-01-31T13:00:00Z 1.5 MWh", "DK2 2026-01-31T13:00:00Z 2.5 MWh", "DK1 2026-01-31T14:00:00Z 3 MWh", "DK2 2026-01-31T14:00:00Z 4 MWh",
			},
		},
		"local times where a zone is named": {
			content: "datetime_utc,datetime_ept,mw\n1/31/2026 5:00:00 AM,1/31/2026 12:00:00 AM,7\n", opts: Options{Series: "z", Timezone: "America/New_York"},
			want: []string{"z 2026-01-31T05:00:00Z 7 MW"},
		},
		"a zone in the header": {
			content: "\"MTU (CET/CEST)\",\"Load [MW]\"\n\"30.03.2025 01:00 - 30.03.2025 03:00\",\"1\"\n\"30.03.2025 03:00 - 30.03.2025 04:00\",\"2\"\n",
			opts:    Options{Series: "z"},
			want:    []string{"z 2025-03-30T00:00:00Z 1 MW", "z 2025-03-30T01:00:00Z 2 MW"},
		},
		"a row a day": {
			content: "Meter;Datum;" + clocks(30) + "\nA;31.01.2026" + strings.Repeat(";0,5", 47) + ";0,75\n",
			opts:    Options{Unit: "kWh"},
			want:    halfHours("A", time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), 0.75),
		},
		"a row a day, where clocks go forward": {
			content: "Date," + strings.ReplaceAll(clocks(60), ";", ",") + "\n30/03/2025,0,1,,3" + strings.Repeat(",4", 20) + "\n",
			opts:    Options{Series: "h", Timezone: "Europe/Berlin", Where: nil},
			want:    hoursOf("h", time.Date(2025, 3, 29, 23, 0, 0, 0, time.UTC), 23),
		},
		"hours from 1 to 25 where clocks go back": {
			content: "Day,Hour,MWh\n26/10/2025,1,0\n26/10/2025,2,1\n26/10/2025,3,2\n26/10/2025,4,3\n26/10/2025,25,4\n",
			opts:    Options{Series: "h", Timezone: "Europe/Berlin"},
			want: []string{
				"h 2025-10-25T22:00:00Z 0 MWh", "h 2025-10-25T23:00:00Z 1 MWh", "h 2025-10-26T00:00:00Z 2 MWh",
				"h 2025-10-26T01:00:00Z 3 MWh", "h 2025-10-26T22:00:00Z 4 MWh",
			},
		},
		"hours from 1 to 23 where clocks go forward": {
			content: "Day,Hour,MWh\n29/03/2025,24,9\n" + numbered("30/03/2025,%d,%d\n", 23),
			opts:    Options{Series: "h", Timezone: "Europe/Berlin"},
			want:    append([]string{"h 2025-03-29T22:00:00Z 9 MWh"}, counted("h", time.Date(2025, 3, 29, 23, 0, 0, 0, time.UTC), 23)...),
		},
		"a row a day, numbered, where clocks go back": {
			content: "Day" + numbered(",H%02[1]d", 25) + "\n26/10/2025" + numbered(",%[1]d", 25) + "\n",
			opts:    Options{Series: "h", Timezone: "Europe/Berlin", Unit: "MWh"},
			want:    counted("h", time.Date(2025, 10, 25, 22, 0, 0, 0, time.UTC), 25),
		},
		"dates with a midnight beside periods": {
			content: "SettlementDate,SettlementPeriod,Volume\n2026-01-31T00:00:00,1,5\n2026-01-31T00:00:00,48,6\n", opts: Options{Series: "gb"},
			want: []string{"gb 2026-01-31T00:00:00Z 5 ", "gb 2026-01-31T23:30:00Z 6 "},
		},
		"a row a day, units in the names": {
			content: "Date;" + strings.ReplaceAll(clocks(30), ";", " (kWh);") + " (kWh)\n31.01.2026" + strings.Repeat(";0,5", 47) + ";0,75\n",
			opts:    Options{Series: "A"},
			want:    halfHours("A", time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), 0.75),
		},
		"weekdays": {
			content: "Date,kWh\n\"Saturday, January 31, 2026 1:00 PM\",1\n\"Sat, 31 Jan 2026 14:00:00 GMT\",2\n", opts: Options{Series: "h"},
			want: []string{"h 2026-01-31T13:00:00Z 1 kWh", "h 2026-01-31T14:00:00Z 2 kWh"},
		},
		"units behind the numbers": {
			content: "Zeit;Verbrauch\n31.01.2026 13:00;0,5 kWh\n31.01.2026 14:00;1.500 Wh\n", opts: Options{Series: "h"},
			want: []string{"h 2026-01-31T13:00:00Z 0.5 kWh", "h 2026-01-31T14:00:00Z 1.5 kWh"},
		},
		"every column of numbers": {
			content: "Time;Temperature;Load kW;Note\n31.01.2026 13:00;-3,5;2;x\n", opts: Options{Everything: true},
			want: []string{"Temperature 2026-01-31T13:00:00Z -3.5 ", "Load_kW 2026-01-31T13:00:00Z 2 kW"},
		},
		"ranges of hours": {
			content: "Dato;Timer;Forbrug MWh\n31-01-2026;00 - 01;1,5\n31-01-2026;23 - 00;2\n", opts: Options{Series: "DK1"},
			want: []string{"DK1 2026-01-31T00:00:00Z 1.5 MWh", "DK1 2026-01-31T23:00:00Z 2 MWh"},
		},
		"a unit that is not known here": {
			content: "Date;Channel;Value;Unit\n31.01.2026 13:00;P+;1,5;kWh\n31.01.2026 13:00;Q+;2,5;kvarh\n31.01.2026 14:00;P+;1;kWh\n31.01.2026 14:00;Q+;2;kvarh\n",
			want: []string{
				"P_ 2026-01-31T13:00:00Z 1.5 kWh", "Q_ 2026-01-31T13:00:00Z 2.5 kvarh", "P_ 2026-01-31T14:00:00Z 1 kWh", "Q_ 2026-01-31T14:00:00Z 2 kvarh",
			},
		},
		"two units in one column": {
			content: "time,id,quantity,unit\n2026-01-31 13:00,a,1.5,kWh\n2026-01-31 14:00,a,1500,Wh\n",
			want:    []string{"a 2026-01-31T13:00:00Z 1.5 kWh", "a 2026-01-31T14:00:00Z 1.5 kWh"},
		},
		"UTF-16": {
			content: "\xff\xfe" + wide("Zeit;Verbrauch (kWh)\n31.01.2026 13:00;1,5\n"), opts: Options{Series: "h"},
			want: []string{"h 2026-01-31T13:00:00Z 1.5 kWh"},
		},
		"Latin-1": {
			content: "Zeit;Z\xe4hlpunkt;Verbrauch (kWh)\n31.01.2026 13:00;K\xfcche;1,5\n",
			want:    []string{"K__che 2026-01-31T13:00:00Z 1.5 kWh"},
		},
		"Shift JIS": {
			content: "DATE,TIME,\x93\x96\x93\xfa\x8e\xc0\x90\xd1(\x96\x9ckW)\n2026/1/31,0:00,3200\n2026/1/31,1:00,3100\n", opts: Options{Series: "tokyo", Timezone: "Asia/Tokyo"},
			want: []string{"tokyo 2026-01-30T15:00:00Z 32000 MW", "tokyo 2026-01-30T16:00:00Z 31000 MW"},
		},
		"one of two columns": {
			content: "Time,Day-ahead forecast [MW],Actual load [MW]\n2026-01-31 13:00,1,2\n", opts: Options{Series: "z"},
			want: []string{"z 2026-01-31T13:00:00Z 2 MW"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, report := readingsOf(t, c.content, c.opts)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if report.Rejected > 0 || report.Files[0].Layout == "" {
				t.Errorf("report %+v", report)
			}
		})
	}
}

// clocks are times of day as names of columns, minutes apart.
func clocks(minutes int) string {
	var names []string
	for at := 0; at < 24*60; at += minutes {
		names = append(names, fmt.Sprintf("%02d:%02d", at/60, at%60))
	}
	return strings.Join(names, ";")
}

// halfHours are the readings of a day of 0.5 kWh each, the last one another.
func halfHours(series string, at time.Time, last float64) []string {
	var all []string
	for i := range 48 {
		value := 0.5
		if i == 47 {
			value = last
		}
		all = append(all, fmt.Sprintf("%s %s %v kWh", series, at.Add(time.Duration(i)*30*time.Minute).Format(time.RFC3339), value))
	}
	return all
}

// hoursOf are the readings of hours 0, 1 and 3, and of the others, of a day that lacks an hour.
func hoursOf(series string, at time.Time, n int) []string {
	values := []int{0, 1, 3}
	var all []string
	for i := range n {
		value := 4
		if i < len(values) {
			value = values[i]
		}
		all = append(all, fmt.Sprintf("%s %s %d ", series, at.Add(time.Duration(i)*time.Hour).Format(time.RFC3339), value))
	}
	return all
}

// numbered writes a form with the numbers from 1 to n.
func numbered(form string, n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		if strings.Contains(form, "[1]") {
			fmt.Fprintf(&b, form, i)
			continue
		}
		fmt.Fprintf(&b, form, i, i)
	}
	return b.String()
}

// counted are hourly readings with the values 1 to n.
func counted(series string, at time.Time, n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("%s %s %d MWh", series, at.Add(time.Duration(i)*time.Hour).Format(time.RFC3339), i+1))
	}
	return all
}

// wide is a text in UTF-16, low byte first.
func wide(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		b.WriteByte(c)
		b.WriteByte(0)
	}
	return b.String()
}

// TestTwoReadings: what can be read in two ways is refused with both readings and the flag that
// settles it, and errors name what the file looks like.
func TestTwoReadings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content         string
		opts            Options
		problem, remedy string
	}{
		"day or month": {
			"Time,Load\n03/04/2026 00:00,1\n03/04/2026 01:00,2\n", Options{Series: "h"},
			`date "03/04/2026 00:00" can be read in two ways, as 2026-04-03 or as 2026-03-04`, "--date-format dd/mm/yyyy",
		},
		"a date that reads the same in both is no example": {
			"Time,Load\n01/01/2026 00:00,1\n06/02/2026 00:00,2\n", Options{Series: "h"},
			`date "06/02/2026 00:00" can be read in two ways, as 2026-02-06 or as 2026-06-02`,
			"--date-format dd/mm/yyyy",
		},
		"both orders": {
			"Time,Load\n13/04/2026 00:00,1\n04/13/2026 01:00,2\n", Options{Series: "h"}, "in both orders", "one order",
		},
		"decimal or thousands": {
			"Time,Load\n2026-04-03 00:00,\"1,234\"\n2026-04-03 01:00,\"1,235\"\n", Options{Series: "h"},
			`number "1,234" can be read in two ways, as 1.234 or as 1234`, "--decimal , or --decimal .",
		},
		"point between semicolons": {
			"Time;Load\n2026-04-03 00:00;1.234\n2026-04-03 01:00;987\n", Options{Series: "h"},
			`number "1.234" can be read in two ways`, "--decimal",
		},
		"the short name of a zone in summer": {
			"Zeit (MEZ);kWh\n31.07.2026 13:00;1,5\n", Options{Series: "h"},
			`time of MEZ "2026-07-31 13:00" can be read in two ways, as 2026-07-31T12:00Z or as 2026-07-31T11:00Z`,
			"--timezone UTC+01:00 or --timezone Europe/Berlin",
		},
		"00:00 behind the other times of its date": {
			"Zeit;kWh\n31.01.2026 22:00;1,5\n31.01.2026 23:00;2\n31.01.2026 00:00;2,5\n01.02.2026 01:00;3\n", Options{Series: "h"},
			"the 00:00 of a date stands behind its other times", "--interval-label end",
		},
		"start or end of an hour": {
			"Date,Hour,Load\n2026-01-31,7,5\n2026-01-31,8,6\n", Options{Series: "h"},
			`hour "7" can be read in two ways, as the hour that begins at 7:00 or as the hour that ends at 7:00`, "--interval-label",
		},
		"column of UTC and another zone": {
			"time_utc,kwh\n2026-01-31 13:00,5\n", Options{Series: "h", Timezone: "Europe/Berlin"}, `column "time_utc" says UTC`, "--timezone",
		},
		"years of two digits first": {
			"Time,kW\n26/01/05 00:00,1\n26/01/06 00:00,1\n26/01/07 00:00,1\n", Options{Series: "h"}, "may begin with the year", "four digits",
		},
		"decimal commas without quotes": {
			"Time,kW\n2026-01-31 13:00,1,5\n2026-01-31 14:00,2,5\n", Options{Series: "h"},
			"rows have 3 fields and the header in line 1 has 2", "quote such fields",
		},
		"no mark between columns": {
			"a text\nof two lines\n", Options{}, "line 1 has one field", "--delimiter",
		},
		"several columns of values": {
			"Time,Solar kW,Grid kW\n2026-01-31 13:00,5,6\n", Options{Series: "h"}, "2 columns may be the values", "--value-column",
		},
		"no such value": {
			"Time,kW,k\n2026-01-31 13:00,5,a\n", Options{Series: "h", Where: []string{"k=b"}}, "no rows", "at least one row",
		},
		"no such condition": {
			"Time,kW\n2026-01-31 13:00,5\n", Options{Series: "h", Where: []string{"k=b"}}, `no column "k"`, "--where",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := Load([]string{write(t, "a.csv", c.content)}, c.opts)
			var file *FileError
			if !errors.As(err, &file) || !strings.Contains(file.Problem, c.problem) || !strings.Contains(file.Remedy, c.remedy) {
				t.Errorf("error %v, want %q", err, c.problem)
			}
			if file != nil && !strings.Contains(file.Remedy, c.remedy) {
				t.Errorf("remedy %q, want %q", file.Remedy, c.remedy)
			}
		})
	}
}

// readingsOf reads a file. A reading is in words: meter, start, value and unit.
func readingsOf(t *testing.T, content string, opts Options) ([]string, Report) {
	t.Helper()
	table, report, err := Load([]string{write(t, "a.csv", content)}, opts)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for r := range table.All() {
		all = append(all, fmt.Sprintf("%s %s %v %s", table.Name(r).Meter,
			r.Time().Format(time.RFC3339), r.Value, table.Terms[r.Series].Unit))
	}
	return all, report
}
