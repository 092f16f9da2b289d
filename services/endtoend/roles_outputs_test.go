package endtoend

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// feedDay publishes the last hours of a series and waits for the forecast from its end.
func feedDay(t *testing.T, conn *bus.Conn, id meter.ID, hours int) streams.Forecast {
	t.Helper()
	start := time.Now().UTC().Truncate(time.Hour).Add(-time.Duration(hours) * time.Hour)
	var readings []streams.Reading
	for i := range hours {
		readings = append(readings, streams.Reading{
			Time: start.Add(time.Duration(i) * time.Hour), Value: 2 + math.Sin(2*math.Pi*float64(i)/24), Unit: "kWh", History: i < hours-3,
		})
	}
	subject := streams.PublicReadingSubject(id)
	for _, part := range [][]streams.Reading{readings[:hours-3], readings[hours-3 : hours-2], readings[hours-2 : hours-1], readings[hours-1:]} {
		if _, err := conn.Publish(t.Context(), subject, streams.AppendReadings(nil, part), ""); err != nil {
			t.Fatal(err)
		}
	}
	return awaitOrigin(t, conn, id.String(), start.Add(time.Duration(hours)*time.Hour))
}

// TestForecastsReachInflux runs with --influx-url against a listener that speaks the line protocol:
// what stands there must be the newest belief about each interval. The listener is ours, it is not
// InfluxDB.
func TestForecastsReachInflux(t *testing.T) {
	t.Parallel()
	listener := influxtest.Start(t)
	p := newPlace(t)
	p.env = []string{"LOADTIDE_INFLUX_TOKEN=" + influxtest.Token}
	version := registerChampion(t, filepath.Join(p.dir, "registry"))
	p.up("--train-schedule", "off", "--influx-url", listener.Config().URL)
	f := feedDay(t, p.connect(), meter.ID{Site: "plant", Meter: "feeder-1"}, 200)
	first := f.Origin.Add(-2 * time.Hour) // the first of the three live origins
	var rows []influxtest.Point
	eventually(t, patience, "all readings, and points of all three forecasts", func() (bool, string) {
		rows = nil
		others := make(map[string]int)
		for _, row := range listener.Points() {
			if row.Measurement == "forecast" {
				rows = append(rows, row)
			} else {
				others[row.Measurement]++
			}
		}
		return len(rows) == f.Leads()+2 && others["reading"] == 200 &&
			others["forecast_lead"] == 3*4, fmt.Sprintf("%d points of the curve, %v", len(rows), others)
	})
	for i, row := range rows {
		if want := first.Add(time.Duration(i) * time.Hour); !row.Time.Equal(want) {
			t.Errorf("point %d is of %s, want the start of its target %s", i, row.Time, want)
		}
		if diff := cmp.Diff(
			map[string]string{"site": "plant", "meter": "feeder-1", "interval": "1h"}, row.Tags,
		); row.Measurement != "forecast" || diff != "" {
			t.Errorf("measurement %s, tags (-want +got):\n%s", row.Measurement, diff)
		}
		for field, want := range map[string]any{"source": "lstm", "quality": "OK", "model_version": version.Version, "revision": int64(0)} {
			if row.Fields[field] != want {
				t.Errorf("%s: %s is %v, want %v", row.Time, field, row.Fields[field], want)
			}
		}
		lead := int(row.Time.Sub(f.Origin) / time.Hour)
		for k, field := range []string{"p10", "p25", "p50", "p75", "p90"} {
			value, ok := row.Fields[field].(float64)
			if !ok || lead >= 0 && float32(value) != f.Quantiles[lead*len(f.Levels)+k] {
				t.Errorf(
					"%s: %s is %v, the forecast from %s says otherwise",
					row.Time, field, row.Fields[field], f.Origin,
				)
			}
		}
	}
	if said := p.page("/metrics"); strings.Contains(said, influxtest.Token) {
		t.Error("the token stands in /metrics")
	}
}

// TestGatewayAnswers asks every route that is promised.
func TestGatewayAnswers(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.up("--train-schedule", "off")
	if code, body, err := fetch("http://" + p.http + "/ping"); err != nil ||
		code != http.StatusServiceUnavailable {
		t.Errorf("/ping without a forecast: %d %s %v, want 503", code, body, err)
	}
	conn := p.connect()
	feedDay(t, conn, meter.ID{Site: "north", Meter: "m17"}, 30)
	feedDay(t, conn, meter.ID{Site: "north", Meter: "m18"}, 30)
	_, m, _ := newest(t, conn, "north.m17")
	if body := p.page("/v1/series/north/m17/forecast"); body != string(m.Data) {
		t.Errorf("forecast of the gateway\n%s\nthe message is\n%s", body, m.Data)
	}
	var list struct {
		Series []struct{ Series string }
		Next   *string
	}
	eventually(t, patience, "both series are listed", func() (bool, string) {
		body := p.page("/v1/series")
		if err := json.Unmarshal([]byte(body), &list); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		return len(list.Series) == 2, body
	})
	if list.Series[0].Series != "north.m17" || list.Series[1].Series != "north.m18" ||
		list.Next != nil {
		t.Errorf("/v1/series: %+v", list)
	}
	var document struct {
		OpenAPI string
		Paths   map[string]any
	}
	if err := json.Unmarshal([]byte(p.page("/openapi.json")), &document); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v1/series", "/v1/series/{site}/{meter}/forecast"} {
		if document.Paths[path] == nil || !strings.HasPrefix(document.OpenAPI, "3.") {
			t.Errorf("/openapi.json %s has no %s", document.OpenAPI, path)
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/ping", "/version"} {
		p.page(path)
	}
	for _, sample := range []string{
		`loadtide_forecaster_readings_total{outcome="applied"}`, `loadtide_forecaster_forecasts_published_total{source="lstm"}`,
	} {
		if p.metric(sample) == 0 {
			t.Errorf("/metrics: no %s", sample)
		}
	}
	code, body, err := fetch("http://" + p.http + "/v1/series/north/nobody/forecast")
	if err != nil || code != http.StatusNotFound || !strings.Contains(body, "north.nobody") {
		t.Errorf("an unknown series: %d %s %v, want 404 that names it", code, body, err)
	}
}

// TestTrainedModelServesAfterARestart walks the way of a person with files: simulate, train, start,
// publish, Ctrl-C, start again.
func TestTrainedModelServesAfterARestart(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	file := filepath.Join(t.TempDir(), "meters.csv.gz")
	p.must(patience, "simulate", "--out", file, "--days", "60", "--meters", "6")
	said := p.must(3*patience, "train", "--data", file, "--register", modelName, "--data-dir", p.dir, "--quick", "--iterations", "6", "--hidden", "16")
	if !strings.Contains(said, modelName+" v1") || !strings.Contains(said, "champion") {
		t.Errorf("train said %s", said)
	}
	r := p.up("--train-schedule", "off")
	p.must(patience, "publish", file, "--nats-url", p.url(), "--unit", "kWh")
	conn := p.connect()
	const readings = 60 * 24 * 6
	eventually(t, patience, "all is forecast", func() (bool, string) {
		got := messages(t, conn, topology.Forecasts)
		return got == readings, fmt.Sprintf("%d forecasts of %d readings", got, readings)
	})
	before, _, _ := newest(t, conn, demoSeries)
	if before.Source != meter.SourceLSTM || time.Since(before.Origin) > 2*time.Hour {
		t.Errorf("newest forecast by %s from %s, want lstm from now", before.Source, before.Origin)
	}
	r.interrupt()
	if said := r.said.String(); !strings.Contains(said, "drain") {
		t.Errorf("Ctrl-C said nothing of draining:\n%s", said)
	}

	r = p.up("--train-schedule", "off")
	conn = p.connect()
	reading := streams.AppendReadings(nil, []streams.Reading{{Time: before.Origin, Value: 1.5, Unit: "kWh"}})
	if _, err := conn.Publish(t.Context(), streams.PublicReadingSubject(meter.ID{Site: "home", Meter: "m01"}), reading, ""); err != nil {
		t.Fatal(err)
	}
	f := awaitOrigin(t, conn, demoSeries, before.Origin.Add(time.Hour))
	r.began.limit(t, "a forecast came after the restart", 15*time.Second)
	if f.Source != meter.SourceLSTM {
		t.Errorf("after the restart: source %s, want lstm", f.Source)
	}
	if got := messages(t, conn, topology.Forecasts); got != readings+1 {
		t.Errorf("%d forecasts after the restart and one reading, want %d", got, readings+1)
	}
}
