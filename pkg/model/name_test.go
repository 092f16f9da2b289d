package model

import (
	"testing"
	"time"
)

func TestNamesOfIntervals(t *testing.T) {
	t.Parallel()
	for word, interval := range map[string]time.Duration{
		"5m": 5 * time.Minute, "10m": 10 * time.Minute, "15m": 15 * time.Minute, "20m": 20 * time.Minute,
		"30m": 30 * time.Minute, "1h": time.Hour,
	} {
		if got := NameOf(interval); got != "load-"+word || (Spec{Interval: word}).Step() != interval {
			t.Errorf("%s is named %s", interval, got)
		}
		if got, ok := IntervalOf("load-" + word); !ok || got != interval {
			t.Errorf("load-%s is of %s, %v", word, got, ok)
		}
	}
	for _, name := range []string{
		"", "load", "load-", "load-60m", "load-15m0s", "load-7m", "load-2h", "load-0s", "load--15m", "load-15m-homes",
		"homes-15m", "LOAD-1h", "load-99999999999h",
	} {
		if got, ok := IntervalOf(name); ok {
			t.Errorf("%q is taken for a name of %s", name, got)
		}
	}
}
