package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/model"
)

// When a file repeats a moment with another value, the history holds the last value, and the
// warning says so.
func TestLastValueOfARepeatedMomentCounts(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "repeats.csv")
	rows := "series,timestamp,value\nn.m,2026-01-01T00:00:00Z,1\nn.m,2026-01-01T01:00:00Z,2\n" +
		"n.m,2026-01-01T01:00:00Z,3\nn.m,2026-01-01T02:00:00Z,4\n"
	if err := os.WriteFile(path, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	histories, err := loadHistories(t.Context(), newScreen(&shown), []string{path}, &csvFlags{}, &marksFlag{}, &model.Model{Spec: model.Spec{Interval: "1h"}})
	if err != nil {
		t.Fatal(err)
	}
	h := histories[0]
	if value, _ := h.Raw.At(h.Raw.First() + 1); value != 3 {
		t.Errorf("the history holds %v", value)
	}
	want := "warn: 1 readings give another value for a moment that their series had already; the " +
		"last value counts"
	if !strings.Contains(shown.String(), want) {
		t.Errorf("shown: %s", shown.String())
	}
}
