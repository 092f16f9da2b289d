package endtoend

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/servertest"
	"github.com/loadtide/loadtide/pkg/tabular"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

const publishing = 3 * time.Minute

// realFile is what a file of real hourly series holds, counted without the forecaster.
type realFile struct {
	path     string
	readings int                  // distinct hours of all series
	last     map[string]time.Time // newest timestamp by series
}

func openReal(t *testing.T, name string) realFile {
	t.Helper()
	f := realFile{path: filepath.Join(servertest.PublicReadings(t), "hourly", name), last: map[string]time.Time{}}
	table, report, err := tabular.Load([]string{f.path}, tabular.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Rejected > 0 {
		t.Fatalf("%s: %d rows rejected", name, report.Rejected)
	}
	seen := map[string]map[int64]bool{}
	for i := range table.Len() {
		row := table.Row(i)
		series := table.Name(row).String()
		if seen[series] == nil {
			seen[series] = map[int64]bool{}
		}
		if !seen[series][row.Unix] {
			seen[series][row.Unix] = true
			f.readings++
		}
		if row.Time().After(f.last[series]) {
			f.last[series] = row.Time()
		}
	}
	return f
}

// messages is how many messages a stream has ever held.
func messages(t *testing.T, conn *bus.Conn, stream string) uint64 {
	t.Helper()
	state, err := conn.StreamState(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	return state.LastSeq
}

// TestRealSeriesAreForecast publishes real series with the command: each reading is forecast once,
// each series has its forecast at its last origin, and publishing the same again changes nothing.
func TestRealSeriesAreForecast(t *testing.T) {
	t.Parallel()
	servertest.Require(t, servertest.Long)
	homes, meters := openReal(t, "citylearn.csv.gz"), openReal(t, "sgsc.csv.gz")
	p := newPlace(t)
	p.up("--train-schedule", "off")
	conn := p.connect()
	want := 0
	for _, f := range []realFile{homes, meters} {
		t.Log(p.must(publishing, "publish", f.path, "--nats-url", p.url(), "--unit", "kWh"))
		want += f.readings
		for series, last := range f.last {
			awaitOrigin(t, conn, series, last.Add(time.Hour))
		}
	}
	if applied := p.metric(`loadtide_forecaster_readings_total{outcome="applied"}`); applied != float64(want) {
		t.Errorf("%v readings applied, the files have %d", applied, want)
	}
	if got := messages(t, conn, topology.Forecasts); got != uint64(want) {
		t.Errorf("%d forecasts of %d readings", got, want)
	}

	// Again: what the ring still holds is repeated, the rest lies behind it.
	p.must(publishing, "publish", meters.path, "--nats-url", p.url(), "--unit", "kWh")
	again := func() float64 {
		return p.metric(`loadtide_forecaster_readings_total{outcome="repeated"}`) + p.metric(`loadtide_forecaster_readings_total{outcome="rejected"}`)
	}
	eventually(t, patience, "the second run is read", func() (bool, string) {
		return again() >= float64(meters.readings), fmt.Sprintf("%v of %d readings", again(), meters.readings)
	})
	behind := p.metric(`loadtide_forecaster_readings_rejected_total{reason="behind_history"}`)
	if rejected := p.metric(`loadtide_forecaster_readings_total{outcome="rejected"}`); rejected != behind || again() != float64(meters.readings) {
		t.Errorf(
			"second run: %v of %d readings answered, %v rejected, %v of them behind the ring",
			again(), meters.readings, rejected, behind,
		)
	}
	if got := messages(t, conn, topology.Forecasts); got != uint64(want) {
		t.Errorf("%d forecasts after the second run, want %d as before", got, want)
	}
	checkOnce(t, conn, want)
}

// checkOnce reads all forecasts: no id and no origin twice.
func checkOnce(t *testing.T, conn *bus.Conn, want int) {
	t.Helper()
	ids, origins := make(map[string]bool, want), make(map[string]bool, want)
	for _, m := range readStream(t, conn, topology.Forecasts) {
		f, err := streams.DecodeForecast(m.Data)
		if err != nil {
			t.Fatal(err)
		}
		origin := f.Series.String() + f.Origin.Format(time.RFC3339)
		if ids[m.ID] || origins[origin] {
			t.Errorf("forecast %s of %s from %s is there twice", m.ID, f.Series, f.Origin)
		}
		ids[m.ID], origins[origin] = true, true
	}
	if len(ids) != want {
		t.Errorf("%d forecasts kept, want %d", len(ids), want)
	}
}

// TestHistoryYieldsNoForecast publishes a file as history, then one live reading.
func TestHistoryYieldsNoForecast(t *testing.T) {
	t.Parallel()
	servertest.Require(t, servertest.Long)
	homes := openReal(t, "citylearn.csv.gz")
	p := newPlace(t)
	version := registerChampion(t, filepath.Join(p.dir, "registry"))
	p.up("--train-schedule", "off")
	conn := p.connect()
	p.must(publishing, "publish", homes.path, "--history", "--nats-url", p.url(), "--unit", "kWh")
	eventually(t, patience, "the history is read", func() (bool, string) {
		applied := p.metric(`loadtide_forecaster_readings_total{outcome="applied"}`)
		return applied == float64(homes.readings), fmt.Sprintf("%v of %d readings", applied, homes.readings)
	})
	if got := messages(t, conn, topology.Forecasts); got != 0 {
		t.Fatalf("%d forecasts of history", got)
	}
	const series = "citylearn.7"
	next := homes.last[series].Add(time.Hour)
	live := filepath.Join(t.TempDir(), "live.csv")
	row := fmt.Sprintf("series,timestamp,value\n%s,%s,1.25\n", series, next.Format(time.RFC3339))
	if err := os.WriteFile(live, []byte(row), 0o600); err != nil {
		t.Fatal(err)
	}
	p.must(publishing, "publish", live, "--nats-url", p.url())
	f := awaitOrigin(t, conn, series, next.Add(time.Hour))
	if got := messages(t, conn, topology.Forecasts); got != 1 {
		t.Errorf("%d forecasts of one live reading", got)
	}
	// The history has built the state, so the network serves from the first live reading on.
	if f.Source != meter.SourceLSTM || f.Model == nil || f.Model.Digest != version.Digest ||
		f.Unit != "kWh" {
		t.Errorf("forecast by source %s, model %v, in %q", f.Source, f.Model, f.Unit)
	}
}
