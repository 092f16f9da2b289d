package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The tables of docs/accuracy.md are what the results in bench/results give.
func TestDocumentShowsTheFigures(t *testing.T) {
	t.Parallel()
	results, err := readFigures(filepath.Join("..", "results", "accuracy.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sets {
		if _, ok := results[name]; !ok {
			t.Errorf("no results of %s", name)
		}
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "accuracy.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), beginTable+table(results)+endTable) {
		t.Errorf("docs/accuracy.md should have the table\n%s", table(results))
	}
	if !strings.Contains(string(text), beginNative+nativeTable(results)+endTable) {
		t.Errorf("docs/accuracy.md should have the table\n%s", nativeTable(results))
	}
	if !strings.Contains(string(text), beginLimits+limitsTable(results)+endTable) {
		t.Errorf("docs/accuracy.md should have the table\n%s", limitsTable(results))
	}
	if !strings.Contains(string(text), beginAhead+horizonsTable(results)+endTable) {
		t.Errorf("docs/accuracy.md should have the table\n%s", horizonsTable(results))
	}
}

// What is written is read again, and the document keeps the text around its tables.
func TestFiguresAndTableAreWritten(t *testing.T) {
	t.Parallel()
	figures, document := filepath.Join(
		t.TempDir(),
		"accuracy.json",
	), filepath.Join(
		t.TempDir(),
		"accuracy.md",
	)
	if results, err := readFigures(figures); err != nil || len(results) != 0 {
		t.Fatalf("a file that does not exist: %v, %v", results, err)
	}
	want := map[string]result{
		"pjm": {
			Name:    "pjm",
			Overall: measures{Pinball: 0.0288, WAPE: 0.04},
			Scale:   "asinh",
			TrainS:  28,
		},
	}
	want["vic_30min"] = result{
		Name:     "vic_30min",
		Interval: "30m",
		Overall:  measures{Pinball: 0.0188},
		Hours:    &hourSums{Native: 0.03},
	}
	if err := writeFigures(figures, want); err != nil {
		t.Fatal(err)
	}
	got, err := readFigures(figures)
	if err != nil || len(got) != 2 || *got["vic_30min"].Hours != *want["vic_30min"].Hours ||
		got["pjm"].Overall != want["pjm"].Overall {
		t.Fatalf("read %v, %v, want %v", got, err, want)
	}
	old := "before\n" + beginTable + "old\n" + endTable + "\nafter\n" + beginNative + "old\n" +
		endTable + beginLimits + "old\n" + endTable + beginAhead + "old\n" + endTable
	if err := os.WriteFile(document, []byte(old), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writeTables(document, got); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(document)
	if err != nil ||
		string(
			text,
		) != "before\n"+beginTable+table(
			want,
		)+endTable+"\nafter\n"+beginNative+nativeTable(
			want,
		)+endTable+beginLimits+limitsTable(want)+endTable+beginAhead+horizonsTable(want)+endTable {
		t.Errorf("%v: %s", err, text)
	}
}
