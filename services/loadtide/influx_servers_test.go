package main

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/servertest"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/pkg/tabular"
	"github.com/loadtide/loadtide/services/trainer/cycle"
)

// TestTrainFromInflux trains on three years of real readings, once from their file and once from a
// real InfluxDB that holds them: the models are the same to the byte.
func TestTrainFromInflux(t *testing.T) {
	t.Parallel()
	cfg := influxtest.Server(t)
	file := filepath.Join(servertest.PublicReadings(t), "hourly", "vic.csv.gz")
	table, _, err := tabular.Load([]string{file}, tabular.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var points []influx.Point
	for row := range table.All() {
		name := table.Name(row)
		points = append(points, influx.Point{
			Measurement: cycle.ReadingMeasurement, Tags: []influx.Tag{{Key: "site", Value: name.Site}, {Key: "meter", Value: name.Meter}}, Time: row.Time(),
			Fields: []influx.Field{{Key: "value", Value: row.Value}, {Key: "unit", Value: ""}, {Key: "quality", Value: ""}, {Key: "kind", Value: ""}},
		})
	}
	w, err := influx.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for batch := range slices.Chunk(points, 5000) {
		if err := w.Write(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}

	train := func(source ...string) cycle.Event {
		t.Helper()
		args := []string{"train", "--json", "--quick", "--hidden", "8", "--iterations", "5", "--out", filepath.Join(t.TempDir(), "model"), "--data-dir", t.TempDir()}
		stdout, stderr, code := said(append(args, source...)...)
		var told cycle.Event
		if err := json.Unmarshal([]byte(stdout), &told); code != service.ExitOK || err != nil {
			t.Fatalf("%v: exit code %d, %v: %s", source, code, err, stderr)
		}
		return told
	}
	at := []string{"--from", "influx", "--influx-url", cfg.URL, "--influx-bucket", cfg.Bucket, "--influx-token", cfg.Token.Reveal()}
	ofFiles, ofInflux := train("--data", file), train(append(at, "--history", "175200h")...)
	if ofFiles.Digest == "" || ofFiles.Digest != ofInflux.Digest || ofFiles.WQL != ofInflux.WQL {
		t.Errorf("of files\n%+v\nof InfluxDB\n%+v", ofFiles, ofInflux)
	}

	for name, c := range map[string]struct {
		args  []string
		words []string
	}{
		"a time without readings": {append(slices.Clone(at), "--history", "24h"), []string{"no readings to train on"}},
		"a wrong token":           {append(slices.Clone(at), "--influx-token", "canary"), []string{"401", "LOADTIDE_INFLUX_TOKEN"}},
		"no bucket":               {append(slices.Clone(at), "--influx-bucket", "nowhere"), []string{"nowhere", "--influx-bucket"}},
		"no address":              {[]string{"--from", "influx"}, []string{"--influx-url"}},
	} {
		stdout, stderr, code := said(append([]string{"train", "--out", filepath.Join(t.TempDir(), "model"), "--data-dir", t.TempDir()}, c.args...)...)
		if code == service.ExitOK || strings.Contains(stderr, "canary") {
			t.Errorf("%s: exit code %d, %s %s", name, code, stdout, stderr)
		}
		for _, word := range c.words {
			if !strings.Contains(stderr, word) {
				t.Errorf("%s: no %q in %s", name, word, stderr)
			}
		}
	}
}
