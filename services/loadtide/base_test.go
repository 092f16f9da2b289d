package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/service"
)

// hourlyFile is a file of two weeks and a day of a meter.
func hourlyFile(t *testing.T, hours int) string {
	t.Helper()
	var rows strings.Builder
	rows.WriteString("series,timestamp,value\n")
	begin := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	for i := range hours {
		fmt.Fprintf(&rows, "north.m17,%s,%.3f\n", begin.Add(time.Duration(i)*time.Hour).Format(time.RFC3339),
			3+math.Sin(2*math.Pi*float64(i)/24)+float64(i%5)/10)
	}
	path := filepath.Join(t.TempDir(), "meter.csv")
	if err := os.WriteFile(path, []byte(rows.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A file is forecast by the base model where there is no champion: a day of leads, or as many as are
// asked for, from a day of readings on.
func TestForecastWithoutAModel(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		hours  int
		flags  []string
		leads  int
		source string
	}{
		{15 * 24, nil, 24, "lstm"},
		{15 * 24, []string{"--horizon", "7d"}, 168, "lstm"},
		{30, []string{"--model", "base"}, 24, "lstm"},
		{30, []string{"--model", "load-1h@base"}, 24, "lstm"},
		{20, nil, 24, "persistence"},
	} {
		args := append([]string{
			"forecast", "--data", hourlyFile(t, c.hours), "--unit", "kWh", "--json", "--data-dir", t.TempDir(),
		}, c.flags...)
		stdout, stderr, code := said(args...)
		var f struct {
			Source    string                    `json:"source"`
			Model     *struct{ Version string } `json:"model"`
			Quantiles [][]float64               `json:"quantiles"`
		}
		if err := json.Unmarshal([]byte(stdout), &f); err != nil || code != service.ExitOK {
			t.Fatalf("%v: code %d, %v, %s", args, code, err, stderr)
		}
		version := ""
		if f.Model != nil {
			version = f.Model.Version
		}
		if f.Source != c.source || len(f.Quantiles) != c.leads || (version == "base") != (c.source == "lstm") {
			t.Errorf("%d hours, %v: source %s, version %q, %d leads", c.hours, c.flags, f.Source, version,
				len(f.Quantiles))
		}
	}
}

// Base models are in the list of models, with what they were trained on; they are in no registry.
func TestBaseModelsAreListed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stdout, _, code := said("models", "list", "--data-dir", dir)
	if code != service.ExitOK || !strings.Contains(stdout, "load-1h   base     built in") ||
		!strings.Contains(stdout, "load-15m  base     built in") {
		t.Errorf("code %d: %s", code, stdout)
	}
	stdout, _, code = said("models", "list", "--json", "--data-dir", dir)
	if code != service.ExitOK || !strings.Contains(stdout, `"built_in":[{"name":"load-`) ||
		!strings.Contains(stdout, `"versions":[]`) {
		t.Errorf("code %d: %s", code, stdout)
	}
	stdout, _, code = said("models", "show", "base", "--data-dir", dir)
	if code != service.ExitOK || !strings.Contains(stdout, "CC BY 4.0") {
		t.Errorf("code %d: %s", code, stdout)
	}
	_, stderr, code := said("forecast", "--data", hourlyFile(t, 40), "--model", "load-5m@base",
		"--data-dir", dir)
	if code != service.ExitUsage || !strings.Contains(stderr, "load-1h") {
		t.Errorf("code %d: %s", code, stderr)
	}
}
