package influx_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/secret"
)

var at = time.Date(2026, 1, 31, 14, 0, 0, 0, time.UTC)

func point(meter string, value any) influx.Point {
	return influx.Point{
		Measurement: "forecast", Time: at,
		Tags:   []influx.Tag{{Key: "site", Value: "north"}, {Key: "meter", Value: meter}},
		Fields: []influx.Field{{Key: "p50", Value: value}},
	}
}

func newWriter(t *testing.T, cfg influx.Config) *influx.Writer {
	t.Helper()
	w, err := influx.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func TestWriteStoresPoints(t *testing.T) {
	t.Parallel()
	l := influxtest.Start(t)
	w := newWriter(t, l.Config())
	p := point(`m17`, 1.2)
	p.Fields = append(
		p.Fields, influx.Field{Key: "source", Value: `ls"t m,=\`},
		influx.Field{Key: "revision", Value: int64(3)}, influx.Field{Key: "held", Value: true},
	)
	p.Tags = append(p.Tags, influx.Tag{Key: "a key", Value: "x, y=z"})
	if err := w.Write(t.Context(), []influx.Point{p, point("m18", -0.5)}); err != nil {
		t.Fatal(err)
	}
	want := []influxtest.Point{{
		Measurement: "forecast", Time: at, Tags: map[string]string{
			"site": "north", "meter": "m17", "a key": "x, y=z",
		},
		Fields: map[string]any{"p50": 1.2, "source": `ls"t m,=\`, "revision": int64(3), "held": true},
	}, {
		Measurement: "forecast", Time: at, Tags: map[string]string{
			"site": "north", "meter": "m18",
		}, Fields: map[string]any{"p50": -0.5},
	}}
	if diff := cmp.Diff(want, l.Points()); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func TestWriteClassifiesAnswers(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		answer influxtest.Answer
		want   influx.Kind
		after  time.Duration
		remedy string
	}{
		"busy": {
			influxtest.Answer{Status: 429, RetryAfter: 7}, influx.KindRetry, 7 * time.Second, "",
		},
		"unavailable": {influxtest.Answer{Status: 503, Body: "starting"}, influx.KindRetry, 0, ""},
		"internal": {
			influxtest.Answer{Status: 500, Body: `{"code":"internal error","message":"disk"}`},
			influx.KindRetry, 0, "",
		},
		"bad line": {
			influxtest.Answer{Status: 400, Body: `{"code":"invalid","message":"unable to parse"}`},
			influx.KindRefused, 0, "",
		},
		"partial write": {
			influxtest.Answer{
				Status: 422, Body: `{"code":"unprocessable entity","message":"partial write"}`,
			},
			influx.KindRefused, 0, "",
		},
		"too large": {influxtest.Answer{Status: 413}, influx.KindRefused, 0, ""},
		"no right": {
			influxtest.Answer{Status: 401, Body: `{"code":"unauthorized","message":"no"}`},
			influx.KindConfig, 0, "LOADTIDE_INFLUX_TOKEN",
		},
		"no bucket": {
			influxtest.Answer{Status: 404, Body: `{"code":"not found","message":"no bucket"}`},
			influx.KindConfig, 0, "--influx-bucket",
		},
		"another thing": {influxtest.Answer{Status: 418}, influx.KindConfig, 0, "--influx-url"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := influxtest.Start(t)
			l.Script(tc.answer)
			err := newWriter(t, l.Config()).Write(t.Context(), []influx.Point{point("m1", 1.0)})
			var got *influx.Error
			if !errors.As(err, &got) {
				t.Fatalf("error %v, want *influx.Error", err)
			}
			if got.Kind != tc.want || got.Status != tc.answer.Status || got.RetryAfter != tc.after ||
				!strings.Contains(got.Remedy, tc.remedy) {
				t.Errorf("got %+v", got)
			}
			if strings.Contains(err.Error(), influxtest.Token) {
				t.Errorf("the token is in %q", err)
			}
		})
	}
}

func TestWriteWithoutServerIsRetry(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	cfg := flagtest.Defaults[influx.Config](t)
	cfg.URL = server.URL
	server.Close()
	var got *influx.Error
	if err := newWriter(t, cfg).Write(t.Context(), []influx.Point{
		point("m1", 1.0),
	}); !errors.As(err, &got) || got.Kind != influx.KindRetry || got.Status != 0 {
		t.Errorf("error %v, want retry without a status", err)
	}
}

func TestWriteObeysItsTimeoutAndContext(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewServer(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }),
	)
	defer server.Close()
	defer close(release)
	cfg := flagtest.Defaults[influx.Config](t)
	cfg.URL, cfg.Timeout = server.URL, 100*time.Millisecond
	w := newWriter(t, cfg)
	var got *influx.Error
	if err := w.Write(t.Context(), []influx.Point{point("m1", 1.0)}); !errors.As(err, &got) ||
		got.Kind != influx.KindRetry {
		t.Errorf("timeout: error %v, want retry", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Write(ctx, []influx.Point{point("m1", 1.0)}); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: error %v, want context.Canceled", err)
	}
}

func TestWriteFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	var followed bool
	other := httptest.NewServer(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }),
	)
	defer other.Close()
	l := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	}))
	defer l.Close()
	cfg := flagtest.Defaults[influx.Config](t)
	cfg.URL, cfg.Token = l.URL, secret.New(influxtest.Token)
	var got *influx.Error
	if err := newWriter(t, cfg).Write(t.Context(), []influx.Point{
		point("m1", 1.0),
	}); !errors.As(err, &got) || got.Kind != influx.KindConfig {
		t.Errorf("error %v, want config", err)
	}
	if followed {
		t.Error("the redirect was followed")
	}
}

func TestWriteBoundsLongAnswers(t *testing.T) {
	t.Parallel()
	l := influxtest.Start(t)
	l.Script(influxtest.Answer{Status: 500, Body: strings.Repeat("long ", 1<<20)})
	if err := newWriter(t, l.Config()).Write(t.Context(), []influx.Point{
		point("m1", 1.0),
	}); err == nil || len(err.Error()) > 500 {
		t.Errorf("error of %d bytes", len(fmt.Sprint(err)))
	}
}

func TestWriteRefusesPointsThatLineProtocolCannotCarry(t *testing.T) {
	t.Parallel()
	l := influxtest.Start(t)
	w := newWriter(t, l.Config())
	noTag, noField, noName := point("m1", 1.0), point("m1", 1.0), point("m1", 1.0)
	noTag.Tags, noField.Fields, noName.Measurement = nil, nil, ""
	far := point("m1", 1.0)
	far.Time = time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, bad := range map[string]influx.Point{
		"NaN": point("m1", math.NaN()), "Inf": point("m1", math.Inf(-1)), "type": point("m1", 1),
		"empty tag": point("", 1.0),
		"backslash": point(`m\`, 1.0), "newline": point("m\n1", 1.0), "no tags": noTag,
		"no fields": noField, "no name": noName, "year 3000": far,
	} {
		var got *influx.Error
		if err := w.Write(t.Context(), []influx.Point{point("good", 1.0), bad}); !errors.As(err, &got) ||
			got.Kind != influx.KindRefused {
			t.Errorf("%s: error %v, want refused", name, err)
		}
	}
	if n := len(l.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestConfigValidateNamesAllFaults(t *testing.T) {
	t.Parallel()
	_, err := influx.New(influx.Config{URL: "influx:8086"})
	if _, err := influx.New(flagtest.Defaults[influx.Config](t)); err == nil ||
		!strings.Contains(err.Error(), "influx-url") {
		t.Errorf("no address: error %v", err)
	}
	for _, field := range []string{"influx-url", "influx-org", "influx-bucket", "influx-timeout"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("no %s in %v", field, err)
		}
	}
	_, err = influx.New(
		influx.Config{URL: "http://user:canary@h", Org: "o", Bucket: "b", Timeout: time.Second},
	)
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("error %v, want one without the password", err)
	}
}
