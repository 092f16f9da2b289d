package main

import (
	"testing"

	"github.com/loadtide/loadtide/services/forecaster"
)

// TestServingLine: a promotion by another process shows on the screen of `up`, a start does not.
func TestServingLine(t *testing.T) {
	t.Parallel()
	var line servingLine
	for i, c := range []struct {
		ready   bool
		models  string
		changed bool
	}{
		{false, "", false},
		{false, "load-1h v1", false},
		{true, "load-1h v1", false},
		{true, "load-1h v1", false},
		{true, "load-15m v1, load-1h v1", true},
		{false, "", false}, // a partition is started again
		{true, "load-15m v1, load-1h v1", false},
		{true, "load-15m v2, load-1h v1", true},
	} {
		models, changed := line.changed(forecaster.Status{Ready: c.ready, Model: c.models})
		if changed != c.changed || c.changed && models != c.models {
			t.Errorf("%d: %q, %v", i, models, changed)
		}
	}
}
