package recorder_test

import (
	"testing"

	"github.com/alecthomas/kong"

	"github.com/loadtide/loadtide/services/recorder"
)

// TestFlags keeps the flags' defaults equal to DefaultConfig.
func TestFlags(t *testing.T) {
	t.Parallel()
	var cli struct {
		Recorder recorder.Config `embed:""`
	}
	parser, err := kong.New(&cli)
	if err != nil {
		t.Fatal(err)
	}
	want := recorder.DefaultConfig()
	for _, args := range [][]string{nil, {"--record-batch=300", "--influx-url=http://h:8086"}} {
		if _, err := parser.Parse(args); err != nil {
			t.Fatal(err)
		}
		if len(args) > 0 {
			want.Batch, want.Influx.URL = 300, "http://h:8086"
		}
		if cli.Recorder != want || cli.Recorder.Enabled() != (len(args) > 0) {
			t.Errorf("%v: parsed %+v, want %+v", args, cli.Recorder, want)
		}
	}
	envs := make(map[string]string)
	for _, group := range parser.Model.AllFlags(false) {
		for _, flag := range group {
			if len(flag.Envs) > 0 {
				envs[flag.Name] = flag.Envs[0]
			}
		}
	}
	if envs["influx-token"] != "LOADTIDE_INFLUX_TOKEN" || envs["record-batch"] != "LOADTIDE_RECORD_BATCH" {
		t.Errorf("environment names %v", envs)
	}
}
