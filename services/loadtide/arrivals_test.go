package main

import (
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/services/forecaster"
)

// A model is trained when its own interval has enough history and no history is being published, or
// after a while all the same.
func TestArrivals(t *testing.T) {
	t.Parallel()
	var s forecaster.Status
	a := newArrivals(func() forecaster.Status { return s })
	now := time.Unix(1_800_000_000, 0)
	look := func(readings uint64, behind uint64, after time.Duration) {
		now = now.Add(after)
		s.Readings, s.Behind = readings, behind
		a.look(now)
	}
	want := func(what string, hourly, quarterly bool) {
		t.Helper()
		h, q := a.enough(t.Context(), "load-1h"), a.enough(t.Context(), "load-15m")
		if h != hourly || q != quarterly {
			t.Errorf("%s: hours %v, quarter-hours %v", what, h, q)
		}
	}
	few, ten := engine.Reach{Over35Days: 9}, engine.Reach{Over35Days: 10}
	one := engine.Reach{Over35Days: 1, Over60Days: 1}
	look(0, 0, 0)
	want("nothing is there", false, false)
	s.Histories = map[time.Duration]engine.Reach{time.Hour: few, 15 * time.Minute: ten}
	look(100_000, 0, time.Second)
	want("a history is being published", false, false)
	look(100_100, 0, calm)
	want("arrivals rest", false, true)
	s.Histories = map[time.Duration]engine.Reach{time.Hour: one, 15 * time.Minute: few}
	look(100_200, 0, time.Second)
	want("one long series of hours, too few of quarter-hours now", true, false)
	look(100_300, 5, time.Second)
	want("the logs are not read to their end", false, false)
	look(100_400, 5, calmLimit)
	want("long enough", true, false)
}
