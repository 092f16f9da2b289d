package dataset

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// values lists the readings of a history.
func values(h *History) (all []float32) {
	for n := h.Ring.First(); n <= h.Ring.Newest; n++ {
		v, _ := h.Ring.At(n)
		all = append(all, v)
	}
	return all
}

func TestFilesAreRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.csv")
	content := "series,timestamp,value\nnorth.m1,2026-01-31T01:00:00Z,2\n" +
		"north.m1,2026-01-31T00:00:00Z,1\nbare,2026-01-31T00:00:00Z,7\nnorth.m1,yesterday,3\n"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	b, reports := NewBuilder(), 0
	files := Files{Paths: []string{path}, Report: func(tabular.Report) { reports++ }}
	if err := files.Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	all := b.Build()
	if len(all) != 2 || all[0].ID != (meter.ID{Site: "default", Meter: "bare"}) ||
		!slices.Equal(values(all[1]), []float32{1, 2}) || reports != 1 {
		t.Errorf("%d histories, %d reports", len(all), reports)
	}
	missing := Files{Paths: []string{filepath.Join(t.TempDir(), "none.csv")}}
	if err := missing.Load(t.Context(), NewBuilder()); err == nil ||
		!strings.Contains(err.Error(), "none.csv") {
		t.Errorf("%v", err)
	}
}
