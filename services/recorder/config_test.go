package recorder_test

import (
	"testing"

	"github.com/alecthomas/kong"

	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/services/recorder"
)

// A recorder is enabled by the address of InfluxDB; its flags are variables as well.
func TestFlags(t *testing.T) {
	t.Parallel()
	cfg := flagtest.Defaults[recorder.Config](t)
	if err := cfg.Validate(); err != nil || cfg.Enabled() {
		t.Errorf("defaults: %v, enabled %v", err, cfg.Enabled())
	}
	if cfg.Influx.URL = "http://h:8086"; !cfg.Enabled() {
		t.Error("an address does not enable it")
	}
	var cli struct {
		Recorder recorder.Config `embed:""`
	}
	parser, err := kong.New(&cli)
	if err != nil {
		t.Fatal(err)
	}
	envs := make(map[string]string)
	for _, group := range parser.Model.AllFlags(false) {
		for _, flag := range group {
			if len(flag.Envs) > 0 {
				envs[flag.Name] = flag.Envs[0]
			}
		}
	}
	if envs["influx-token"] != "LOADTIDE_INFLUX_TOKEN" ||
		envs["record-batch"] != "LOADTIDE_RECORD_BATCH" {
		t.Errorf("environment names %v", envs)
	}
}
