package recorder_test

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/services/recorder"
	"github.com/loadtide/loadtide/streams"
)

// TestCardinalityIsDocumented: what a real InfluxDB counts of one meter, with forecasts of a day at
// five levels, is the number that docs/operations.md gives.
func TestCardinalityIsDocumented(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	b := newBench(t, influxtest.Server(t), recorder.FromBus(conn))
	publishReadings(
		t, conn, meter.ID{Site: "north", Meter: "m0000"},
		`{"ts":"2026-01-31T14:00:00Z","value":1.25,"unit":"kWh"}`,
	)
	publishForecast(t, conn, dayAhead(0))
	s := score("north.m0000", 0)
	whole := s.Leads[0]
	s.Leads = nil
	for _, lead := range []int{1, 6, 12, 24} {
		whole.Lead = lead
		s.Leads = append(s.Leads, whole)
	}
	publish(t, conn, streams.ScoreSubject(meter.ID{Site: "north", Meter: "m0000"}), s.AppendJSON(nil))
	b.run()
	for _, kind := range []string{"readings", "forecasts", "scores"} {
		b.awaitStored(kind, 1)
	}
	rows := query(t, b.influx, fmt.Sprintf(`import "influxdata/influxdb"
influxdb.cardinality(bucket: %q, start: 2020-01-01T00:00:00Z, stop: 2100-01-01T00:00:00Z)`,
		b.influx.Bucket))
	docs, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	sentence := regexp.MustCompile(`(\d+) series of InfluxDB\s+an hourly meter`).FindSubmatch(docs)
	if sentence == nil || fmt.Sprint(rows[0]["_value"]) != string(sentence[1]) {
		t.Errorf("InfluxDB counts %v, docs/operations.md says %s", rows, sentence)
	}
}
