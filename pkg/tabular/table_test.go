package tabular

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

func TestSortByTimeIsStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		span := rapid.SampledFrom([]int64{1, 100, 70_000, 1 << 33}).Draw(t, "span")
		first := rapid.Int64Range(0, 1<<32).Draw(t, "first")
		table := &Table{}
		for i, n := 0, rapid.IntRange(0, 200).Draw(t, "rows"); i < n; i++ {
			// The value marks the place before sorting.
			unix := first + rapid.Int64Range(0, span).Draw(t, "unix")
			table.rows = append(table.rows, Row{Series: int32(i % 3), Unix: unix, Value: float64(i)})
		}
		before := slices.Clone(table.rows)
		table.SortByTime()
		for i := 1; i < len(table.rows); i++ {
			if a, b := table.rows[i-1], table.rows[i]; a.Unix > b.Unix ||
				a.Unix == b.Unix && a.Value >= b.Value {
				t.Fatalf("%v stands before %v", a, b)
			}
		}
		for _, r := range table.rows {
			if r != before[int(r.Value)] {
				t.Fatalf("%v is another row than before", r)
			}
		}
		if len(table.rows) != len(before) {
			t.Fatalf("%d rows are %d", len(before), len(table.rows))
		}
	})
}

func TestWriteFile(t *testing.T) {
	t.Parallel()
	name, hour := meter.ID{Site: "north", Meter: "m1"}, time.Date(2026, 1, 31, 13, 0, 0, 0, time.FixedZone("", 3600))
	for _, file := range []string{"a.csv", "a.csv.gz"} {
		path := filepath.Join(t.TempDir(), file)
		for _, value := range []float64{0.1, -1e-7, 123456789.125} {
			err := WriteFile(path, func(w *Writer) error { return w.Write(name, hour, value) })
			if err != nil {
				t.Fatal(err)
			}
			table, _, err := Load([]string{path}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := table.Row(0); table.Len() != 1 || got.Value != value || !got.Time().Equal(hour) ||
				table.Name(got) != name {
				t.Errorf("%g comes back as %+v", value, got)
			}
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if plain := strings.HasPrefix(string(data), "series,timestamp,value\nnorth.m1,2026-01-31T12:00:00Z,"); plain != (file == "a.csv") {
			t.Errorf("%s holds %.60q", file, data)
		}
	}
}

func TestWriteFileWithFurtherColumns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.csv")
	name, at := meter.ID{Site: "north", Meter: "m1"}, time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	err := WriteFile(path, func(w *Writer) error {
		return errors.Join(w.Write(name, at, 1.5, "2", "late"), w.WriteText(name, at.Add(time.Hour), "n/a", "3", ""))
	}, "truth", "fault")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if want := "series,timestamp,value,truth,fault\nnorth.m1,2026-01-31T12:00:00Z,1.5,2,late\nnorth.m1,2026-01-31T13:00:00Z,n/a,3,\n"; err != nil || string(data) != want {
		t.Errorf("%q, %v", data, err)
	}
	for column, want := range map[string][]float64{"": {1.5}, "truth": {2, 3}} {
		table, report, err := Load([]string{path}, Options{ValueColumn: column})
		if err != nil || table.Len() != len(want) || report.Rejected != 2-len(want) {
			t.Errorf("column %q: %+v, %v", column, report, err)
		}
	}
	for fault, rows := range map[string]func(*Writer) error{
		"a field too few": func(w *Writer) error { return w.Write(name, at, 1, "2") },
		"a comma":         func(w *Writer) error { return w.Write(name, at, 1, "2", "a,b") },
		"a line end":      func(w *Writer) error { return w.WriteText(name, at, "1\n", "2", "") },
	} {
		if err := WriteFile(path, rows, "truth", "fault"); err == nil {
			t.Errorf("%s: no error", fault)
		}
	}
}

func TestWriteFileLeavesTheOldOneAfterAnError(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.csv.gz")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, rows := range map[string]func(*Writer) error{
		"caller": func(*Writer) error { return errors.New("planned") },
		"series": func(w *Writer) error { return w.Write(meter.ID{Site: "a b", Meter: "c"}, time.Unix(0, 0), 1) },
		"value":  func(w *Writer) error { return w.Write(meter.ID{Site: "a", Meter: "c"}, time.Unix(0, 0), math.Inf(1)) },
		"kept": func(w *Writer) error {
			first := w.Write(meter.ID{Site: "", Meter: "c"}, time.Unix(0, 0), 1)
			if again := w.Write(meter.ID{Site: "a", Meter: "c"}, time.Unix(0, 0), 1); again == nil ||
				again != first {
				return nil
			}
			return first
		},
	} {
		if err := WriteFile(path, rows); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "old" {
		t.Errorf("the old file holds %q, %v", data, err)
	}
	if err := WriteFile(filepath.Join(path, "b.csv"), func(*Writer) error { return nil }); err == nil {
		t.Error("a file inside a file must fail")
	}
}

func BenchmarkLoad(b *testing.B) {
	path := filepath.Join(b.TempDir(), "a.csv")
	start := time.Unix(1_700_000_000, 0)
	const rows = 100_000
	err := WriteFile(path, func(w *Writer) error {
		for i := range rows {
			if err := w.Write(meter.ID{Site: "site", Meter: fmt.Sprint("m", i%50)}, start.Add(time.Duration(i%977)*time.Hour), float64(i)/7); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		table, _, err := Load([]string{path}, Options{})
		if err != nil {
			b.Fatal(err)
		}
		table.SortByTime()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}

func ExampleLoad() {
	dir, err := os.MkdirTemp("", "tabular")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "meters.csv")
	text := "series,timestamp,value\nnorth.m1,2026-01-31T13:00:00Z,1.5\nnorth.m1,2026-01-31T12:00:00Z,1.25\nnorth.m1,2026-13-01T00:00:00Z,2\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	table, report, err := Load([]string{path}, Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	table.SortByTime()
	for row := range table.All() {
		fmt.Println(table.Name(row), row.Time().Format(time.RFC3339), row.Value)
	}
	first := report.First[0]
	fmt.Println(report.Rejected, "of", report.Rows, "rejected, line", first.Line, first.Reason)
	// Output:
	// north.m1 2026-01-31T12:00:00Z 1.25
	// north.m1 2026-01-31T13:00:00Z 1.5
	// 1 of 3 rejected, line 4 bad_timestamp
}
