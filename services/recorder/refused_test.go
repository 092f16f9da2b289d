package recorder_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/domain"

	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/services/recorder"
)

// TestBadPointIsFound: one bad point makes a server take none of a batch (400). It is found by halving and listed.
func TestBadPointIsFound(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	l := influxtest.Start(t)
	l.RefuseIf(func(p influxtest.Point) bool {
		return p.Measurement == "forecast" && p.Tags["meter"] == "m13" && p.Time.Equal(origin)
	})
	b := newBench(t, l.Config(), recorder.FromBus(conn))
	const n = 40
	for i := range n {
		publishForecast(t, conn, forecast(fmt.Sprintf("north.m%02d", i), float32(i)))
	}
	b.run()
	b.awaitStored("forecasts", n)
	if got := len(l.Points()); got != rowsOfForecast*n-1 {
		t.Errorf("%d points stored, want all but one of %d", got, rowsOfForecast*n)
	}
	if refused, stored := b.metric("points_total", "forecasts", "refused"), b.metric("points_total", "forecasts", "stored"); refused != 1 || stored != rowsOfForecast*n-1 {
		t.Errorf("%v points refused, %v stored", refused, stored)
	}
	b.logged(`"series":"north.m13","measurement":"forecast","time":"2026-01-31T14:00:00Z"`, 1)
	all := rejected(t, conn)
	if len(all) != 1 {
		t.Fatalf("%d points listed: %+v", len(all), all)
	}
	r := all[0]
	if r.Series != "north.m13" || r.Subject != "forecasts.north.m13" || r.Seq != 14 || r.Reason != meter.ReasonNotRecorded || r.Received.IsZero() ||
		!strings.Contains(r.Detail, "unable to parse: bad point") || !strings.HasPrefix(r.Payload, "forecast,meter=m13,site=north p10=12.5,p50=13,") {
		t.Errorf("listed %+v", r)
	}
}

// TestConflictOfTypes: a real server stores the good points of a batch and says 422 for those whose field has another type in
// the shard of that week. Each of these is listed, and all others are there.
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
		Measurement: "reading", Tags: recorder.Tags(meter.ID{Site: "other", Meter: "x"}), Time: origin, Fields: []influx.Field{{Key: "value", Value: int64(1)}},
	}}); err != nil {
		t.Fatal(err)
	}
	var payload []string
	const hours = 400 // over two weeks, of which one has the conflict
	for i := range hours {
		payload = append(payload, fmt.Sprintf(`{"ts":%q,"value":%d}`, origin.AddDate(0, 0, -10).Add(time.Duration(i)*time.Hour).Format(time.RFC3339), i))
	}
	publishReadings(t, conn, meter.ID{Site: "north", Meter: "m1"}, "["+strings.Join(payload, ",")+"]")
	publishForecast(t, conn, forecast("north.m1", 1))
	b.run()
	b.awaitStored("readings", 1)
	b.awaitStored("forecasts", 1)
	refused, stored := int(b.metric("points_total", "readings", "refused")), 0
	for _, days := range []int{-14, -7, 0, 7, 14} { // a query over shards of two types sees those of one
		monday := time.Date(2026, 1, 26, 0, 0, 0, 0, time.UTC).AddDate(0, 0, days)
		stored += len(query(t, b.influx, fmt.Sprintf(`from(bucket: %q) |> range(start: %s, stop: %s) |> filter(fn: (r) => r._measurement == "reading" and r.site == "north" and r._field == "value")`,
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
		if r.Series != "north.m1" || !strings.Contains(r.Detail, "field type conflict") || !strings.HasPrefix(r.Payload, "reading,meter=m1,site=north value=") {
			t.Fatalf("listed %+v", r)
		}
	}
	if stored := b.count(`r._measurement == "forecast" and r._field == "p50"`); stored != 2 {
		t.Errorf("%d points of the curve, want 2", stored)
	}
}

// TestAllOfAKindRefused needs no search: the server says that it stored none. The log tells of a few, the list of all.
func TestAllOfAKindRefused(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	l := influxtest.Start(t)
	const n = 300
	l.AnswerIf(func(p influxtest.Point) bool { return p.Measurement == "reading" },
		influxtest.Answer{Status: 422, Body: fmt.Sprintf(`{"code":"unprocessable entity","message":"partial write: field type conflict dropped=%d"}`, n)})
	b := newBench(t, l.Config(), recorder.FromBus(conn))
	var payload []string
	for i := range n {
		payload = append(payload, fmt.Sprintf(`{"ts":%q,"value":%d}`, origin.Add(time.Duration(i)*time.Hour).Format(time.RFC3339), i))
	}
	publishReadings(t, conn, meter.ID{Site: "north", Meter: "m1"}, "["+strings.Join(payload, ",")+"]")
	b.run()
	b.awaitStored("readings", 1)
	if requests := l.Requests(); !slices.Equal(requests, []int{n}) {
		t.Errorf("requests of %v points, want one", requests)
	}
	if all := rejected(t, conn); len(all) != n {
		t.Errorf("%d points listed, want %d", len(all), n)
	}
	b.logged("point refused by influxdb", 10)
	b.logged(fmt.Sprintf(`"count":%d,"message":"more points refused`, n-10), 1)
}

// TestOlderThanTheBucketKeeps: history beyond the bucket's retention is neither searched for nor listed, and hides no fault.
func TestOlderThanTheBucketKeeps(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	b := newBench(t, influxtest.Server(t), recorder.FromBus(conn))
	shorten(t, b.influx, 30*24*time.Hour)
	now := time.Now().UTC().Truncate(time.Hour)
	var payload []string
	for i := range 1000 {
		payload = append(payload, fmt.Sprintf(`{"ts":%q,"value":%d}`, now.Add(-time.Duration(i)*time.Hour).Format(time.RFC3339), i))
	}
	publishReadings(t, conn, meter.ID{Site: "north", Meter: "m1"}, "["+strings.Join(payload, ",")+"]")
	publishReadings(t, conn, meter.ID{Site: "north", Meter: "m2"}, fmt.Sprintf(`{"ts":%q,"value":1}`, now.Format(time.RFC3339)))
	b.run()
	b.awaitStored("readings", 2)
	expired, stored := int(b.metric("points_total", "readings", "expired")), b.count(`r._measurement == "reading" and r._field == "value"`)
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

// shorten sets the retention of a bucket.
func shorten(t *testing.T, cfg influx.Config, keep time.Duration) {
	t.Helper()
	buckets := influxtest.Client(t, cfg).BucketsAPI()
	bucket, err := buckets.FindBucketByName(t.Context(), cfg.Bucket)
	if err != nil {
		t.Fatal(err)
	}
	bucket.RetentionRules = domain.RetentionRules{{EverySeconds: int64(keep.Seconds())}}
	if _, err := buckets.UpdateBucket(t.Context(), bucket); err != nil {
		t.Fatal(err)
	}
}
