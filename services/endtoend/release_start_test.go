package endtoend

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// TestDataDirOfReleaseGoesOn starts today's `up` on the data dir of release 0.1.0, with its
// configuration file. Settings, models and states are there, nothing is published twice, and a new
// reading gives the forecast that the release itself would have made of it.
func TestDataDirOfReleaseGoesOn(t *testing.T) {
	t.Parallel()
	old := unpackRelease(t)
	before := old.outputs()
	p := newPlace(t)
	p.dir = old.data()
	process := p.up("--config", filepath.Join(releaseDir, "config.yaml"), "--demo")
	for _, line := range []string{
		fmt.Sprintf("%d series, model %s v%s", releaseSeries, modelName, releaseChampion),
		"10 meters, going on at 2026-11-30T08:00:00Z",
	} {
		eventually(t, patience, line, func() (bool, string) {
			output := process.said.String()
			return strings.Contains(output, line), output
		})
	}
	if holes := p.metric("loadtide_forecaster_log_holes_total"); holes != 0 {
		t.Errorf("%v holes in the logs", holes)
	}
	old.seriesAreThere(p)
	old.modelsAreThere(p)
	conn := p.connect()
	old.nextForecast(p, conn)
	old.noneTwice(conn, before[topology.Forecasts])
	process.interrupt()
}

// seriesAreThere asks for the series and for what is set for them.
func (r release) seriesAreThere(p place) {
	r.t.Helper()
	var list struct{ Series []streams.SeriesSummary }
	decode(r.t, p.must(patience, "series", "list", "--json", "--nats-url", p.url()), &list)
	if len(list.Series) != releaseSeries {
		r.t.Errorf("%d series, the release had %d", len(list.Series), releaseSeries)
	}
	for _, s := range list.Series {
		if s.Series == deletedSeries {
			r.t.Errorf("%s is there again", s.Series)
		}
	}
	var answer struct{ Settings map[string]streams.Settings }
	for series, want := range map[string]map[string]streams.Settings{
		"lab.bulk": {"lab.bulk": {Unit: "kWh"}, "lab.*": {Zone: "Europe/Berlin"}},
		demoSeries: {"home.*": {Zone: "Europe/Amsterdam", Country: "NL"}},
	} {
		output := p.must(patience, "series", "show", series, "--json", "--nats-url", p.url())
		decode(r.t, output, &answer)
		for pattern, settings := range want {
			if got := answer.Settings[pattern]; got != settings {
				r.t.Errorf("%s: %+v is set for %s, want %+v", series, got, pattern, settings)
			}
		}
	}
}

// modelsAreThere asks for the versions and their aliases.
func (r release) modelsAreThere(p place) {
	r.t.Helper()
	var list struct {
		Versions []struct {
			Version string
			Aliases []string
		}
	}
	decode(r.t, p.must(patience, "models", "list", "--json", "--data-dir", p.dir), &list)
	if got := fmt.Sprint(list.Versions); got != "[{2 [champion]} {1 [previous]}]" {
		r.t.Errorf("versions %s, the release had 2 as champion and 1 as the one before", got)
	}
}

// nextForecast publishes what lab.power sends next, and wants the forecast that the release made of
// it.
func (r release) nextForecast(p place, conn *bus.Conn) {
	r.t.Helper()
	data, err := os.ReadFile(r.path("next.json"))
	if err != nil {
		r.t.Fatal(err)
	}
	var next struct{ Readings, Forecast json.RawMessage }
	decode(r.t, string(data), &next)
	want, err := streams.DecodeForecast(next.Forecast)
	if err != nil {
		r.t.Fatal(err)
	}
	// Its half-hours are joined to hours, as the release did; else the base model of half-hours serves it.
	p.must(patience, "series", "set", silentSeries, "--interval", "1h", "--nats-url", p.url())
	id, _ := meter.ParseID(silentSeries)
	subject := streams.PublicReadingSubject(id)
	if _, err := conn.Publish(r.t.Context(), subject, next.Readings, ""); err != nil {
		r.t.Fatal(err)
	}
	got := awaitOrigin(r.t, conn, silentSeries, want.Origin)
	if want.Source != meter.SourceLSTM || want.Model.Version != releaseChampion {
		r.t.Errorf("the release's forecast is by source %s, model %+v", want.Source, want.Model)
	}
	// Another time of the broker, another place in the log.
	got.Issued, got.InputSeq = want.Issued, want.InputSeq
	nearlySame(r.t, want, got)
}

// noneTwice checks that nothing the release has published was published again. The server may have
// thrown the release's own messages away by now: they are older than `up` keeps them.
func (r release) noneTwice(conn *bus.Conn, before []bus.Message) {
	r.t.Helper()
	old := map[string]bool{}
	for _, m := range before {
		old[m.ID] = true
	}
	last := before[len(before)-1].Seq
	for _, m := range readStream(r.t, conn, topology.Forecasts) {
		if m.Seq > last && old[m.ID] {
			r.t.Errorf("forecast %s of %s was published twice", m.ID, m.Subject)
		}
	}
}

// TestStatesOfReleaseAreImported brings the states that release 0.1.0 exported into an empty data
// dir with its models.
func TestStatesOfReleaseAreImported(t *testing.T) {
	t.Parallel()
	old := unpackRelease(t)
	p := newPlace(t)
	copyFolder(t, old.path("data/registry"), filepath.Join(p.dir, "registry"))
	p.up("--train-schedule", "off")
	// Settings are no part of a state: the zone is set as the release had it.
	p.must(patience, "series", "set", "lab.*", "--zone", "Europe/Berlin", "--nats-url", p.url())
	output := p.must(patience, "state", "import", old.states(), "--nats-url", p.url())
	want := fmt.Sprintf("imported %d of %[1]d series", releaseSeries)
	if !strings.Contains(output, want) {
		t.Errorf("state import printed %q, want %q", output, want)
	}
	conn := p.connect()
	warm := 0
	for _, m := range readStream(t, conn, topology.Events) {
		event, err := streams.DecodeEvent(m.Data)
		if err != nil {
			t.Fatal(err)
		}
		if event.Type == streams.EventSeriesImported && event.Text == "hidden state as it was" {
			warm++
		}
	}
	if warm != releaseSeries {
		t.Errorf("%d hidden states as they were, want %d", warm, releaseSeries)
	}
	old.nextForecast(p, conn)
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}

// remove takes a file away that must be there.
func remove(t *testing.T, file string) {
	t.Helper()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
}
