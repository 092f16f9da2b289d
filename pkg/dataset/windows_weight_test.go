package dataset

import (
	"math"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// The weight of a lead falls with the time to the target, whatever the interval. Without Near all
// leads count the same.
func TestNearLeadsCountMore(t *testing.T) {
	t.Parallel()
	c := WindowConfig{Near: 4, NearHours: 3}
	if a, b := c.leadWeight(12, 900), c.leadWeight(3, meter.HourSeconds); a != b {
		t.Errorf("three hours ahead weigh %v by quarter-hours and %v by hours", a, b)
	}
	if got, want := c.leadWeight(6, 1800), 1+4/math.E; math.Abs(float64(got)-want) > 1e-6 {
		t.Errorf("three hours ahead weigh %v, want %v", got, want)
	}
	cfg := smallWindows()
	for near, more := range map[float64]bool{0: false, 4: true} {
		cfg.Near, cfg.NearHours = near, 3
		s := sampler(t, cfg, []*History{noise(900, 6, 0)}, epoch, epoch+900*meter.HourSeconds, 1)
		w := s.Batches(1)[0].Weight
		if (w[0] > w[cfg.Horizon-1]) != more {
			t.Errorf("near %v: lead 1 weighs %v, lead %d %v", near, w[0], cfg.Horizon,
				w[cfg.Horizon-1])
		}
	}
}

// Leads beyond those that are weighed have no weight, with Near or without.
func TestLeadsThatAreNotWeighed(t *testing.T) {
	t.Parallel()
	cfg := smallWindows()
	cfg.Weighed = 6
	for _, near := range []float64{0, 4} {
		cfg.Near, cfg.NearHours = near, 12
		s := sampler(t, cfg, []*History{noise(900, 6, 0)}, epoch, epoch+900*meter.HourSeconds, 1)
		for i, w := range s.Batches(1)[0].Weight {
			if lead := i%cfg.Horizon + 1; (w > 0) != (lead <= cfg.Weighed) {
				t.Fatalf("near %v: lead %d weighs %v", near, lead, w)
			}
		}
	}
}
