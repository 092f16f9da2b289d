package simulator

import (
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/flagtest"
)

func TestCheckNamesAllFaults(t *testing.T) {
	t.Parallel()
	if err := flagtest.Defaults[Config](t).Check("simulate-"); err != nil {
		t.Fatal(err)
	}
	err := Config{Meters: 200_000, HistoryDays: -1, ReplayDays: 9999}.Check("simulate-")
	if err == nil {
		t.Fatal("no fault")
	}
	for _, want := range []string{
		"simulate-meters: 200000 is out of range; give 1 to 100000", "simulate-history-days: -1",
		"simulate-replay-days: 9999",
		"simulate-step: 0s is out of range; give 1ms to 1h", "simulate-timeout: 0s",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}
