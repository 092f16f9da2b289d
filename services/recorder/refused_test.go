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

// TestBadPointIsFound: one bad point makes a server take none of a batch (400). It is found by
// halving and listed.
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
	if refused, stored := b.metric(
		"points_total", "forecasts", "refused",
	), b.metric("points_total", "forecasts", "stored"); refused != 1 || stored != rowsOfForecast*n-1 {
		t.Errorf("%v points refused, %v stored", refused, stored)
	}
	b.logged(`"series":"north.m13","measurement":"forecast","point_time":"2026-01-31T14:00:00Z"`, 1)
	all := rejected(t, conn)
	if len(all) != 1 {
		t.Fatalf("%d points listed: %+v", len(all), all)
	}
	r := all[0]
	if r.Series != "north.m13" || r.Subject != "forecasts.north.m13" || r.Seq != 14 ||
		r.Reason != meter.ReasonNotRecorded || r.Received.IsZero() ||
		!strings.Contains(r.Detail, "unable to parse: bad point") ||
		!strings.HasPrefix(r.Payload, "forecast,interval=1h,meter=m13,site=north p10=12.5,p50=13,") {
		t.Errorf("listed %+v", r)
	}
}

// TestAllOfAKindRefused: no search is needed when the server says that it stored none. The log has
// a few of the points, the list has all.
func TestAllOfAKindRefused(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	l := influxtest.Start(t)
	const n = 300
	l.AnswerIf(func(p influxtest.Point) bool { return p.Measurement == "reading" },
		influxtest.Answer{
			Status: 422,
			Body: fmt.Sprintf(
				`{"code":"unprocessable entity","message":"partial write: field type conflict dropped=%d"}`, n,
			),
		})
	b := newBench(t, l.Config(), recorder.FromBus(conn))
	var payload []string
	for i := range n {
		payload = append(
			payload,
			fmt.Sprintf(
				`{"ts":%q,"value":%d}`, origin.Add(time.Duration(i)*time.Hour).Format(time.RFC3339), i,
			),
		)
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
