package accuracy

import (
	"slices"
	"testing"
	"time"
)

func TestScoredLeads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		horizon, hour int
		want          []int
	}{
		{1, 1, []int{1}},
		{24, 1, []int{1, 6, 12, 24}},
		{168, 1, []int{1, 6, 12, 24, 168}},
		{96, 4, []int{1, 4, 24, 48, 96}},
		{192, 4, []int{1, 4, 24, 48, 96, 192}},
		{48, 2, []int{1, 2, 12, 24, 48}},
		{288, 12, []int{1, 12, 72, 144, 288}},
		{3, 4, []int{1, 3}},
	} {
		if got := ScoredLeads(c.horizon, c.hour); !slices.Equal(got, c.want) {
			t.Errorf("horizon %d, %d leads an hour: %v, want %v", c.horizon, c.hour, got, c.want)
		}
	}
}

func TestLeadName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lead     int
		interval time.Duration
		want     string
	}{
		{1, time.Hour, "first"}, {1, 15 * time.Minute, "first"},
		{4, 15 * time.Minute, "1h"}, {3, 15 * time.Minute, "45m"},
		{24, time.Hour, "24h"}, {48, 30 * time.Minute, "24h"}, {96, 15 * time.Minute, "24h"},
		{168, time.Hour, "168h"},
	} {
		if got := LeadName(c.lead, c.interval); got != c.want {
			t.Errorf("lead %d of %s is %q, want %q", c.lead, c.interval, got, c.want)
		}
	}
}
