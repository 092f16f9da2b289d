package main

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A file has the chosen series and times of a set, and registers are added up to the end of each
// hour.
func TestSelection(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	set, path := filepath.Join(dir, "set.csv.gz"), filepath.Join(dir, "out.csv")
	file, err := os.Create(set)
	if err != nil {
		t.Fatal(err)
	}
	packed := gzip.NewWriter(file)
	_, err = packed.Write([]byte(header + "\na.1,2026-01-01T00:00:00Z,2\na.1,2026-01-01T01:00:00Z,3\n" +
		"a.1,2026-01-01T02:00:00Z,4\na.2,2026-01-01T01:00:00Z,5\n"))
	if err != nil || packed.Close() != nil || file.Close() != nil {
		t.Fatal("the set cannot be written")
	}
	begin := time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC)
	rows := selection{series: 1, from: begin, until: begin.Add(2 * time.Hour), register: true}
	n, err := rows.write(set, path)
	if err != nil || n != 1 {
		t.Fatalf("%d series, %v", n, err)
	}
	want := header + "\na.1,2026-01-01T02:00:00Z,60003.000\na.1,2026-01-01T03:00:00Z,60007.000\n"
	if got, _ := os.ReadFile(path); string(got) != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Faulty rows before a time get their true values; rows without one and later rows stay.
func TestHeal(t *testing.T) {
	t.Parallel()
	const head = "series,timestamp,value,truth,fault\n"
	path := filepath.Join(t.TempDir(), "faulty.csv")
	rows := head + "a.1,2026-01-01T00:00:00Z,20,2,tenfold\na.1,2026-01-01T01:00:00Z,3,3,\n"
	later := "a.1,2026-01-02T00:00:00Z,40,4,tenfold\na.1,2026-01-01T02:00:00Z,9,,ahead\n"
	if err := os.WriteFile(path, []byte(rows+later), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := heal(path, time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	want := head + "a.1,2026-01-01T00:00:00Z,2,2,\na.1,2026-01-01T01:00:00Z,3,3,\n" + later
	if got, _ := os.ReadFile(path); string(got) != want {
		t.Errorf("%q, want %q", got, want)
	}
}
