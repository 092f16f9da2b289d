package recorder_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/services/recorder"
)

// TestConflictOfTypes: a real server stores the good points of a batch, and answers 422 for those
// whose field has another type in the shard of that week. Each of these is listed, and all others
// are stored.
func TestConflictOfTypes(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	b := newBench(t, influxtest.Server(t), recorder.FromBus(conn))
	w, err := influx.New(b.influx)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Write(t.Context(), []influx.Point{{
		Measurement: "reading", Tags: recorder.Tags(
			meter.ID{Site: "other", Meter: "x"},
		), Time: origin, Fields: []influx.Field{{Key: "value", Value: int64(1)}},
	}}); err != nil {
		t.Fatal(err)
	}
	var payload []string
	const hours = 400 // over two weeks, of which one has the conflict
	for i := range hours {
		payload = append(
			payload,
			fmt.Sprintf(
				`{"ts":%q,"value":%d}`,
				origin.AddDate(0, 0, -10).Add(time.Duration(i)*time.Hour).Format(time.RFC3339), i,
			),
		)
	}
	publishReadings(t, conn, meter.ID{Site: "north", Meter: "m1"}, "["+strings.Join(payload, ",")+"]")
	publishForecast(t, conn, forecast("north.m1", 1))
	b.run()
	b.awaitStored("readings", 1)
	b.awaitStored("forecasts", 1)
	refused, stored := int(b.metric("points_total", "readings", "refused")), 0
	// a query over shards of two types sees those of one
	for _, days := range []int{-14, -7, 0, 7, 14} {
		monday := time.Date(2026, 1, 26, 0, 0, 0, 0, time.UTC).AddDate(0, 0, days)
		stored += len(query(t, b.influx, fmt.Sprintf(`from(bucket: %q) |> range(start: %s, stop: %s) `+
			`|> filter(fn: (r) => r._measurement == "reading" and r.site == "north" and r._field == `+
			`"value")`,
			b.influx.Bucket, monday.Format(time.RFC3339), monday.AddDate(0, 0, 7).Format(time.RFC3339))))
	}
	if refused == 0 || refused > 7*24 || refused+stored != hours {
		t.Errorf("%d points refused and %d on the server, of %d", refused, stored, hours)
	}
	all := rejected(t, conn)
	if len(all) != refused {
		t.Errorf("%d points listed, %d refused", len(all), refused)
	}
	for _, r := range all {
		if r.Series != "north.m1" || !strings.Contains(r.Detail, "field type conflict") ||
			!strings.HasPrefix(r.Payload, "reading,meter=m1,site=north value=") {
			t.Fatalf("listed %+v", r)
		}
	}
	if stored := b.count(`r._measurement == "forecast" and r._field == "p50"`); stored != 2 {
		t.Errorf("%d points of the curve, want 2", stored)
	}
}

// TestOlderThanTheBucketKeeps: points older than the bucket's retention are neither searched for
// nor listed, and hide no fault.
func TestOlderThanTheBucketKeeps(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	b := newBench(t, influxtest.Server(t), recorder.FromBus(conn))
	shorten(t, b.influx, 30*24*time.Hour)
	now := time.Now().UTC().Truncate(time.Hour)
	var payload []string
	for i := range 1000 {
		payload = append(
			payload,
			fmt.Sprintf(
				`{"ts":%q,"value":%d}`, now.Add(-time.Duration(i)*time.Hour).Format(time.RFC3339), i,
			),
		)
	}
	publishReadings(t, conn, meter.ID{Site: "north", Meter: "m1"}, "["+strings.Join(payload, ",")+"]")
	publishReadings(
		t, conn, meter.ID{Site: "north", Meter: "m2"},
		fmt.Sprintf(`{"ts":%q,"value":1}`, now.Format(time.RFC3339)),
	)
	b.run()
	b.awaitStored("readings", 2)
	expired, stored := int(
		b.metric("points_total", "readings", "expired"),
	), b.count(`r._measurement == "reading" and r._field == "value"`)
	// Where there is a shard already the server takes some that are older, too.
	if expired < 1000-30*24-1 || expired > 1000-30*24+1 || expired+stored < 1001 {
		t.Errorf("%d points expired, %d stored", expired, stored)
	}
	if writes := b.metric("writes_total", "refused"); writes > 2 {
		t.Errorf("%v requests were refused: the old points were searched for", writes)
	}
	if all := rejected(t, conn); len(all) != 0 {
		t.Errorf("listed %+v", all)
	}
	b.logged("older than the bucket's retention", 1)
}
