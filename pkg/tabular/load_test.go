package tabular

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// write puts files into a fresh folder and makes it known under relative names in errors by returning full paths.
func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zipped(t testing.TB, content string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// texts gives the rows of a table as "series time value".
func texts(table *Table) []string {
	var rows []string
	for r := range table.All() {
		rows = append(rows, fmt.Sprintf("%s %s %g", table.Name(r), r.Time().Format(time.RFC3339), r.Value))
	}
	return rows
}

func TestLoadForms(t *testing.T) {
	t.Parallel()
	plain := "series,timestamp,value\nnorth.m1,2026-01-31T13:00:00Z,1.5\nm2,2026-01-31T14:00:00+01:00,-2\n"
	want := []string{"north.m1 2026-01-31T13:00:00Z 1.5", "default.m2 2026-01-31T13:00:00Z -2"}
	for name, content := range map[string]string{
		"plain":                   plain,
		"no end of line":          strings.TrimSuffix(plain, "\n"),
		"crlf":                    strings.ReplaceAll(plain, "\n", "\r\n"),
		"byte order mark":         "\ufeff" + plain,
		"mark and quotes":         "\ufeff\"series\",\"timestamp\",\"value\"\n\"north.m1\",\"2026-01-31T13:00:00Z\",\"1.5\"\n\"m2\" , \"2026-01-31T13:00:00Z\" ,-2\n",
		"other order and columns": "value,note,Timestamp, SERIES \n1.5,\"a, \"\"b\"\"\",2026-01-31T13:00:00Z,north.m1\n-2,,2026-01-31T13:00:00Z,m2\n",
		"empty lines":             "\n" + strings.ReplaceAll(plain, "\n", "\n\n"),
		"space":                   "series , timestamp,value\n north.m1 ,\t2026-01-31T13:00:00Z ,  1.5 \nm2,2026-01-31T13:00:00Z,-2e0\n",
		"same series, two names":  "series,timestamp,value\nnorth.m1,2026-01-31T13:00:00Z,1.5\ndefault.m2,2026-01-31T13:00:00Z,-2\n",
		"gzip":                    zipped(t, plain),
		"two gzip members":        zipped(t, plain[:30]) + zipped(t, plain[30:]),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The name lies about compression on purpose: the first bytes decide.
			table, report, err := Load([]string{write(t, "a.csv", content)}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, texts(table)); diff != "" {
				t.Error(diff)
			}
			one := time.Date(2026, 1, 31, 13, 0, 0, 0, time.UTC)
			wantReport := Report{File: report.File, Rows: 2, Series: 2, From: one, Until: one}
			if diff := cmp.Diff(wantReport, report); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]int{1, 1}, table.Counts()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-01-31T13:00:00Z":                "2026-01-31T13:00:00Z",
		"2026-01-31 13:00:00+01:00":           "2026-01-31T12:00:00Z",
		"2026-01-31T13:00:00.000-01:30":       "2026-01-31T14:30:00Z",
		"2026-01-31T13:00:00.000000000+00:00": "2026-01-31T13:00:00Z",
		"2026-01-31 13:45":                    "2026-01-31T13:45:00Z",
		"2026-01-31T13:45":                    "2026-01-31T13:45:00Z",
		"2026-01-31 13:45:59":                 "2026-01-31T13:45:59Z",
		"2026-01-31T13:45:59":                 "2026-01-31T13:45:59Z",
		"1970-01-01 00:00":                    "1970-01-01T00:00:00Z",
		"2200-12-31T23:00:00Z":                "2200-12-31T23:00:00Z",
		"2026-01-31T13:00:00.5Z":              "",
		"2026-01-31T13:00:00,0Z":              "",
		"2026-01-31T1:00:00Z":                 "",
		"2026-01-31":                          "",
		"2026-01-31x13:00":                    "",
		"2026-13-01T00:00:00Z":                "",
		"2026-02-30 00:00":                    "",
		"2026-01-31 24:00":                    "",
		"31.01.2026 13:00":                    "",
		"01/31/2026 13:00":                    "",
		"1969-12-31T23:00:00Z":                "",
		"2201-01-01T00:00:00Z":                "",
		"1769864400":                          "",
		"":                                    "",
	} {
		seconds, bad := parseTime([]byte(text))
		got := ""
		if bad.reason == "" {
			got = time.Unix(seconds, 0).UTC().Format(time.RFC3339)
		} else if bad.reason != reasonBadTimestamp {
			t.Errorf("parseTime(%q): %s", text, bad.reason)
		}
		if got != want {
			t.Errorf("parseTime(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestRejectedRows(t *testing.T) {
	t.Parallel()
	const head, good = "series,timestamp,value\n", "n.m,2026-01-31T13:00:00Z,1\n"
	for row, want := range map[string]string{
		`n.m,2026-13-01T00:00:00Z,1`:       `column 2 (timestamp) "2026-13-01T00:00:00Z" bad_timestamp`,
		`n.m,2026-01-31T13:00:00Z,n/a`:     `column 3 (value) "n/a" not_a_number`,
		`n.m,2026-01-31T13:00:00Z,"1,234"`: `column 3 (value) "1,234" not_a_number`,
		`n.m,2026-01-31T13:00:00Z,`:        `column 3 (value) "" not_a_number`,
		`n.m,2026-01-31T13:00:00Z,NaN`:     `column 3 (value) "NaN" not_a_number`,
		`n.m,2026-01-31T13:00:00Z,-Inf`:    `column 3 (value) "-Inf" not_finite`,
		`n.m,2026-01-31T13:00:00Z,1e999`:   `column 3 (value) "1e999" not_finite`,
		`n.m,2026-01-31T13:00:00Z,0x10`:    `column 3 (value) "0x10" not_a_number`,
		`n.m,2026-01-31T13:00:00Z,1e12`:    `column 3 (value) "1e12" out_of_range`,
		`n.m.o,2026-01-31T13:00:00Z,1`:     `column 1 (series) "n.m.o" bad_subject`,
		`,2026-01-31T13:00:00Z,1`:          `column 1 (series) "" bad_subject`,
		`n.m,2026-01-31T13:00:00Z,1,234`:   `"n.m,2026-01-31T13:00:00Z,1,234" unparsable`,
		`n.m,2026-01-31T13:00:00Z`:         `"n.m,2026-01-31T13:00:00Z" unparsable`,
		`n.m,2026-01-31T13:00:00Z,"1`:      `"n.m,2026-01-31T13:00:00Z,\"1" unparsable`,
		`n.m,2026-01-31T13:00:00Z,"1"2`:    `"n.m,2026-01-31T13:00:00Z,\"1\"2" unparsable`,
		strings.Repeat("y", 70_000):        `"` + strings.Repeat("y", 64) + `" too_large`,
	} {
		t.Run(row[:min(len(row), 40)], func(t *testing.T) {
			t.Parallel()
			path := write(t, "bad.csv", head+good+row+"\r\n"+good)
			var called []RowError
			table, report, err := Load([]string{path}, Options{Rejected: func(e RowError) { called = append(called, e) }})
			if err != nil {
				t.Fatal(err)
			}
			if table.Len() != 2 || report.Rows != 3 || report.Rejected != 1 || len(report.First) != 1 {
				t.Fatalf("%d rows kept, report %+v", table.Len(), report)
			}
			if diff := cmp.Diff(report.First, called); diff != "" {
				t.Error(diff)
			}
			if got := report.First[0].Error(); got != path+":3: "+want {
				t.Errorf("got  %s\nwant %s:3: %s", got, path, want)
			}
			if report.First[0].Remedy == "" {
				t.Error("no remedy")
			}
		})
	}
}

func TestReportKeepsTheFirstTwenty(t *testing.T) {
	t.Parallel()
	path := write(t, "a.csv", "series,timestamp,value\nm,2026-01-31 13:00,1\n"+strings.Repeat("m,never,1\n", 50))
	calls := 0
	_, report, err := Load([]string{path}, Options{Rejected: func(RowError) { calls++ }})
	if err != nil || report.Rejected != 50 || calls != 50 || len(report.First) != 20 || report.First[19].Line != 22 {
		t.Errorf("%d rejected, %d calls, %d kept, %v", report.Rejected, calls, len(report.First), err)
	}
}

func TestFilesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	const head = "series,timestamp,value\n"
	for name, c := range map[string]struct{ content, problem, remedy string }{
		"empty":          {"", "is empty", "series,timestamp,value"},
		"only lines":     {"\n\r\n", "is empty", "header"},
		"header alone":   {head, "no rows", "at least one row"},
		"none usable":    {head + "m,2026-01-31 13:00,x\nm,never,1\n", `none of 2 rows is usable; first: FILE:2: column 3 (value) "x" not_a_number`, "decimals with a point"},
		"missing column": {"meter,timestamp,kwh\n", `no column "series"; the columns are "meter", "timestamp", "kwh"`, "wide"},
		"no timestamp":   {"series,time,value\n", `no column "timestamp"`, "name the columns"},
		"wide":           {"timestamp,a,b\n2026-01-31 13:00,1,2\n", `no column "series"`, "long form"},
		"semicolons":     {"series;timestamp;value\n", `no column "series"; the columns are "series;timestamp;value"`, "commas"},
		"many columns":   {strings.Repeat("a,", 50) + "b\n", "and 39 more", "name the columns"},
		"twice":          {"series,timestamp,value,Value\n", `two columns are named "value"`, "rename"},
		"broken header":  {"series,\"timestamp,value\n", "its first line is no header", "series,timestamp,value"},
		"zstd":           {"\x28\xb5\x2f\xfd\x00", "is compressed with zstd", "gzip"},
		"torn gzip":      {zipped(t, head+strings.Repeat("m,2026-01-31 13:00,1\n", 99))[:40], "cannot be read to its end", "whole"},
		"broken gzip":    {"\x1f\x8b\x00\x00", "cannot be read to its end", "whole"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := write(t, "a.csv", c.content)
			table, report, err := Load([]string{path}, Options{})
			var file *FileError
			if !errors.As(err, &file) || table != nil {
				t.Fatalf("error %v, table %v", err, table)
			}
			if want := strings.ReplaceAll(c.problem, "FILE", path); !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), path+": ") {
				t.Errorf("error says %q, want %q", err, want)
			}
			if !strings.Contains(file.Remedy, c.remedy) {
				t.Errorf("remedy %q, want %q", file.Remedy, c.remedy)
			}
			if report.File != path {
				t.Errorf("report of %q", report.File)
			}
		})
	}
	_, _, err := Load([]string{filepath.Join(t.TempDir(), "none.csv")}, Options{})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, _, err := Load(nil, Options{}); err == nil {
		t.Error("no file must be an error")
	}
}

func TestRowsAreBounded(t *testing.T) {
	t.Parallel()
	row := "m,2026-01-31 13:00,1\n"
	path := write(t, "a.csv", "series,timestamp,value\n"+row+row)
	if table, _, err := Load([]string{path}, Options{MaxRows: 2}); err != nil || table.Len() != 2 {
		t.Errorf("two rows of two: %v", err)
	}
	if _, _, err := Load([]string{path, path}, Options{MaxRows: 3}); err == nil || !strings.Contains(err.Error(), "more than 3 rows") {
		t.Errorf("four rows of three: %v", err)
	}
}

func TestSeveralFilesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	a := write(t, "a.csv", "series,timestamp,value\nm,2026-01-31 14:00,1\nm,2026-01-31 13:00,2\nm,2026-01-31 14:00,3\n")
	b := write(t, "b.csv", "timestamp,value,series\n2026-01-31 14:00,4,n.k\n2026-01-31 12:00,5,m\n")
	table, report, err := Load([]string{a, b}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Series != 2 || report.Until.Sub(report.From) != 2*time.Hour || report.File != a+", "+b {
		t.Errorf("report %+v", report)
	}
	table.SortByTime()
	want := []string{
		"default.m 2026-01-31T12:00:00Z 5", "default.m 2026-01-31T13:00:00Z 2", "default.m 2026-01-31T14:00:00Z 1",
		"default.m 2026-01-31T14:00:00Z 3", "n.k 2026-01-31T14:00:00Z 4",
	}
	if diff := cmp.Diff(want, texts(table)); diff != "" {
		t.Error(diff)
	}
}

// FuzzLoad: no file brings it down, every line is either a row, a rejected row or empty, and what is kept comes back
// from what the Writer makes of it.
func FuzzLoad(f *testing.F) {
	f.Add([]byte("series,timestamp,value\nnorth.m1,2026-01-31T13:00:00Z,1.5\n"))
	f.Add([]byte("\ufeffvalue;x,\"timestamp\",series,value\r\n1,\"2026-01-31 13:00\",\"m\"\"\",-1e3\r\n\r\nm"))
	f.Add([]byte(zipped(f, "series,timestamp,value\nm,2026-01-31 13:00,1\n")))
	f.Fuzz(func(t *testing.T, data []byte) {
		l := newLoader(Options{MaxRows: 1000})
		err := l.add("fuzz.csv", bytes.NewReader(data))
		report := l.finish([]string{"fuzz.csv"})
		if got := l.table.Len() + report.Rejected; got != report.Rows {
			t.Fatalf("%d of %d rows accounted for", got, report.Rows)
		}
		if err != nil && err.Error() == "" {
			t.Fatal("an error without words")
		}
		for _, e := range report.First {
			if e.Reason == "" || e.Remedy == "" || e.Line < 1 || len(e.Value) > maxShown {
				t.Fatalf("poor error %+v", e)
			}
		}
		if l.table.Len() == 0 {
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
		again := newLoader(Options{})
		if err := again.add("again.csv", &b); err != nil || again.report.Rejected > 0 {
			t.Fatalf("%v %v", err, again.report.First)
		}
		if diff := cmp.Diff(texts(l.table), texts(again.table)); diff != "" {
			t.Fatal(diff)
		}
	})
}
