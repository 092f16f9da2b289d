package tabular

import (
	"fmt"
	"strings"
	"testing"
)

// millionRows are the rows of each file of BenchmarkFormats; goal is its time on one core.
const millionRows = 1_000_000

// formatFiles make files of n readings of ten series.
var formatFiles = map[string]func(b *strings.Builder, n int){
	"readings": func(b *strings.Builder, n int) {
		for i := range n {
			fmt.Fprintf(
				b,
				"{\"series\":\"north.m%d\",\"ts\":\"20%02d-01-%02dT%02d:00:00Z\",\"value\":%d.%03d,\"unit\":\"kWh\"}\n",
				i%10,
				10+i/10/24/28%80,
				1+i/10/24%28,
				i/10%24,
				i%7,
				i%1000,
			)
		}
	},
	"SenML": func(b *strings.Builder, n int) {
		b.WriteString(`[{"bn":"urn:dev:mac:0024befffe804ff1_","bt":1.3e9,"bu":"kWh"}`)
		for i := range n {
			fmt.Fprintf(b, ",\n{\"n\":\"m%d\",\"t\":%d,\"v\":%d.%03d}", i%10, i/10*900, i%7, i%1000)
		}
		b.WriteString("]")
	},
	"Green Button": func(b *strings.Builder, n int) {
		b.WriteString(
			`<feed><entry><content><ReadingType><uom>72</uom></ReadingType></content></entry>`,
		)
		b.WriteString("<entry><content><IntervalBlock>\n")
		for i := range n {
			fmt.Fprintf(b, "<IntervalReading>\n  <timePeriod>\n    <duration>900</duration>\n"+
				"    <start>%d</start>\n  </timePeriod>\n  <value>%d</value>\n</IntervalReading>\n",
				1_300_000_000+i*900, i%1000)
		}
		b.WriteString("</IntervalBlock></content></entry></feed>")
	},
	"line protocol": func(b *strings.Builder, n int) {
		for i := range n {
			fmt.Fprintf(b, "reading,meter=m%d,site=north value=%d.%03d,unit=\"kWh\" %d\n",
				i%10, i%7, i%1000, (1_300_000_000+int64(i/10)*900)*1_000_000_000)
		}
	},
}

// BenchmarkFormats reads a million rows of each format. The goal is 3 s on one core.
func BenchmarkFormats(b *testing.B) {
	for name, write := range formatFiles {
		b.Run(name, func(b *testing.B) {
			var file strings.Builder
			write(&file, millionRows)
			b.SetBytes(int64(file.Len()))
			for b.Loop() {
				l, err := newLoader(Options{})
				if err != nil {
					b.Fatal(err)
				}
				if err := l.add("FILE", strings.NewReader(file.String())); err != nil {
					b.Fatal(err)
				}
				if l.table.Len() != millionRows {
					b.Fatalf("%d rows, first refused %+v", l.table.Len(), l.report.First[:1])
				}
			}
		})
	}
}
