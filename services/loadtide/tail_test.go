package main

import (
	"bytes"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// TestTailTellsOfUnknownSeries: a tail that may wait for ever says why.
func TestTailTellsOfUnknownSeries(t *testing.T) {
	t.Parallel()
	conn := judgedServer(t)
	tell := func() string {
		var errs bytes.Buffer
		c := tailCmd{Series: "no.such"}
		c.tellUnknown(t.Context(), &env{stderr: &errs}, conn)
		return errs.String()
	}
	if got := tell(); got != "warn: no forecaster is running; waiting for no.such\n" {
		t.Errorf("%q", got)
	}
	var known atomic.Bool
	answerAs(t, conn, func(int) (page streams.SeriesPage) {
		if known.Load() {
			page.Series = []streams.SeriesSummary{{Series: "no.such"}}
		}
		return page
	})
	if got := tell(); !strings.HasPrefix(
		got,
		"warn: nothing is known of no.such yet; waiting for ",
	) {
		t.Errorf("%q", got)
	}
	known.Store(true)
	if got := tell(); got != "" {
		t.Errorf("%q", got)
	}
}

// TestTailBeginsWithTheNewestForecast: after a file is published no new forecast may come for long.
func TestTailBeginsWithTheNewestForecast(t *testing.T) {
	t.Parallel()
	conn := judgedServer(t)
	id := meter.ID{Site: "home", Meter: "m01"}
	past := func(c tailCmd) string {
		var out bytes.Buffer
		err := c.pastForecast(t.Context(), conn, streams.ForecastSubject(id), &tailOutput{
			cmd: &c, env: &env{stdout: &out, stderr: &out}, stop: func() { t.Error("it stops") },
		})
		if err != nil {
			t.Error(err)
		}
		return out.String()
	}
	if got := strings.Count(past(tailCmd{Series: id.String()}), "\n"); got != 1 {
		t.Errorf("%d lines without a forecast, want the head", got)
	}
	for hour := range 3 {
		origin := time.Date(2026, 1, 31, hour, 0, 0, 0, time.UTC)
		f := streams.Forecast{
			Series: id, Origin: origin, Issued: origin, Interval: time.Hour, Source: meter.SourceLSTM,
			Quality: "OK", Levels: []float64{0.1, 0.5, 0.9}, Quantiles: []float32{1, 2, 3},
		}
		publish(t, conn, streams.ForecastSubject(id), f.AppendJSON(nil))
	}
	lines := strings.Split(past(tailCmd{Series: id.String()}), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[1], "home.m01") ||
		!strings.Contains(lines[1], "2026-01-31T02:00:00Z") {
		t.Errorf("%q", lines)
	}
	if got := past(tailCmd{}); strings.Contains(got, "home.m01") {
		t.Errorf("a tail of all series begins with %s", got)
	}
	if got := past(tailCmd{Series: id.String(), JSON: true}); got != "" {
		t.Errorf("a program gets %s", got)
	}
}

// TestTailEvents: the newest ten events come first, those of one series when it is named.
func TestTailEvents(t *testing.T) {
	t.Parallel()
	conn := judgedServer(t)
	for i := range 24 {
		at := time.Date(2026, 1, 31, i, 0, 0, 0, time.UTC)
		e := streams.Event{
			Type: streams.EventModelPromoted, Time: at, Text: "it serves",
			Model: &streams.Model{Name: "load-1h", Version: strconv.Itoa(i)},
		}
		subject := streams.EventSubject(e.Type)
		if i%12 == 0 {
			id := meter.ID{Site: "home", Meter: "m01"}
			e.Type, e.Series, subject = streams.EventLimitPassed, id.String(), streams.LimitSubject(id)
		}
		publish(t, conn, subject, e.AppendJSON(nil))
	}
	for _, c := range []struct {
		cmd         tailCmd
		lines       int
		first, last string
	}{
		{tailCmd{Events: true}, 11, "TIME", "2026-01-31T23:00:00Z  model.promoted            load-1h v23  "},
		{tailCmd{Events: true, Series: "home.m01"}, 3, "TIME",
			"2026-01-31T12:00:00Z  limit.passed              home.m01  "},
		{tailCmd{Events: true, Series: "home.m02"}, 1, "TIME", "TIME"},
		{tailCmd{Events: true, JSON: true}, 10, "{", "{"},
	} {
		var out bytes.Buffer
		to := tailOutput{cmd: &c.cmd, env: &env{stdout: &out, stderr: &out}}
		if err := c.cmd.pastEvents(t.Context(), conn, &to); err != nil {
			t.Error(err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) != c.lines || !strings.HasPrefix(lines[0], c.first) ||
			!strings.HasPrefix(lines[len(lines)-1], c.last) {
			t.Errorf("%+v: %q", c.cmd, lines)
		}
	}
}

func publish(t *testing.T, conn *bus.Conn, subject string, data []byte) {
	t.Helper()
	if _, err := conn.Publish(t.Context(), subject, data, ""); err != nil {
		t.Fatal(err)
	}
}
