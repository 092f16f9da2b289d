package service_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/service"
)

func TestNewLogger(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		flags    service.LogFlags
		terminal bool
		json     bool
	}{
		"auto in a file":      {service.LogFlags{Format: "auto", Level: "info"}, false, true},
		"auto on a terminal":  {service.LogFlags{Format: "auto", Level: "info"}, true, false},
		"json on a terminal":  {service.LogFlags{Format: "json", Level: "info"}, true, true},
		"console into a file": {service.LogFlags{Format: "console", Level: "info"}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			log, err := service.NewLogger(tc.flags, &out, tc.terminal, false)
			if err != nil {
				t.Fatal(err)
			}
			log = service.Component(log, "recorder")
			log.Debug().Msg("hidden")
			log.Info().Str(service.FieldSeries, "north.m17").Msg("started")
			var line map[string]string
			isJSON := json.Unmarshal([]byte(out.String()), &line) == nil
			if isJSON != tc.json {
				t.Fatalf("logged %q", out.String())
			}
			if strings.Count(out.String(), "\n") != 1 || strings.Contains(out.String(), "\x1b") {
				t.Errorf("logged %q, want one line without colour", out.String())
			}
			if !isJSON {
				return
			}
			if at, err := time.Parse(time.RFC3339Nano, line["time"]); err != nil ||
				at.Location() != time.UTC {
				t.Errorf("time %q is not RFC 3339 in UTC", line["time"])
			}
			if line["component"] != "recorder" || line["series"] != "north.m17" ||
				line["message"] != "started" {
				t.Errorf("logged %v", line)
			}
		})
	}
}

func TestNewLoggerRefuses(t *testing.T) {
	t.Parallel()
	for _, flags := range []service.LogFlags{
		{Format: "xml", Level: "info"}, {Format: "json", Level: "loud"}, {Format: "json"},
	} {
		if _, err := service.NewLogger(flags, &strings.Builder{}, false, false); err == nil {
			t.Errorf("%+v was taken", flags)
		}
	}
}

func TestUseColour(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		mode     string
		terminal bool
		env      map[string]string
		want     bool
	}{
		"terminal": {"auto", true, nil, true},
		"file":     {"auto", false, nil, false},
		"NO_COLOR": {"auto", true, map[string]string{"NO_COLOR": "1"}, false},
		"dumb":     {"auto", true, map[string]string{"TERM": "dumb"}, false},
		"always":   {"always", false, map[string]string{"NO_COLOR": "1"}, true},
		"never":    {"never", true, nil, false},
	} {
		if got := service.UseColour(
			tc.mode, tc.terminal, func(k string) string { return tc.env[k] },
		); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

// TestFlagsParse keeps the struct tags in the form that kong understands.
func TestFlagsParse(t *testing.T) {
	t.Parallel()
	var cli struct {
		Log   service.LogFlags   `embed:""`
		NATS  service.NATSFlags  `embed:""`
		Data  service.DataFlags  `embed:""`
		Admin service.AdminFlags `embed:"" set:"admin_listen=127.0.0.1:9466"`
	}
	parser, err := kong.New(&cli)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(
		[]string{"--log-level", "debug", "--nats-url=nats://n:4222"},
	); err != nil {
		t.Fatal(err)
	}
	if cli.Log.Format != service.LogAuto || cli.Log.Level != zerolog.DebugLevel.String() ||
		cli.NATS.URL != "nats://n:4222" ||
		cli.Data.Dir != "./loadtide-data" || cli.Admin.Listen != "127.0.0.1:9466" {
		t.Errorf("parsed %+v", cli)
	}
	if _, err := parser.Parse([]string{"--log-level", "loud"}); err == nil {
		t.Error("--log-level loud was taken")
	}
}
