package tabular

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// BenchmarkDelimited reads files of 200,000 rows as utilities write them. A million rows of each may
// take 3 s on one core: 3000 ns a row.
func BenchmarkDelimited(b *testing.B) {
	const rows = 200_000
	first := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		opts   Options
		header string
		row    func(i int, at time.Time) string
	}{
		"contract": {header: "series,timestamp,value", row: func(i int, at time.Time) string {
			return fmt.Sprintf("a.b,%s,%d.%03d", at.Format(time.RFC3339), i%7, i%1000)
		}},
		"decimal comma, two columns": {
			opts: Options{Series: "h", Timezone: "Europe/Vienna"}, header: "Datum;Zeit von;Zeit bis;Verbrauch [kWh]",
			row: func(i int, at time.Time) string {
				return fmt.Sprintf("%s;%s;%s;%d,%03d", at.Format("02.01.2006"), at.Format("15:04"), at.Add(900e9).Format("15:04"), i%7, i%1000)
			},
		},
		"ranges, thousands": {
			opts: Options{Series: "z"}, header: "Time (CET/CEST);Load [MW]",
			row: func(i int, at time.Time) string {
				return fmt.Sprintf("%s - %s;%d.%03d,5", at.Format("02.01.2006 15:04"), at.Add(900e9).Format("02.01.2006 15:04"), 1+i%7, i%1000)
			},
		},
		"AM and PM": {
			opts: Options{Series: "z", Timezone: "America/New_York", IntervalLabel: LabelEnd}, header: "datetime_ept,mw",
			row: func(i int, at time.Time) string {
				return fmt.Sprintf("%s,%d.%03d", at.Format("1/2/2006 3:04:05 PM"), i%7, i%1000)
			},
		},
		"settlement periods": {
			opts: Options{Series: "z", Timezone: "Europe/London"}, header: "SETTLEMENT_DATE,SETTLEMENT_PERIOD,ND",
			row: func(i int, _ time.Time) string {
				return fmt.Sprintf("%s,%d,%d", first.AddDate(0, 0, i/48).Format("02-Jan-2006"), 1+i%48, 20000+i%1000)
			},
		},
		"registers by a column": {
			header: "Van (datum);Van (tijdstip);Register;Volume;Eenheid",
			row: func(i int, _ time.Time) string {
				at := first.Add(time.Duration(i/2) * 15 * time.Minute)
				return fmt.Sprintf("%s;%s;%s;%d,%03d;kWh", at.Format("02-01-2006"), at.Format("15:04:05"), []string{"Afname", "Injectie"}[i%2], i%7, i%1000)
			},
		},
		"epoch": {opts: Options{Series: "z"}, header: "ts,kwh", row: func(i int, at time.Time) string {
			return fmt.Sprintf("%d,%d.%03d", at.UnixMilli(), i%7, i%1000)
		}},
		"UTF-16": {opts: Options{Series: "z"}, header: "Zeit;kWh", row: func(i int, at time.Time) string {
			return fmt.Sprintf("%s;%d,%03d", at.Format("02.01.2006 15:04"), i%7, i%1000)
		}},
	} {
		b.Run(name, func(b *testing.B) {
			var text strings.Builder
			text.WriteString(c.header + "\n")
			for i := range rows {
				text.WriteString(c.row(i, first.Add(time.Duration(i)*15*time.Minute)) + "\n")
			}
			content := text.String()
			if name == "UTF-16" {
				content = "\xff\xfe" + wide(content)
			}
			path := write(b, "a.csv", content)
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				table, report, err := Load([]string{path}, c.opts)
				if err != nil || table.Len()+report.Rejected != rows || report.Rejected > 100 { // skipped hours
					b.Fatal(err, report.Rejected)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}
