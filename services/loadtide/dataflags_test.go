package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/model"
)

// More covariates than a model reads are refused, with the number that a model reads.
func TestTooManyCovariatesAreRefused(t *testing.T) {
	t.Parallel()
	for _, n := range []int{model.MaxCovariates, model.MaxCovariates + 1} {
		header, row := "timestamp", "2026-01-01T00:00:00Z"
		for i := range n {
			header += fmt.Sprintf(",c%d", i)
			row += ",1"
		}
		path := filepath.Join(t.TempDir(), "ahead.csv")
		if err := os.WriteFile(path, []byte(header+"\n"+row+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		known, err := aheadFlags{Covariates: []string{path}}.load(newScreen(io.Discard), "")
		if n <= model.MaxCovariates {
			if err != nil || len(known.Names()) != n {
				t.Errorf("%d covariates: %v, %v", n, known.Names(), err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), "33 covariates: a model reads 32 at most") {
			t.Errorf("%d covariates: %v", n, err)
		}
	}
}
