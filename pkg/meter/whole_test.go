package meter_test

import (
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

func TestWhole(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind       meter.Kind
		sum        float64
		have, want int
		value      float64
		estimated  bool
		ok         bool
	}{
		"energy":            {meter.Energy, 3, 4, 4, 3, false, true},
		"power":             {meter.Power, 3, 4, 4, 0.75, false, true},
		"no kind":           {meter.KindUnknown, 3, 4, 4, 0.75, false, true},
		"energy, one lost":  {meter.Energy, 3, 3, 4, 4, true, true},
		"power, one lost":   {meter.Power, 3, 3, 4, 1, true, true},
		"half":              {meter.Energy, 3, 2, 4, 6, true, true},
		"less than half":    {meter.Energy, 3, 5, 12, 0, false, false},
		"nothing":           {meter.Power, 0, 0, 1, 0, false, false},
		"feed-in":           {meter.Energy, -3, 2, 2, -3, false, true},
		"one that is whole": {meter.Energy, 3, 1, 1, 3, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if v, e, ok := c.kind.Whole(c.sum, c.have, c.want); v != c.value || e != c.estimated ||
				ok != c.ok {
				t.Errorf("%v %v %v", v, e, ok)
			}
		})
	}
}
