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

func TestStepName(t *testing.T) {
	t.Parallel()
	for step, want := range map[time.Duration]string{
		8 * time.Minute: "8m", 2 * time.Hour: "2h", 24 * time.Hour: "24h", 60 * time.Hour: "60h",
		48 * time.Hour: "2 days", 167 * time.Hour: "7 days", 169 * time.Hour: "7 days",
		170 * time.Hour: "170h", 672 * time.Hour: "28 days",
	} {
		if got := StepName(step); got != want {
			t.Errorf("%v: %q, want %q", step, got, want)
		}
	}
}
