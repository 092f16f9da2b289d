package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"
)

// Series of different years end in the same week afterwards, on their own weekday and hour.
func TestAlign(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from.csv.gz"), filepath.Join(dir, "to.csv")
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte("series,timestamp,value\nold,2007-01-01T06:00:00Z,1\n" +
		"old,2007-01-02T06:15:00Z,2\nnew,2024-09-30T21:45:00Z,3\n"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(from, packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := align(from, to); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	want := "series,timestamp,value\nold,2024-09-23T06:00:00Z,1\nold,2024-09-24T06:15:00Z,2\n" +
		"new,2024-09-30T21:45:00Z,3\n"
	if string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
}
