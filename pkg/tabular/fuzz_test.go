package tabular

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fuzzOptions are the ways in which the fuzz target reads a file.
var fuzzOptions = []Options{
	{},
	{Timezone: "Europe/Berlin"},
	{Timezone: "America/New_York", IntervalLabel: LabelEnd},
	{IntervalLabel: LabelEnd},
	{Series: "m", Timezone: "Australia/Lord_Howe"},
	{SeriesColumn: "zone", TimeColumn: "time", ValueColumn: "mw", Timezone: "America/New_York", IntervalLabel: LabelEnd},
	{TimeColumn: "date", IntervalLabel: LabelEnd, Timezone: "Pacific/Apia"},
	{Series: "a.b", Timezone: "Europe/Madrid"},
	{Delimiter: "bar", Decimal: "comma", DateFormat: "dd/mm/yyyy", SkipLines: 1, Where: []string{"k=v"}},
	{Series: "m", Decimal: "point", Timezone: "America/Santiago", Unit: "kWh", Now: time.Unix(1_700_000_000, 0)},
}

// FuzzLoad: no file brings it down, every reading is either a row or a rejected one, and what is
// kept comes back from what the Writer makes of it.
func FuzzLoad(f *testing.F) {
	for way, file := range map[byte]string{
		0: "series,timestamp,value\nnorth.m1,2026-01-31T13:00:00Z,1.5\n",
		1: "timestamp,a,north.b c,\n2025-10-26 02:00,1,2,\n2025-10-26 02:00,,nan,3\n2025-03-30 02:30,1,1,\n2025-03-30,1,1,",
		2: "timestamp,a,b\n2025-11-02 01:00,1,\n2025-11-02 02:00,1,1\n2025-11-02T02:00:00.0,1,1\n2025-03-09 03:00,1,x\n2025-11-02 02:00Z,1,2\n",
		3: "\ufeffvalue;x,\"timestamp\",series,value\r\n1,\"2026-01-31 13:00\",\"m\"\"\",-1e3\r\n\r\nm",
		4: "timestamp,kwh\n2025-04-06 01:45,1\n2025-04-06 01:30,2\n2025-10-05 02:15,3\n",
		5: "zone,time,mw\nA B,2014-11-03 00:00:00,3\nA B,2014-11-02 02:00:00,1\nA B,2014-11-02 02:00:00,2\nNI,1970-01-01,5\n",
		6: "x,date,y\n1,2011-12-30 12:00,2\n2,2011-12-31,3\n",
	} {
		f.Add([]byte(file), way)
	}
	f.Add([]byte(zipped(f, "series,timestamp,value\nm,2026-01-31 13:00,1\n")), byte(0))
	known, err := filepath.Glob(filepath.Join("testdata", "layouts", "*"))
	if err != nil {
		f.Fatal(err)
	}
	for i, path := range known {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[:min(len(data), 2000)], byte(i))
		f.Add(data[:min(len(data), 2000)], byte(7))
	}
	for i, text := range []string{
		"k|Time|x\nv|31/01/2026 13:00|1,5\nv|01/02/2026 24:00|1.234,5\n",
		"Date,HE,MW\n10/26/2025,25,1\n10/26/2025,3,2\n3/30/2025,3,2\n",
		"Settlement Date,Settlement Period,ND\n2025-10-26,50,10\n2025-03-30,46,11\n",
		"d;" + clocks(60) + "\n30.03.2025" + strings.Repeat(";1", 24) + "\n",
		"\xff\xfe" + wide("Zeit;kWh\n31.01.2026 13:00;1,5\n"),
		"\xfe\xff\x00a\x00,", "a\tb\n# c\n\tkWh\n1769864400\t1\n", "t,v\n2026-01-31 13:00 - 2026-01-31 14:00,1 234\n",
	} {
		f.Add([]byte(text), byte(7+i%3))
	}
	f.Add([]byte(zstded(f, "timestamp,m\n2026-01-31 13:00,1\n")), byte(3))
	f.Fuzz(func(t *testing.T, data []byte, way byte) {
		opts := fuzzOptions[int(way)%len(fuzzOptions)]
		opts.MaxRows = 1000
		calls := 0
		opts.Rejected = func(RowError) { calls++ }
		l, err := newLoader(opts)
		if err != nil {
			t.Fatal(err)
		}
		err = l.add("fuzz.csv", bytes.NewReader(data))
		report := l.finish([]string{"fuzz.csv"})
		if got := l.table.Len() + report.Rejected + report.LeftOut; got != report.Rows || calls != report.Rejected {
			t.Fatalf(
				"%d of %d rows accounted for, %d calls for %d rejected",
				got, report.Rows, calls, report.Rejected,
			)
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
		if err != nil || l.table.Len() == 0 {
			return
		}
		var b bytes.Buffer
		w := NewWriter(&b)
		for r := range l.table.All() {
			if err := w.Write(l.table.Name(r), r.Time(), r.Value); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		again, err := newLoader(Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := again.add("again.csv", bytes.NewReader(b.Bytes())); err != nil || again.report.Rejected > 0 {
			t.Fatalf("%v %v", err, again.report.First)
		}
		if diff := cmp.Diff(texts(l.table), texts(again.table)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// FuzzTime: no text brings the parser down, and what it takes as a local time it would write again.
func FuzzTime(f *testing.F) {
	for _, text := range []string{"2026-01-31", "2026-01-31T13:00:00.0+01:00", "2026-01-31 13:00", "1769864400", "1/2/26 1:00"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for c := calendarNone; c <= epoch; c++ {
			at, bad := parseTime(text, c)
			if (bad.reason == "") != (bad.remedy == "") ||
				bad.reason == "" && (at.local < minUnix || at.local > maxUnix) {
				t.Fatalf("%q: %+v, %+v", text, at, bad)
			}
			if c != yearFirst || bad.reason != "" || at.zoned {
				continue
			}
			again, bad := parseTime([]byte(written(at.local, len("2006-01-02 15:04:05"), ' ')), c)
			if again.local != at.local || bad.reason != "" {
				t.Fatalf("%q comes back as %+v", text, again)
			}
		}
	})
}
