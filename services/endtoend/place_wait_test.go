package endtoend

import (
	"bufio"
	"context"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// eventually asks again and again until the answer is yes; the note of the last answer tells what
// was wrong.
func eventually(t *testing.T, within time.Duration, what string, ask func() (bool, string)) {
	t.Helper()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, note := ask()
		if ok {
			return
		}
		select {
		case <-deadline.C:
			t.Fatalf("%s: not within %s, last: %s", what, within, note)
		case <-t.Context().Done():
			t.Fatalf("%s: the test was ended, last: %s", what, note)
		case <-tick.C:
		}
	}
}

// fetch gets a page.
func fetch(url string) (code int, body string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(data), err
}

// page gets a page that must be there.
func (p place) page(path string) string {
	p.t.Helper()
	code, body, err := fetch("http://" + p.http + path)
	if err != nil || code != http.StatusOK {
		p.t.Fatalf("GET %s: %d %s %v", path, code, body, err)
	}
	return body
}

// metric reads one sample of /metrics by its name with labels; one that is not there is 0.
func (p place) metric(sample string) float64 {
	p.t.Helper()
	for lines := bufio.NewScanner(strings.NewReader(p.page("/metrics"))); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), sample+" "); ok {
			value, err := strconv.ParseFloat(text, 64)
			if err != nil {
				p.t.Fatalf("metric %s: %v", sample, err)
			}
			return value
		}
	}
	return 0
}

// readStream reads all that a stream holds now.
func readStream(t *testing.T, conn *bus.Conn, stream string) []bus.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	state, err := conn.StreamState(ctx, stream)
	if err != nil {
		t.Fatal(err)
	}
	if state.Messages == 0 {
		return nil
	}
	log, err := conn.OpenReader(ctx, bus.ReaderConfig{Stream: stream, From: state.FirstSeq})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	all := make([]bus.Message, 0, state.Messages)
	for len(all) == 0 || all[len(all)-1].Seq < state.LastSeq {
		if all, err = log.Next(ctx, all, 4096); err != nil {
			t.Fatalf("read %s: %v", stream, err)
		}
	}
	return all
}

// newest returns the newest forecast of a series; ok is false while there is none.
func newest(
	t *testing.T, conn *bus.Conn, series string,
) (f streams.Forecast, m bus.Message, ok bool) {
	t.Helper()
	id, _ := meter.ParseID(series)
	m, ok, err := conn.LastBySubject(t.Context(), topology.Forecasts, streams.ForecastSubject(id))
	if err != nil || !ok {
		return f, m, false
	}
	if f, err = streams.DecodeForecast(m.Data); err != nil {
		t.Fatalf("forecast of %s: %v in %q", series, err, m.Data)
	}
	return f, m, true
}

// awaitOrigin waits until a series is forecast from origin and returns that forecast.
func awaitOrigin(t *testing.T, conn *bus.Conn, series string, origin time.Time) streams.Forecast {
	t.Helper()
	var f streams.Forecast
	eventually(t, patience, "forecast of "+series+" from "+origin.Format(time.RFC3339), func() (bool, string) {
		var ok bool
		f, _, ok = newest(t, conn, series)
		return ok && f.Origin.Equal(origin), "newest " + f.Origin.Format(time.RFC3339)
	})
	return f
}

// hourly is the reading of one hour as JSON.
// pastHours returns readings of the given number of hours as history, and the hour after them. The
// hours end as long ago as they last, so that more can follow.
func pastHours(hours int) (past []streams.Reading, next time.Time) {
	back := 2 * time.Duration(hours) * time.Hour
	next = time.Now().UTC().Truncate(time.Hour).Add(-back)
	for i := range hours {
		value := 2 + math.Sin(float64(i))
		past = append(past, streams.Reading{Time: next, Value: value, History: true})
		next = next.Add(time.Hour)
	}
	return past, next
}

func hourly(hour time.Time, value float64) []byte {
	return streams.AppendReadings(nil, []streams.Reading{{Time: hour, Value: value}})
}
