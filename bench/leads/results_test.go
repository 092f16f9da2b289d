package main

import (
	"strings"
	"testing"
	"time"
)

func TestRatiosAreTakenWithinARound(t *testing.T) {
	t.Parallel()
	// The machine is slower in the second round, for both.
	first, other := rounds{10, 30, 10}, rounds{15, 45, 16}
	if got := other.to(first); got != 1.5 {
		t.Errorf("ratio %v, want 1.5", got)
	}
	if got := (rounds{}).to(nil); got != 0 {
		t.Errorf("ratio without rounds %v, want 0", got)
	}
}

func TestRateIsThatOfACoreForAll(t *testing.T) {
	t.Parallel()
	r := result{Forecaster: rounds{20, 30, 25}, Broker: rounds{30, 20, 25}}
	if got := r.rate(); got != 20_000 {
		t.Errorf("%v readings a second, want 20000", got)
	}
}

func TestTableHasARowForEachCase(t *testing.T) {
	t.Parallel()
	table := tableOf([]result{
		{Case: "24 leads of 1h", Bytes: 1240, Pipeline: rounds{10}},
		{Case: "48 leads of 1h", Bytes: 2110, Pipeline: rounds{16}},
	})
	if !strings.Contains(table, "| 48 leads of 1h | 2110 | 16.0 | 1.60 |") {
		t.Errorf("table:\n%s", table)
	}
}

func TestCases(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC)
	for _, c := range cases {
		if err := c.artifact().Spec.Validate(); err != nil {
			t.Errorf("%s: %v", c, err)
		}
		if c.reading(1, at, false)[0] != '{' {
			t.Errorf("%s: reading %s", c, c.reading(1, at, false))
		}
	}
}
