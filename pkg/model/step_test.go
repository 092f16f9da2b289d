package model

import (
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

func TestStepOfEachInterval(t *testing.T) {
	t.Parallel()
	for _, interval := range meter.Intervals() {
		if got := (Spec{Interval: meter.IntervalName(interval)}).Step(); got != interval {
			t.Errorf("a model of %s has a step of %s", interval, got)
		}
	}
}
