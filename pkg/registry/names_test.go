package registry

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestModelNames(t *testing.T) {
	t.Parallel()
	want := []string{"load-5m", "load-10m", "load-15m", "load-20m", "load-30m", "load-1h"}
	if got := ModelNames(); !slices.Equal(got, want) {
		t.Errorf("names %v, want %v", got, want)
	}
	for _, name := range want {
		interval, ok := ModelInterval(name)
		if !ok || ModelName(interval) != name {
			t.Errorf("%s is of %s, whose name is %s", name, interval, ModelName(interval))
		}
	}
	for _, name := range []string{
		"", "load", "load-", "load-60m", "load-15m0s", "load-7m", "load-45m", "load-2h", "load-0s",
		"load--15m",
		"load-15m-homes", "homes-15m", "LOAD-1h", "load-99999999999h", "mine",
	} {
		if interval, ok := ModelInterval(name); ok {
			t.Errorf("%q is of %s", name, interval)
		}
	}
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"load-15m": "", "mine": "", "load-test": "",
		"load-1h":     "model name load-1h: this model forecasts intervals of 15m, name it load-15m",
		"load-45m":    "name it load-15m",
		"load-15m0s":  "name it load-15m",
		"load-hourly": "",
	} {
		err := CheckName(name, 15*time.Minute)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

func TestRound(t *testing.T) {
	t.Parallel()
	var r Round
	known := func(name string) bool { return name == "load-15m" }
	for i, want := range [][]string{
		ModelNames(), {
			"load-10m", "load-15m", "load-1h",
		}, {"load-15m", "load-1h"}, {"load-15m", "load-20m", "load-1h"},
		{"load-15m", "load-30m", "load-1h"}, {"load-15m", "load-1h"}, {"load-5m", "load-15m", "load-1h"},
	} {
		if got := r.Names(known); !slices.Equal(got, want) {
			t.Errorf("look %d asks for %v, want %v", i, got, want)
		}
	}
}
