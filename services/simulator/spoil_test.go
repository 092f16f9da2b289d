package simulator

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// load reads a file as publish, train and backtest do.
func load(t *testing.T, path, column string) (*tabular.Table, tabular.Report) {
	t.Helper()
	table, report, err := tabular.Load([]string{path}, tabular.Options{ValueColumn: column})
	if err != nil {
		t.Fatal(err)
	}
	return table, report
}

// values returns the values of a table, for each time the first one.
func values(table *tabular.Table) map[string]map[int64]float64 {
	all := map[string]map[int64]float64{}
	for row := range table.All() {
		name := table.Name(row).String()
		if all[name] == nil {
			all[name] = map[int64]float64{}
		}
		if _, ok := all[name][row.Unix]; !ok {
			all[name][row.Unix] = row.Value
		}
	}
	return all
}

// The column truth of a faulty file has the values of the file without faults, for any interval,
// holes and grid of a series.
func TestSpoilCSV(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var text strings.Builder
	text.WriteString("series,timestamp,value\n")
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 4000 {
		at := begin.Add(time.Duration(i) * time.Hour)
		text.WriteString("a.hourly," + at.Format(time.RFC3339) + "," + number(wave(int64(i))) + "\n")
		if i < 1500 {
			text.WriteString(
				"b.quarter," + begin.Add(
					time.Duration(i)*15*time.Minute+5*time.Minute,
				).Format(time.RFC3339) + ",-1.5\n",
			)
		}
		if i%9 != 4 && (i < 1000 || i > 1100) {
			text.WriteString(
				"c.holes," + at.Add(30*time.Minute).Format(time.RFC3339) + "," + number(1e9+float64(i)) + "\n",
			)
		}
	}
	// a repeat, and one off the grid
	text.WriteString("a.hourly,2026-01-01T00:00:00Z,7\na.hourly,2027-01-01T00:20:00Z,7\n")
	source := filepath.Join(dir, "source.csv")
	if err := os.WriteFile(source, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	spoil := func(name string, seed uint64) ([]byte, Spoiled) {
		table, _ := load(t, source, "")
		path := filepath.Join(dir, name)
		result, err := SpoilCSV(t.Context(), path, table, faultsOf(t, "all"), seed)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return data, result
	}
	one, result := spoil("one.csv", 1)
	if again, _ := spoil("again.csv", 1); !bytes.Equal(one, again) {
		t.Error("the same seed gives another file")
	}
	if other, _ := spoil("other.csv", 2); bytes.Equal(one, other) {
		t.Error("another seed gives the same file")
	}
	if result.Left != 2 || result.Series != 3 ||
		!bytes.HasPrefix(one, []byte("series,timestamp,value,truth,fault\n")) ||
		result.Rows != bytes.Count(one, []byte("\n"))-1 {
		t.Errorf("%+v, begins %q", result, one[:40])
	}
	for _, row := range faultTable {
		if n := result.Faults[row.name]; (n > 0) != row.has.have(false) {
			t.Errorf("%d rows of %s", n, row.name)
		}
	}
	clean, _ := load(t, source, "")
	truth, _ := load(t, filepath.Join(dir, "one.csv"), ColumnTruth)
	want, got := values(clean), values(truth)
	delete(want["a.hourly"], time.Date(2027, 1, 1, 0, 20, 0, 0, time.UTC).Unix())
	for name := range want {
		if len(want[name]) != len(got[name]) {
			t.Errorf("%s: %d true rows, want %d", name, len(got[name]), len(want[name]))
		}
		for second, v := range want[name] {
			if got[name][second] != v {
				t.Fatalf("%s at %d: truth %g, want %g", name, second, got[name][second], v)
			}
		}
	}
	faulty, report := load(t, filepath.Join(dir, "one.csv"), "")
	if report.Rejected == 0 || faulty.Len()+report.Rejected != report.Rows {
		t.Errorf("%d rows, %d rejected of %d", faulty.Len(), report.Rejected, report.Rows)
	}
}

func TestSpoilCSVRefuses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out.csv")
	table, _ := load(t, writeSmall(t), "")
	if _, err := SpoilCSV(t.Context(), path, table, faultsOf(t, "lost,reset"), 1); err == nil ||
		!strings.Contains(err.Error(), "reset is a fault of registers, and the files are not said to hold any") {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := SpoilCSV(ctx, path, table, faultsOf(t, "all"), 1); err == nil {
		t.Error("an interrupted file must be an error")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file is left")
	}
}

// Files of registers have the faults of registers, and those of an energy not.
func TestSpoilRegisters(t *testing.T) {
	t.Parallel()
	dir, until := t.TempDir(), time.Date(2026, 5, 31, 13, 0, 0, 0, time.UTC)
	cfg := flagtest.Defaults[Config](t)
	cfg.Meters, cfg.Registers = 3, 3
	source, path := filepath.Join(dir, "registers.csv"), filepath.Join(dir, "faulty.csv")
	if _, err := WriteCSV(t.Context(), source, cfg, until, 200); err != nil {
		t.Fatal(err)
	}
	table, _, err := tabular.Load([]string{source}, tabular.Options{Kind: meter.Register})
	if err != nil {
		t.Fatal(err)
	}
	done, err := SpoilCSV(t.Context(), path, table, faultsOf(t, "all"), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range faultTable {
		if n := done.Faults[row.name]; n > 0 && !row.has.have(true) ||
			n == 0 && row.has == onlyRegisters {
			t.Errorf("%d rows of %s", n, row.name)
		}
	}
	clean, _ := load(t, source, "")
	truth, _ := load(t, path, ColumnTruth)
	want, got := values(clean), values(truth)
	for name := range want {
		for second, v := range want[name] {
			if got[name][second] != v {
				t.Fatalf("%s at %d: truth %g, want %g", name, second, got[name][second], v)
			}
		}
	}
}

// Rows whose time lies ahead stand behind all other rows of their moment, so that they move the
// clock of no other series.
func TestRowsAheadStandLast(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out.csv")
	table, _ := load(t, writeSmall(t), "")
	if _, err := SpoilCSV(t.Context(), path, table, faultsOf(t, "unfinished=50%"), 3); err != nil {
		t.Fatal(err)
	}
	spoiled, _ := load(t, path, "")
	clock, ahead := int64(0), 0
	for row := range spoiled.All() {
		if row.Unix < clock {
			t.Fatalf("a row of %d stands behind one of %d", row.Unix, clock)
		}
		if row.Unix > clock {
			ahead++
		}
		clock = row.Unix
	}
	if spoiled.Len() <= table.Len() || ahead > 26 {
		t.Errorf("%d rows of %d readings, the clock moves %d times", spoiled.Len(), table.Len(), ahead)
	}
}

// writeSmall writes a day of two meters.
func writeSmall(t *testing.T) string {
	t.Helper()
	cfg := flagtest.Defaults[Config](t)
	cfg.Meters = 2
	path := filepath.Join(t.TempDir(), "small.csv")
	if _, err := WriteCSV(
		t.Context(), path, cfg, time.Date(2026, 1, 31, 13, 0, 0, 0, time.UTC), 1,
	); err != nil {
		t.Fatal(err)
	}
	return path
}

// A simulated file with faults has the values of the clean file as its truth, also for registers.
func TestWriteFaultyCSV(t *testing.T) {
	t.Parallel()
	for _, registers := range []int{0, 6} {
		dir, until := t.TempDir(), time.Date(2026, 5, 31, 13, 0, 0, 0, time.UTC)
		cfg := flagtest.Defaults[Config](t)
		cfg.Meters, cfg.Sites, cfg.Registers = 6, MaxSites, registers
		clean, faulty := filepath.Join(dir, "clean.csv"), filepath.Join(dir, "faulty.csv.gz")
		if _, err := WriteCSV(t.Context(), clean, cfg, until, 100); err != nil {
			t.Fatal(err)
		}
		cfg.Faults = "all"
		if _, err := WriteCSV(t.Context(), faulty, cfg, until, 100); err != nil {
			t.Fatal(err)
		}
		source, _ := load(t, clean, "")
		truth, _ := load(t, faulty, ColumnTruth)
		want, got := values(source), values(truth)
		for name := range want {
			for second, v := range want[name] {
				if has, ok := got[name][second]; !ok || has != v {
					t.Fatalf("%s at %d: truth %g (%t), want %g", name, second, has, ok, v)
				}
			}
		}
	}
	cfg := flagtest.Defaults[Config](t)
	cfg.Registers = 3
	if _, err := WriteCSV(
		t.Context(), filepath.Join(t.TempDir(), "x.csv"), cfg, time.Now(), 1,
	); err == nil || !strings.Contains(err.Error(), "3 of 24 meters are registers") {
		t.Errorf("error %v", err)
	}
}

// Faults on the stream are a function of the hour: a run with two stops and failures in between
// publishes the same as a run without.
func TestFaultsGoOnWhereTheyStopped(t *testing.T) {
	t.Parallel()
	cfg := small(t)
	cfg.Faults, cfg.Registers, cfg.ReplayDays = "all,gap=12h/2d,late=10%,burst=1d/3d,garbage=2%", 1, 4
	played := func(pauses []time.Duration, fail func(int) error) map[string]int {
		all := map[string]int{}
		synctest.Test(t, func(t *testing.T) {
			dir, b := t.TempDir(), &broker{fail: fail}
			for _, d := range pauses {
				if err := run(t, newService(t, cfg, dir, b, nil), d); err != nil {
					t.Fatal(err)
				}
			}
			late := 0
			for _, m := range b.messages {
				if m.payload != "" {
					all[m.series+" "+m.payload]++
				}
				if len(m.readings) > 1 && !m.readings[0].History {
					t.Errorf("%d readings in a live message", len(m.readings))
				}
				for i, r := range m.readings {
					if math.IsNaN(r.Value) || (r.Kind != meter.KindUnknown) != (m.series == "flats.m01") {
						t.Errorf("%s: %+v", m.series, r)
					}
					if i > 0 && r.Time.Before(m.readings[i-1].Time) {
						late++
					}
					all[m.series+" "+r.Time.String()+" "+number(r.Value)]++
				}
			}
			if late == 0 || len(all) < 500 {
				t.Errorf("%d readings, %d come late", len(all), late)
			}
		})
		return all
	}
	one := played([]time.Duration{30 * time.Minute}, nil)
	two := played([]time.Duration{
		time.Second, 3 * time.Minute, 27 * time.Minute,
	}, func(call int) error {
		if call%37 == 0 {
			return errPlanned
		}
		return nil
	})
	for what, n := range one {
		if two[what] < n {
			t.Fatalf("%q is published %d times in one piece and %d times in several", what, n, two[what])
		}
	}
	if len(one) != len(two) {
		t.Errorf("%d readings in one piece, %d in several", len(one), len(two))
	}
}
