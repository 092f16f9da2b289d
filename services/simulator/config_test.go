package simulator

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestFlags keeps the flags' defaults equal to DefaultConfig.
func TestFlags(t *testing.T) {
	t.Parallel()
	var cli struct {
		Simulator Config `embed:"" prefix:"simulate-"`
	}
	parser, err := kong.New(&cli)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"--simulate-meters=30"}); err != nil {
		t.Fatal(err)
	}
	want := DefaultConfig()
	want.Meters = 30
	if cli.Simulator != want {
		t.Errorf("parsed %+v, want %+v", cli.Simulator, want)
	}
}

func TestValidateNamesAllFaults(t *testing.T) {
	t.Parallel()
	if err := DefaultConfig().Validate(); err != nil {
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
