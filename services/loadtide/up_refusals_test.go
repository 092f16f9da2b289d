package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/services/forecaster"
)

// A reason has a line at once, and then one a minute with what came since.
func TestRefusalLines(t *testing.T) {
	t.Parallel()
	var lines refusalLines
	now := time.Date(2026, 1, 31, 13, 0, 0, 0, time.UTC)
	of := func(late, future uint64) map[meter.Reason]forecaster.Refusal {
		return map[meter.Reason]forecaster.Refusal{
			meter.ReasonTooLate: {
				Reason:   meter.ReasonTooLate,
				Readings: late,
				Series:   "a.b",
				Detail:   "ts",
			},
			meter.ReasonFuture: {
				Reason:   meter.ReasonFuture,
				Readings: future,
				Series:   "a.c",
				Detail:   "ahead",
			},
		}
	}
	late := func(n uint64) forecaster.Refusal { return of(n, 0)[meter.ReasonTooLate] }
	future := of(0, 1)[meter.ReasonFuture]
	for _, c := range []struct {
		after        time.Duration
		late, future uint64
		want         []forecaster.Refusal
	}{
		{0, 2, 0, []forecaster.Refusal{late(2)}},
		{30 * time.Second, 5, 1, []forecaster.Refusal{future}},
		{59 * time.Second, 7, 1, nil},
		{time.Minute, 7, 1, []forecaster.Refusal{late(5)}},
		{time.Hour, 7, 1, nil},
	} {
		got := lines.due(now.Add(c.after), of(c.late, c.future))
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("after %s: %s", c.after, diff)
		}
	}
	if got := lines.due(now, nil); got != nil {
		t.Errorf("nothing is refused: %v", got)
	}
}

func TestCounted(t *testing.T) {
	t.Parallel()
	for n, want := range []string{"0 readings", "1 reading", "2 readings"} {
		if got := counted(uint64(n), "reading"); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}
