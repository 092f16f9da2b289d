package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The table of docs/accuracy.md is what the results in bench/results give.
func TestDocumentShowsTheFigures(t *testing.T) {
	t.Parallel()
	results, err := readFigures(filepath.Join("..", "results", "accuracy.json"))
	if err != nil || len(results) != len(sets) {
		t.Fatalf("%d results, want %d: %v", len(results), len(sets), err)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "accuracy.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), beginTable+table(results)+endTable) {
		t.Errorf("docs/accuracy.md should have the table\n%s", table(results))
	}
}

// What is written is read again, and the document keeps the text around its table.
func TestFiguresAndTableAreWritten(t *testing.T) {
	t.Parallel()
	figures, document := filepath.Join(t.TempDir(), "accuracy.json"), filepath.Join(t.TempDir(), "accuracy.md")
	if results, err := readFigures(figures); err != nil || len(results) != 0 {
		t.Fatalf("a file that does not exist: %v, %v", results, err)
	}
	want := map[string]result{"pjm": {Name: "pjm", Overall: measures{Pinball: 0.0288, WAPE: 0.04}, Scale: "asinh", TrainS: 28}}
	if err := writeFigures(figures, want); err != nil {
		t.Fatal(err)
	}
	got, err := readFigures(figures)
	if err != nil || len(got) != 1 || got["pjm"].Overall != want["pjm"].Overall {
		t.Fatalf("read %v, %v, want %v", got, err, want)
	}
	if err := os.WriteFile(document, []byte("before\n"+beginTable+"old\n"+endTable+"\nafter\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writeTable(document, got); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(document)
	if err != nil || string(text) != "before\n"+beginTable+table(want)+endTable+"\nafter\n" {
		t.Errorf("%v: %s", err, text)
	}
}
