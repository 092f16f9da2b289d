package endtoend

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/servertest"
	"github.com/loadtide/loadtide/streams"
)

// said is what testdata/client.py prints.
type said struct {
	Origins []time.Time
	Acks    []struct {
		Stream string
		Seq    uint64
	}
	Live, Kept [][2]string // subject, text
	Last       string
	Refused    []struct {
		Sent, Subject string
		Seq           uint64
		Answer        [2]string
	}
	More int
}

// TestAnotherClient publishes readings and reads forecasts with nats-py, which knows nothing of
// Loadtide.
func TestAnotherClient(t *testing.T) {
	t.Parallel()
	python := servertest.Python(t, "nats")
	p := newPlace(t)
	version := registerChampion(t, filepath.Join(p.dir, "registry"))
	p.up("--train-schedule", "off")
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	script := exec.CommandContext(ctx, python, filepath.Join("testdata", "client.py"), p.url(), "py-site", "m_1")
	script.Stderr = os.Stderr
	out, err := script.Output()
	if err != nil {
		t.Fatalf("client.py: %v", err)
	}
	var s said
	if err := json.Unmarshal(out, &s); err != nil {
		t.Fatalf("client.py printed %.500q: %v", out, err)
	}
	for _, ack := range s.Acks {
		if !strings.HasPrefix(ack.Stream, "R") || ack.Seq == 0 {
			t.Errorf(
				"a reading was acknowledged by stream %q at %d, want a partition's log",
				ack.Stream, ack.Seq,
			)
		}
	}
	if len(s.Live) != len(s.Origins) || s.More != 0 {
		t.Fatalf("%d forecasts of %d readings, %d messages too many", len(s.Live), len(s.Origins), s.More)
	}
	for i, m := range s.Live {
		if m[0] != "forecasts.py-site.m_1" {
			t.Errorf("forecast on subject %s", m[0])
		}
		checkForecastMessage(t, m[1], "py-site.m_1", s.Origins[i], &streams.Model{Name: modelName, Version: version.Version, Digest: version.Digest})
	}
	if diff := cmp.Diff(s.Live, s.Kept); diff != "" {
		t.Errorf("stored forecasts are not those that passed by (-passed +stored):\n%s", diff)
	}
	if s.Last != s.Live[len(s.Live)-1][1] {
		t.Errorf("last message of the subject:\n%s\nwant\n%s", s.Last, s.Live[len(s.Live)-1][1])
	}
	for i, want := range []struct{ reason, subject string }{
		{"unparsable", "rejected.py-site.m_1"}, {"bad_timestamp", "rejected.py-site.m_1"}, {"not_a_number", "rejected.py-site.m_12"},
	} {
		r := s.Refused[i]
		if r.Answer[0] != want.subject {
			t.Errorf("%q was rejected on %s, want %s", r.Sent, r.Answer[0], want.subject)
		}
		var m struct {
			Reason, Payload string
			Seq             uint64
		}
		if err := json.Unmarshal([]byte(r.Answer[1]), &m); err != nil {
			t.Fatal(err)
		}
		if m.Reason != want.reason || m.Payload != r.Sent || m.Seq != r.Seq {
			t.Errorf(
				"%q at %d: rejected message %s, want reason %s",
				r.Sent, r.Seq, r.Answer[1], want.reason,
			)
		}
	}
}

// significant is how many significant digits a JSON number has.
func significant(number string) int {
	mantissa, _, _ := strings.Cut(strings.TrimPrefix(number, "-"), "e")
	digits := strings.TrimLeft(strings.Replace(mantissa, ".", "", 1), "0")
	return len(strings.TrimRight(digits, "0"))
}

// checkForecastMessage holds a forecast's text against the message of the design: its fields by
// name and type, no others. model is the one that must have made it.
func checkForecastMessage(
	t *testing.T, text, series string, origin time.Time, model *streams.Model,
) {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	want := []string{"input_seq", "interval", "issued", "levels", "model", "origin", "quality", "quantiles", "revision", "schema", "series", "source", "unit"}
	if got := slices.Sorted(maps.Keys(fields)); !slices.Equal(got, want) {
		t.Errorf("fields %q, want %q", got, want)
	}
	for field, want := range map[string]string{
		"schema": "1", "series": `"` + series + `"`, "interval": `"1h"`, "unit": `"kWh"`, "revision": "0", "source": `"lstm"`, "quality": `"OK"`,
		"levels": "[0.1,0.25,0.5,0.75,0.9]", "origin": `"` + origin.Format("2006-01-02T15:04:05Z") + `"`,
		"model": `{"name":"` + model.Name + `","version":"` + model.Version + `","digest":"` + model.Digest + `"}`,
	} {
		if got := string(fields[field]); got != want {
			t.Errorf("%s is %s, want %s", field, got, want)
		}
	}
	var issued time.Time
	var seq uint64
	var quantiles [][]json.Number
	for field, to := range map[string]any{"issued": &issued, "input_seq": &seq, "quantiles": &quantiles} {
		if err := json.Unmarshal(fields[field], to); err != nil {
			t.Errorf("%s is %s: %v", field, fields[field], err)
		}
	}
	if age := time.Since(issued); age < 0 || age > 10*time.Minute || seq == 0 {
		t.Errorf("issued %s ago from input %d", age, seq)
	}
	checkQuantiles(t, quantiles, 24, 5)
}

// checkQuantiles wants leads rows of numbers that do not cross, rounded to 5 significant digits.
func checkQuantiles(t *testing.T, quantiles [][]json.Number, leads, levels int) {
	t.Helper()
	if len(quantiles) != leads {
		t.Errorf("%d leads, want %d", len(quantiles), leads)
	}
	for k, row := range quantiles {
		before := 0.0
		for i, number := range row {
			v, err := number.Float64()
			if err != nil || i > 0 && v < before || significant(number.String()) > 5 {
				t.Errorf(
					"lead %d, level %d: %s after %v: want ascending numbers of 5 significant digits",
					k+1, i+1, number, before,
				)
			}
			before = v
		}
		if len(row) != levels {
			t.Errorf("lead %d: %d levels, want %d", k+1, len(row), levels)
		}
	}
}
