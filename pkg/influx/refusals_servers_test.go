package influx_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/domain"

	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/secret"
)

// TestServerRefuses compares what the writer reads from answers with a real influxd, and checks
// which points influxd stores besides a bad one.
func TestServerRefuses(t *testing.T) {
	t.Parallel()
	cfg := influxtest.Server(t)
	w := newWriter(t, cfg)
	write := func(points ...influx.Point) *influx.Error {
		t.Helper()
		err := w.Write(t.Context(), points)
		var got *influx.Error
		if !errors.As(err, &got) {
			t.Fatalf("error %v, want *influx.Error", err)
		}
		return got
	}
	if err := w.Write(t.Context(), []influx.Point{point("first", 1.0)}); err != nil {
		t.Fatal(err)
	}

	reserved := point("with400", 1.0)
	reserved.Tags = append(reserved.Tags, influx.Tag{Key: "time", Value: "x"})
	if got := write(point("beside400", 1.0), reserved); got.Kind != influx.KindRefused ||
		got.Status != 400 || got.Dropped != 0 {
		t.Errorf("400: %+v", got)
	}
	if got := write(
		point("beside422", 1.0), point("with422", int64(1)), point("with422too", int64(1)),
	); got.Kind != influx.KindRefused || got.Status != 422 || got.Dropped != 2 {
		t.Errorf("422: %+v", got)
	}

	bucket, err := influxtest.Client(t, cfg).BucketsAPI().FindBucketByName(t.Context(), cfg.Bucket)
	if err != nil {
		t.Fatal(err)
	}
	bucket.RetentionRules = domain.RetentionRules{{EverySeconds: 7 * 24 * 3600}}
	if _, err := influxtest.Client(t, cfg).BucketsAPI().UpdateBucket(t.Context(), bucket); err != nil {
		t.Fatal(err)
	}
	old, now := point("old", 1.0), point(strings.Repeat("m", 64), 1.0)
	old.Time, now.Time = time.Now().AddDate(0, 0, -30), time.Now()
	got := write(old, now)
	if since := time.Since(got.OldestKept); got.Kind != influx.KindRefused || got.Dropped != 1 ||
		since < 7*24*time.Hour-time.Minute || since > 7*24*time.Hour+time.Minute {
		t.Errorf("too old: %+v", got)
	}

	shown := map[string]bool{}
	for meter, at := range map[string]time.Time{
		"first": at, "beside400": at, "with400": at, "beside422": at, "with422": at, "old": old.Time,
	} {
		shown[meter] = stored(t, cfg, meter, at)
	}
	if want := map[string]bool{
		"first": true, "beside400": false, "with400": false, "beside422": true, "with422": false,
		"old": false,
	}; fmt.Sprint(shown) != fmt.Sprint(want) {
		t.Errorf("stored %v, want %v", shown, want)
	}

	cfg.Bucket = "nobody-made"
	w = newWriter(t, cfg)
	if got := write(point("m1", 1.0)); got.Kind != influx.KindConfig || got.Status != 404 {
		t.Errorf("no bucket: %+v", got)
	}
	cfg.Token = secret.New("wrong-canary")
	w = newWriter(t, cfg)
	if got := write(point("m1", 1.0)); got.Kind != influx.KindConfig || got.Status != 401 ||
		strings.Contains(got.Error(), "canary") {
		t.Errorf("no right: %+v", got)
	}
}

// TestServerTakesAnyText: no text leaves its field, and a line break becomes the two characters of
// its escape.
func TestServerTakesAnyText(t *testing.T) {
	t.Parallel()
	cfg := influxtest.Server(t)
	w := newWriter(t, cfg)
	texts := []string{
		"", "two\nlines", "\r\n\t", `"quoted" \ `, `\`, "\\\n\" 1\nreading,site=x,meter=y value=1 1",
		"\" 1769868000000000000\nreading,site=x value=1",
		"a,b=c d", "é\u2028\x00\x01", "\xff", strings.Repeat("long ", 13000),
	}
	var points []influx.Point
	for i, text := range texts {
		p := point("m1", text)
		p.Fields[0].Key, p.Time = "text", at.Add(time.Duration(i)*time.Second)
		points = append(points, p)
	}
	if err := w.Write(t.Context(), points); err != nil {
		t.Fatal(err)
	}
	r, err := influx.NewReader(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	plain := strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`)
	i := 0
	for _, measurement := range []string{"forecast", "reading"} {
		each := func(row influx.Row) error {
			if want := plain.Replace(texts[i]); row.Text("text") != want && texts[i] != "\xff" {
				t.Errorf("%q came back as %q", texts[i], row.Text("text"))
			}
			i++
			return nil
		}
		from, until := at.Add(-time.Hour), at.Add(time.Hour)
		if err := r.Read(t.Context(), measurement, from, until, each); err != nil {
			t.Fatal(err)
		}
	}
	if i != len(texts) {
		t.Errorf("%d rows, want %d", i, len(texts))
	}
}

// TestServerDeletes: the points of one series are deleted, those of others stay.
func TestServerDeletes(t *testing.T) {
	t.Parallel()
	cfg := influxtest.Server(t)
	w := newWriter(t, cfg)
	if err := w.Write(t.Context(), []influx.Point{point("m1", 1.0), point("m2", 1.0)}); err != nil {
		t.Fatal(err)
	}
	if err := w.Delete(t.Context(), "forecast", point("m1", 1.0).Tags); err != nil {
		t.Fatal(err)
	}
	if stored(t, cfg, "m1", at) || !stored(t, cfg, "m2", at) {
		t.Error("m1 should be gone and m2 be there")
	}
	cfg.Bucket += "-daily"
	var fault *influx.Error
	if err := newWriter(t, cfg).Delete(
		t.Context(), "score", point("m1", 1.0).Tags,
	); !errors.As(err, &fault) || fault.Status != http.StatusNotFound {
		t.Errorf("a bucket that is not there: %v", err)
	}
}
