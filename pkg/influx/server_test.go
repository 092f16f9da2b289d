package influx_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
)

func TestMain(m *testing.M) { os.Exit(influxtest.Main(m)) }

// stored reports whether a meter has a point at a time. A bucket of a week shows no older shard,
// but deletes it later.
func stored(t *testing.T, cfg influx.Config, meter string, at time.Time) (found bool) {
	t.Helper()
	r, err := influx.NewReader(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	each := func(row influx.Row) error {
		found = found || row.Text("meter") == meter
		return nil
	}
	from, until := at.Add(-time.Second), at.Add(time.Second)
	if err := r.Read(t.Context(), "forecast", from, until, each); err != nil {
		t.Fatal(err)
	}
	return found
}

// TestAnswersOfOthers: the answer of a proxy, or of another server, says nothing about a point.
func TestAnswersOfOthers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status      int
		contentType string
		want        influx.Kind
	}{
		"a page":               {200, "text/html", influx.KindConfig},
		"an accepted one":      {202, "application/json", influx.KindConfig},
		"a proxy's 400":        {400, "text/html", influx.KindConfig},
		"a proxy's 422":        {422, "text/plain", influx.KindConfig},
		"a proxy's size limit": {413, "text/html", influx.KindRefused},
		"a proxy's 502":        {502, "text/html", influx.KindRetry},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", c.contentType)
				w.WriteHeader(c.status)
			}))
			defer server.Close()
			cfg := flagtest.Defaults[influx.Config](t)
			cfg.URL = server.URL
			var got *influx.Error
			if err := newWriter(t, cfg).Write(t.Context(), []influx.Point{
				point("m1", 1.0),
			}); !errors.As(err, &got) || got.Kind != c.want || got.Status != c.status {
				t.Errorf("error %v of kind %v, want %v", err, got.Kind, c.want)
			}
		})
	}
}

func TestRetryAfterAsADate(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", time.Now().Add(90*time.Second).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	cfg := flagtest.Defaults[influx.Config](t)
	cfg.URL = server.URL
	var got *influx.Error
	if err := newWriter(t, cfg).Write(t.Context(), []influx.Point{
		point("m1", 1.0),
	}); !errors.As(err, &got) || got.RetryAfter < 80*time.Second || got.RetryAfter > 90*time.Second {
		t.Errorf("error %v, wait %v", err, got.RetryAfter)
	}
}
