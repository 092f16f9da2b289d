package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A set is trained from a base model that never saw it.
func TestStartsNeverSawTheSet(t *testing.T) {
	t.Parallel()
	folds := t.TempDir()
	without := filepath.Join(folds, "liander.load-15m.onnx")
	if err := os.WriteFile(without, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	auto, scratch := []string{"--start", "auto"}, []string{"--start", "scratch"}
	for _, c := range []struct {
		folds, set, interval string
		want                 []string
	}{
		{"", "edrp", "1h", auto}, {"", "ev_sites_15min", "auto", auto}, {"", "spain_tariffs", "1h", auto},
		{"", "pjm", "1h", scratch}, {"", "liander_15min", "auto", scratch},
		{folds, "liander_15min", "auto", append(slices.Clone(auto), "--base-file", without)},
		{folds, "liander_15min", "1h", scratch}, {folds, "steel_15min", "auto", scratch},
	} {
		if got := (starts{c.folds}).flags(c.set, c.interval); !slices.Equal(got, c.want) {
			t.Errorf("%s at %s: %q, want %q", c.set, c.interval, got, c.want)
		}
	}
}
