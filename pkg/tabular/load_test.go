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
	"github.com/klauspost/compress/zstd"
)

// write puts files into a fresh folder and makes it known under relative names in errors by
// returning full paths.
func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zstded(t testing.TB, content string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(w.EncodeAll([]byte(content), nil))
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
		"zstd":                    zstded(t, plain),
		"two zstd frames":         zstded(t, plain[:30]) + zstded(t, plain[30:]),
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
			file := FileReport{File: report.File, Layout: LayoutLong, Rows: 2, Series: 2, From: one, Until: one, Naive: report.Naive}
			wantReport := Report{File: report.File, Files: []FileReport{file}, Rows: 2, Series: 2, From: one, Until: one, Naive: report.Naive, Layouts: report.Layouts}
			if len(report.Layouts) != 1 || report.Layouts[0].Delimiter != "comma" {
				t.Errorf("found %+v", report.Layouts)
			}
			if diff := cmp.Diff(wantReport, report); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]int{1, 1}, table.Counts()); diff != "" {
				t.Error(diff)
			}
		})
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
		`n.m,2026-01-31T13:00:00Z,1,234`:   `4 fields for 3 columns in "n.m,2026-01-31T13:00:00Z,1,234" unparsable`,
		`n.m,2026-01-31T13:00:00Z`:         `no column 3 (value) in "n.m,2026-01-31T13:00:00Z" unparsable`,
		`n.m,2026-01-31T13:00:00Z,"1`:      `quotes that do not fit in "n.m,2026-01-31T13:00:00Z,\"1" unparsable`,
		`n.m,2026-01-31T13:00:00Z,"1"2`:    `quotes that do not fit in "n.m,2026-01-31T13:00:00Z,\"1\"2" unparsable`,
		`n.m,01/31/2026,1`:                 `column 2 (timestamp) "01/31/2026" bad_timestamp`,
		`n.m,1769864400,1`:                 `column 2 (timestamp) "1769864400" bad_timestamp`,
		`n.m,2026-01-31T13:00:00Z,nan`:     `column 3 (value) "nan" not_a_number`,
		`n.m,2026-01-31T13:00:00Z,NA`:      `column 3 (value) "NA" not_a_number`,
		`n.m,2026-01-31T13:00:00Z,null`:    `column 3 (value) "null" not_a_number`,
		strings.Repeat("y", maxLine):       `"` + strings.Repeat("y", 64) + `" too_large`,
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
			if diff := cmp.Diff([]ReasonCount{{report.First[0].Reason, 1}}, report.Reasons); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReportKeepsTheFirstTwenty(t *testing.T) {
	t.Parallel()
	path := write(t, "a.csv", "series,timestamp,value\nm,2026-01-31 13:00,1\n"+strings.Repeat("m,never,1\n", 50))
	calls := 0
	_, report, err := Load([]string{path}, Options{Rejected: func(RowError) { calls++ }})
	if err != nil || report.Rejected != 50 || calls != 50 || len(report.First) != 20 ||
		report.First[19].Line != 22 {
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
		"none usable":    {head + "m,2026-01-31 13:00,x\nm,never,1\n", `none of 2 rows is usable; first: FILE:2: column 3 (value) "x" not_a_number`, "decimals with a point, or name the right column with --value-column"},
		"missing column": {"meter,timestamp,a\nm,2026-01-31 13:00,x\n", `no column "value"; the columns are "meter", "timestamp", "a"`, "--value-column"},
		"no timestamp":   {"series,time,value\n", `no column "timestamp"`, "--time-column"},
		"no value":       {"series,timestamp,a,b\nm,2026-01-31 13:00,1,2\n", `2 columns may be the values: "a", "b"`, "--value-column"},
		"no series":      {"timestamp,value\n2026-01-31 13:00,1\n", `no column says which series a value belongs to; the columns are "timestamp", "value"`, "--series NAME"},
		"other time":     {"a,b\n3,2\n", `no column "timestamp", and no other column holds times; the columns of line 1 are "a", "b"; the first row is "3, 2"`, "--time-column"},
		"times across":   {"id,2026-01-31T13:00Z,2026-01-31T14:00Z,2026-01-31T15:00Z\na,1,2,3\n", "the times stand in the header in line 1, each a column", "each time is a row"},
		"no numbers":     {"time,load\n2026-01-31 13:00,5*\n", `"time", "load"; the first row is "2026-01-31 13:00, 5*"`, "plain numbers"},
		"time alone":     {"timestamp\n2026-01-31 13:00\n", `no column "value"`, "--value-column"},
		"empty wide":     {"timestamp,a,b\n2026-01-31 13:00,,\n", "no rows", "at least one row"},
		"one name":       {"timestamp,a,b,a\n", `two columns of one series: 2 ("a") and 4 ("a") are both default.a`, "rename"},
		"one series":     {"timestamp,a,default.a\n", `two columns of one series: 2 ("a") and 3 ("default.a")`, "rename"},
		"one after all":  {"timestamp,a/b,a b\n", `two series with one name: "a/b" and "a b" both become default.a_b`, "rename"},
		"long name":      {"timestamp," + strings.Repeat("n", 65) + "\n", "cannot name a series", "64"},
		"semicolons":     {"series;timestamp;value\n", "no rows", "at least one row"},
		"many columns":   {strings.Repeat("a,", 50) + "b\n", "and 39 more", "name the column of times"},
		"twice":          {"series,timestamp,value,Value\n", `two columns are named "value": 3 and 4`, "rename"},
		"broken header":  {"series,\"timestamp,value\n", "its first line is no header", "series,timestamp,value"},
		"torn zstd":      {zstded(t, head+strings.Repeat("m,2026-01-31 13:00,1\n", 99))[:30], "cannot be read to its end", "whole"},
		"spreadsheet":    {"PK\x03\x04....", "is a zip archive or a spreadsheet", "CSV"},
		"xml":            {"<?xml version=\"1.0\"?>\n<feed/>\n", "is XML", "CSV"},
		"json":           {"{\"a\":1}\n", "is JSON", "CSV"},
		"parquet":        {"PAR1\x15\x04", "is a Parquet file", "CSV"},
		"bytes":          {strings.Repeat("a\x01\x02", 9), "is no text", "CSV"},
		"page":           {"\n<!DOCTYPE HTML><html><body>Log in</body></html>", "is a page of HTML", "download"},
		"page alone":     {"<html>\n", "is a page of HTML", "download"},
		"pdf":            {"%PDF-1.4\n%\xe2\xe3", "is a PDF", "CSV"},
		"xls":            {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old format xls", "CSV"},
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
			if want := strings.ReplaceAll(c.problem, "FILE", path); !strings.Contains(err.Error(), want) ||
				!strings.HasPrefix(err.Error(), path+": ") {
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
	if _, _, err := Load([]string{path, path}, Options{MaxRows: 3}); err == nil ||
		!strings.Contains(err.Error(), "more than 3 rows") {
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
