package tabular

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// FuzzFormats: no bytes bring a reader of any format down, every reading is a row or a refused one,
// and an error names the remedy.
func FuzzFormats(f *testing.F) {
	for _, file := range []string{
		`{"series":"north.m1","ts":"2026-01-31T13:00:00Z","value":1.5,"unit":"kWh","x":[{"y":"\u0041"}]}` + "\n",
		`{"readings":[{"series":"a.b","timestamp":1769864400123,"value":"2"}]}`,
		`[{"bn":"urn:m_","bt":1.7e9,"bu":"kWh","n":"a","v":1},{"n":"b","t":60,"vs":"x"},{"n":"c","u":"W","v":2}]`,
		"# c\nreading,meter=m1,site=north value=1.5,unit=\"kWh\" 1769864400000000000\n",
		"kWh,domain=sensor,entity_id=a\\ b import_kwh=1,on=t,n=2i 1769864400\n",
		gbFeed(
			gbReadings("1", gbValue("4215"), "<ReadingQuality><quality>8</quality></ReadingQuality>"+gbValue("<![CDATA[10]]>")),
			gbEntry(gbHome, gbHome, "A &amp; b", "<UsagePoint/>"), gbReading("1", "7", gbDelta+"<flowDirection>19</flowDirection>"),
		),
	} {
		f.Add([]byte(file), byte(0))
		f.Add([]byte(file), byte(3))
	}
	f.Add(
		[]byte(archiveOf(f, "usage.csv", "series,timestamp,value\nm,2026-01-31 13:00,1\n")),
		byte(1),
	)
	files, err := filepath.Glob(filepath.Join("parquet", "testdata", "*.parquet"))
	if err != nil || len(files) == 0 {
		f.Fatalf("%d files of Parquet, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, byte(0))
	}
	f.Fuzz(func(t *testing.T, data []byte, way byte) {
		opts := []Options{
			{}, {Series: "a.b", Unit: "Wh"}, {Timezone: "Europe/Berlin"}, {IntervalLabel: LabelEnd},
			{ValueColumn: "value", SeriesColumn: "meter"},
		}[int(way)%5]
		opts.MaxRows = 1000
		l, err := newLoader(opts)
		if err != nil {
			t.Fatal(err)
		}
		err = l.add("FILE", bytes.NewReader(data))
		report := l.finish([]string{"FILE"})
		if got := l.table.Len() + report.Rejected; got != report.Rows {
			t.Fatalf("%d of %d rows accounted for", got, report.Rows)
		}
		var file *FileError
		if err != nil && (!errors.As(err, &file) || file.Problem == "" || file.Remedy == "") {
			t.Fatalf("poor error %+v", err)
		}
		for _, e := range report.First {
			if e.Reason == "" || e.Remedy == "" || e.Line < 1 || len(e.Value) > maxShown {
				t.Fatalf("poor error %+v", e)
			}
		}
		if len(l.table.Terms) != len(l.table.Series) {
			t.Fatalf("%d terms of %d series", len(l.table.Terms), len(l.table.Series))
		}
	})
}
