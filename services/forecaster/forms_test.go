package forecaster

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/servertest"
	"github.com/loadtide/loadtide/pkg/tabular"
	"github.com/loadtide/loadtide/streams"
)

// ofStream are the readings of lines as a partition takes them, each as its time and value. Refused
// lines are their reason.
func ofStream(t *testing.T, lines []string, zone string) (all []string) {
	t.Helper()
	settings := streams.SettingsControl{Pattern: "*.*", Revision: 1}
	settings.Settings.Zone = zone
	for _, line := range lines { // a pipeline for each: a series has one unit
		p := NewPipeline(0, 1, time.Unix(0, 1))
		for i, m := range []bus.Message{
			{Subject: "ctl.0.settings", Data: settings.AppendJSON(nil)},
			{Subject: "readings.x.f24", Data: []byte(line)},
		} {
			m.Seq, m.Time = uint64(i+1), time.Date(2026, 12, 1, 0, 0, i, 0, time.UTC)
			if _, err := p.Step([]bus.Message{m}); err != nil {
				t.Fatal(err)
			}
		}
		// What a step decoded stands in the pipeline until the next one.
		for _, r := range p.readings {
			terms, err := meter.Terms{Unit: r.Unit, Kind: r.Kind}.Begin()
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, fmt.Sprintf("%s %v %s %s",
				time.Unix(r.Second, 0).UTC().Format(time.RFC3339), r.Value, terms.Unit, terms.Kind))
		}
		for _, r := range p.rejections.all {
			all = append(all, string(r.reason))
		}
	}
	return all
}

// ofFile are the readings of lines in a file.
func ofFile(t *testing.T, lines []string, zone string) (all []string) {
	t.Helper()
	for _, line := range lines { // a file for each: a series has one unit
		path := filepath.Join(t.TempDir(), "readings.ndjson")
		if err := os.WriteFile(path, []byte(line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		opts := tabular.Options{Series: "x.f24", Timezone: zone}
		table, report, err := tabular.Load([]string{path}, opts)
		if err != nil && len(report.First) == 0 {
			all = append(all, "unparsable") // the only line of the file
			continue
		}
		for _, refused := range report.First {
			all = append(all, string(refused.Reason))
		}
		if table == nil {
			continue
		}
		for row := range table.All() {
			terms := table.Terms[row.Series]
			all = append(all, fmt.Sprintf("%s %v %s %s",
				row.Time().Format(time.RFC3339), row.Value, terms.Unit, terms.Kind))
		}
	}
	return all
}

// Readings as other tools write them are taken alike from the stream and from a file: those of the
// field, and others of their kinds.
func TestFormsOfStreamAndFile(t *testing.T) {
	t.Parallel()
	lines := []string{
		`{"ts":"2026-01-31T12:00:00.5Z","value":1.5}`, `{"timestamp":1769860800,"value":"1.5"}`,
		`{"time":1769860800123456,"value":"-1.5e3"}`, `{"ts":"1769860800000","value":1.5}`,
		`{"ts":"2026-01-31T07:00:00-0500","value":1.5}`, `{"ts":"2026-01-31 12:00Z","value":1.5}`,
		`{"ts":"2026-01-31T12:00:00Z","value":1.5,"unit":"watts"}`,
		`{"ts":"2026-01-31T12:00:00Z","value":1.5,"unit":"KWH","kind":"ENERGY"}`,
		`{"ts":"2026-01-31T12:00:00Z","value":1.5,"quality":"estimated"}`,
		`{"ts":"2026-01-31T12:00:00Z","value":1.5,"unit":"mWh"}`,
		`{"ts":"2026-01-31T12:00:00Z","value":"1,500"}`,
		`{"ts":"2026-01-31T12:00:00Z","time":"2026-01-31T12:00:00.001Z","value":1}`,
		`{"ts":"2026-01-31T12:00:00Z","time":1769860801,"value":1}`,
		`{"ts":"2026-01-31T12:00:00","value":1.5}`, `{"ts":"2026-07-31 12:00","value":1.5}`,
		`{"ts":1.7698608e9,"value":1.5}`, `{"ts":"2026-01-31T12:00:00Z","value":true}`,
		`{"fields":{"value":1.5},"name":"meter","tags":{},"timestamp":1769860800}`,
	}
	for _, zone := range []string{"", "Europe/Vienna"} {
		stream := ofStream(t, lines, zone)
		if diff := cmp.Diff(stream, ofFile(t, lines, zone)); diff != "" || len(stream) != len(lines) {
			t.Errorf("zone %q: the stream gives %q\n%s", zone, stream, diff)
		}
	}
}

// The lines of the field.
func TestFieldForms(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join(servertest.FieldFiles(t), "F24", "readings.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	var lines, want []string
	for scan := bufio.NewScanner(bytes.NewReader(data)); scan.Scan(); {
		lines = append(lines, scan.Text())
	}
	for hour := range 11 {
		want = append(want, fmt.Sprintf("2026-01-15T%02d:00:00Z 0.%d", hour, 511+hour))
	}
	for i, at := range []string{"03", "04", "05", "06", "07"} {
		want[3+i] = fmt.Sprintf("2026-01-15T%s:00:00Z 0.%d", at, 514+i)
	}
	want[8], want[9] = "unparsable", "2026-01-15T09:00:00Z 520 W"
	for name, got := range map[string][]string{
		"stream": ofStream(t, lines, ""), "file": ofFile(t, lines, ""),
	} {
		for i := range got {
			got[i] = strings.TrimSuffix(strings.TrimSpace(got[i]), " power")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
