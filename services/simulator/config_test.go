package simulator

import (
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/flagtest"
)

func TestValidateNamesAllFaults(t *testing.T) {
	t.Parallel()
	if err := flagtest.Defaults[Config](t).Validate(); err != nil {
		t.Fatal(err)
	}
	err := Config{Meters: 200_000, HistoryDays: -1, ReplayDays: 9999}.Validate()
	if err == nil {
		t.Fatal("no fault")
	}
	for _, want := range []string{
		"simulator.meters: 200000 is out of range; give 1 to 100000", "simulator.history_days: -1", "simulator.replay_days: 9999",
		"simulator.step: 0s is out of range; give 1ms to 1h", "simulator.timeout: 0s",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}
