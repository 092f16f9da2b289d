package recorder_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/services/recorder"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// everything publishes messages of each kind and returns how many rows each measurement should
// have.
func everything(t *testing.T, conn *bus.Conn) map[string]int {
	t.Helper()
	for i := range 20 { // over all logs
		publishReadings(
			t, conn, meter.ID{Site: "north", Meter: fmt.Sprintf("m%02d", i)},
			`{"ts":"2026-01-31T14:00:00Z","value":1.25,"unit":"kWh"}`,
		)
	}
	publishReadings(
		t, conn, meter.ID{Site: "north", Meter: "m17"},
		`[{"ts":"2025-12-01T00:00:00Z","value":10,"kind":"register","history":true},`+
			`{"ts":"2025-12-01T01:00:00Z","value":11,"quality":"ESTIMATED"}]`,
	)
	publishReadings(
		t, conn, meter.ID{Site: "north", Meter: "m17"},
		`[{"ts":"2026-01-31T15:00:00Z","value":"no"},{"ts":"2026-01-31T15:00:00Z","value":3}]`,
	)
	// a correction
	publishReadings(
		t, conn, meter.ID{Site: "north", Meter: "m17"},
		`{"ts":"2026-01-31T14:00:00Z","value":2.5,"unit":"kWh"}`,
	)
	publish(t, conn, streams.ControlSubject(3, streams.ControlTick), streams.AppendTick(nil))
	mark := streams.MarkControl{
		Series: "north.*", From: origin, Until: origin.Add(time.Hour), Reason: "outage",
	}
	publish(t, conn, streams.ControlSubject(3, streams.ControlMark), mark.AppendJSON(nil))
	publishReadings(t, conn, meter.ID{Site: "north", Meter: "m17"}, `{"ts":`)
	for i := range 3 {
		publishForecast(t, conn, forecast(fmt.Sprintf("north.m%02d", i), float32(i)))
	}
	newer := forecast("north.m00", 100)
	newer.Origin = origin.Add(time.Hour)
	publishForecast(t, conn, newer)
	publish(
		t, conn, streams.ForecastSubject(meter.ID{Site: "north", Meter: "broken"}), []byte(`{"schema":1`),
	)
	for _, s := range []streams.Score{
		score("north.m00", 0), score("north.m01", 0), void(score("north.m01", 0)),
	} {
		publish(t, conn, streams.ScoreSubject(s.Series), s.AppendJSON(nil))
	}
	publishEvent(
		t, conn,
		streams.Event{
			Type: streams.EventModelPromoted, Time: origin,
			Model: &streams.Model{Name: "load-1h", Version: "8", Digest: "sha256:3f"}, Text: "better",
		},
	)
	publishEvent(
		t, conn,
		streams.Event{Type: streams.EventSeriesStale, Time: origin, Series: "north.m17", Text: "silent"},
	)
	publish(
		t, conn, streams.EventSubject("drift"), []byte(`{"schema":1,"type":"drift","text":"worse"}`),
	)
	publish(t, conn, streams.EventSubject("drift"), []byte(`{"schema":1,"type":"a kind, of its own"}`))
	return map[string]int{
		"reading": 20 + 2 + 1, "forecast": 3*2 + 1, "forecast_lead": 3*2 + 2, "score": 4, "actual": 2,
		"event": 3, "mark": 1,
	}
}

// awaitAll waits until everything is recorded.
func (b *bench) awaitAll() {
	b.t.Helper()
	for kind, n := range map[string]int{"readings": 25, "forecasts": 4, "scores": 3, "events": 3} {
		b.awaitStored(kind, n)
	}
}

// rows counts the points of each measurement on the real server.
func (b *bench) rows() map[string]int {
	one := map[string]string{
		"reading": "value", "forecast": "p50", "forecast_lead": "p50", "score": "count",
		"actual": "value", "event": "text", "mark": "reason",
	}
	got := make(map[string]int)
	for m, field := range one {
		got[m] = b.count(fmt.Sprintf(`r._measurement == %q and r._field == %q`, m, field))
	}
	return got
}

func logs() (names []string) {
	for p := range bustest.Partitions {
		names = append(names, topology.Log(p))
	}
	return names
}

// checkReadings reads as the trainer does.
func checkReadings(t *testing.T, cfg influx.Config) {
	t.Helper()
	r, err := influx.NewReader(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var rows []string
	each := func(row influx.Row) error {
		if v, ok := row.Number("value"); ok && row.Text("meter") == "m17" {
			rows = append(rows, fmt.Sprint(row.Time.Format("02T15"), " ", v, row.Text("unit"),
				row.Text("kind"), row.Text("quality")))
		}
		return nil
	}
	from, until := origin.AddDate(0, -6, 0), origin.AddDate(0, 1, 0)
	if err := r.Read(t.Context(), "reading", from, until, each); err != nil {
		t.Fatal(err)
	}
	const want = "01T00 10register, 01T01 11ESTIMATED, 31T14 2.5kWh, 31T15 3"
	if got := strings.Join(rows, ", "); got != want {
		t.Errorf("readings of m17 are %s, want %s", got, want)
	}
}

// checkValues compares single values with those that were sent last.
func checkValues(t *testing.T, cfg influx.Config) {
	t.Helper()
	for what, want := range map[string]any{
		// Target 15:00 was lead 2 of the first origin (2.2), then lead 1 of the next (100).
		`r._measurement == "forecast" and r.meter == "m00" and r._field == "p50" and r._time == 2026-01-31T15:00:00Z`: 100.0,
		// What was believed stays.
		`r._measurement == "forecast_lead" and r.meter == "m00" and r._field == "p50" and r.lead == "2h" and r._time == 2026-01-31T15:00:00Z`: 2.2,
		`r._measurement == "score" and r.meter == "m00" and r._field == "count" and r.lead == "first"`:                                        int64(1),
		`r._measurement == "score" and r.meter == "m01" and r._field == "count" and r.lead == "first"`:                                        int64(0),
		`r._measurement == "score" and r.meter == "m01" and r._field == "pinball_naive" and r.lead == "first"`:                                0.0,
		`r._measurement == "event" and r.kind == "model.promoted" and r._field == "model_version"`:                                            "8",
		`r._measurement == "mark" and r.site == "north" and r.meter == "*" and r._field == "until"`:                                           "2026-01-31T15:00:00Z",
		`r._measurement == "event" and r.kind == "series.stale" and r.site == "north" and r._field == "text"`:                                 "silent",
	} {
		rows := query(
			t, cfg,
			fmt.Sprintf(
				`from(bucket: %q) |> range(start: 2020-01-01T00:00:00Z, stop: 2100-01-01T00:00:00Z) |> `+
					`filter(fn: (r) => %s)`,
				cfg.Bucket, what,
			),
		)
		if len(rows) != 1 || rows[0]["_value"] != want {
			t.Errorf("%s gives %v, want %v", what, rows, want)
		}
	}
}

// TestWhatRetentionTookIsCounted: messages that retention removed before they were recorded are
// lost; messages that were erased with their series are not.
func TestWhatRetentionTookIsCounted(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	b := newBench(t, influxtest.Start(t).Config(), recorder.FromBus(conn))
	for i := range 5 {
		publishForecast(t, conn, forecast(fmt.Sprintf("north.m%d", i), 1))
	}
	stop := b.run()
	b.awaitStored("forecasts", 5)
	stop()
	for i := range 30 {
		publishForecast(t, conn, forecast(fmt.Sprintf("north.m%d", i), 1))
	}
	if _, err := conn.Purge(
		t.Context(), topology.Forecasts, streams.ForecastSubject(meter.ID{Site: "north", Meter: "m25"}),
		0,
	); err != nil {
		t.Fatal(err)
	}
	stream, err := conn.JetStream().Stream(t.Context(), topology.Forecasts)
	if err != nil {
		t.Fatal(err)
	}
	short := stream.CachedInfo().Config
	short.MaxMsgs = 10
	if _, err := conn.JetStream().UpdateStream(t.Context(), short); err != nil {
		t.Fatal(err)
	}
	b.run()
	b.awaitStored("forecasts", 10)
	if lost := b.metric("messages_total", "forecasts", "lost"); lost != 19 {
		t.Errorf("%v lost, want 19: 30 and one erased less the 10 that are kept", lost)
	}
	b.logged("lost to the stream's retention", 1)
	if publishForecast(t, conn, forecast("north.m1", 2)); true {
		b.awaitStored("forecasts", 11)
	}
	b.logged("lost to the stream's retention", 1)
}

// TestBacklogIsMeasured: the metric shows the waiting messages while InfluxDB does not store.
func TestBacklogIsMeasured(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	l := influxtest.Start(t)
	l.AnswerIf(func(influxtest.Point) bool { return true }, influxtest.Answer{Status: 503})
	b := newBench(t, l.Config(), recorder.FromBus(conn))
	b.edit = func(c *recorder.Config) { c.Batch = 3 }
	for i := range 7 {
		publishForecast(t, conn, forecast(fmt.Sprintf("north.m%d", i), 1))
		publishReadings(
			t, conn, meter.ID{Site: "north", Meter: fmt.Sprintf("m%d", i)},
			`{"ts":"2026-01-31T14:00:00Z","value":1}`,
		)
	}
	b.run()
	b.await("seven forecasts and readings wait", func() bool {
		return b.metric("consumer_pending_messages", "forecasts") == 7 &&
			b.metric("consumer_pending_messages", "readings") == 7
	})
	l.AnswerIf(nil, influxtest.Answer{})
	b.await("nothing waits", func() bool {
		return b.metric("consumer_pending_messages", "forecasts") == 0 &&
			b.metric("consumer_pending_messages", "readings") == 0
	})
}
