package meter

import (
	"testing"
	"time"
)

func TestNative(t *testing.T) {
	t.Parallel()
	for _, interval := range Intervals() {
		if !Native(interval) || interval < LeastInterval || interval > MostInterval ||
			time.Hour%interval != 0 {
			t.Errorf("%v", interval)
		}
		if Native(interval+time.Millisecond) || Native(-interval) {
			t.Errorf("an interval beside %v is taken", interval)
		}
	}
	for _, interval := range []time.Duration{0, time.Minute, 12 * time.Minute, 2 * time.Hour} {
		if Native(interval) {
			t.Errorf("%v is taken", interval)
		}
	}
}
