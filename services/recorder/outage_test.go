package recorder_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/services/recorder"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// ofAll publishes a reading, a forecast, a score and an event, n times.
func ofAll(t *testing.T, conn *bus.Conn, n int) {
	t.Helper()
	for i := range n {
		id := meter.ID{Site: "north", Meter: fmt.Sprintf("m%03d", i)}
		publishReadings(t, conn, id, `{"ts":"2026-01-31T14:00:00Z","value":1.25,"unit":"kWh"}`)
		publishForecast(t, conn, forecast(id.String(), float32(i)))
		s := score(id.String(), 0)
		publish(t, conn, streams.ScoreSubject(id), s.AppendJSON(nil))
		publishEvent(
			t, conn,
			streams.Event{Type: streams.EventSeriesStale, Time: origin, Series: id.String(), Text: "silent"},
		)
	}
}

// holds waits until all rows of ofAll are on the real server.
func (b *bench) holds(n int) {
	b.t.Helper()
	for _, kind := range []string{"readings", "forecasts", "scores", "events"} {
		b.awaitStored(kind, n)
	}
	want := map[string]int{
		"reading": n, "forecast": 2 * n, "forecast_lead": 2 * n, "score": 2 * n, "actual": n, "event": n,
	}
	for m, rows := range b.rows() {
		if rows != want[m] {
			b.t.Errorf("%d rows of %s, want %d", rows, m, want[m])
		}
	}
}

// TestAnswersThatPass: a request that the server cannot serve now is repeated, after the pause that
// the server asks for.
func TestAnswersThatPass(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer influxtest.Answer
		least  time.Duration
	}{
		"busy": {
			influxtest.Answer{
				Status: 429, RetryAfter: 2, Body: `{"code":"too many requests","message":"limit"}`,
			},
			2 * time.Second,
		},
		"starting":    {influxtest.Answer{Status: 503, RetryAfter: 1}, time.Second},
		"unavailable": {influxtest.Answer{Status: 503}, 0},
		"full disk": {
			influxtest.Answer{
				Status: 500,
				Body:   `{"code":"internal error","message":"engine: write wal: no space left on device"}`,
			},
			0,
		},
		"bad gateway": {influxtest.Answer{Status: 502, Body: "<html>bad gateway</html>"}, 0},
		"proxy's word": {
			influxtest.Answer{Status: 400, Body: "<html>Bad Request: plain HTTP on a TLS port</html>"}, 0,
		},
		"a page": {influxtest.Answer{Status: 200, Body: "<html>welcome</html>"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := connect(t)
			l := influxtest.Start(t)
			l.Script(c.answer)
			b := newBench(t, l.Config(), recorder.FromBus(conn))
			publishForecast(t, conn, forecast("north.m1", 1))
			begun := time.Now()
			b.run()
			b.awaitStored("forecasts", 1)
			if took := time.Since(begun); took < c.least {
				t.Errorf("stored after %v, the server asked for %v", took, c.least)
			}
			if n := len(l.Points()); n != rowsOfForecast {
				t.Errorf("%d points, want %d", n, rowsOfForecast)
			}
			b.logged("influxdb does not store", 1)
			b.logged("refused by influxdb", 0)
		})
	}
}

// TestRetryAfterHoldsAllLanes: when the server asks one lane to wait, all lanes wait.
func TestRetryAfterHoldsAllLanes(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	l := influxtest.Start(t)
	l.Script(influxtest.Answer{Status: 429, RetryAfter: 2})
	b := newBench(t, l.Config(), recorder.FromBus(conn))
	publishForecast(t, conn, forecast("north.m1", 1))
	b.run()
	b.await("the server is busy", func() bool { return b.metric("writes_total", "retry") == 1 })
	ofAll(t, conn, 5)
	for _, kind := range []string{"readings", "scores", "events"} {
		b.awaitStored(kind, 5)
	}
	b.awaitStored("forecasts", 6)
	arrivals := l.Arrivals()
	for i, at := range arrivals[1:] {
		if early := arrivals[0].Add(2 * time.Second).Sub(at); early > 0 {
			t.Errorf("request %d came %v before the server allowed it", i+2, early)
		}
	}
}

// TestLanesAreIndependent: a message that is never stored delays no other stream, and is logged
// once.
func TestLanesAreIndependent(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	l := influxtest.Start(t)
	l.AnswerIf(
		func(p influxtest.Point) bool { return p.Measurement == "score" },
		influxtest.Answer{Status: 500, Body: `{"code":"internal error","message":"shard is broken"}`},
	)
	b := newBench(t, l.Config(), recorder.FromBus(conn))
	b.run()
	for i := range 20 {
		ofAll(t, conn, 2)
		for _, kind := range []string{"readings", "forecasts", "events"} {
			b.awaitStored(kind, 2*i+2)
		}
	}
	if n := b.metric("messages_total", "scores", "stored"); n != 0 {
		t.Errorf("%v scores are said to be stored", n)
	}
	b.logged("influxdb does not store", 1)
	b.logged("influxdb is back", 0)
	l.AnswerIf(nil, influxtest.Answer{})
	b.awaitStored("scores", 40)
	b.logged("influxdb is back", 1)
}

// fakeNATS has one stream, FORECASTS, and fails as the test sets it.
type fakeNATS struct {
	recorder.NATS
	opens     atomic.Int64
	open      func(n int64) (recorder.Consumer, error)
	published func(subject string) error
}

func (f *fakeNATS) Partitions(context.Context) (int, error) { return 0, errors.New("none") }

func (f *fakeNATS) Open(_ context.Context, stream string) (recorder.Consumer, error) {
	if stream != topology.Forecasts {
		return nothing{}, nil
	}
	return f.open(f.opens.Add(1))
}

func (f *fakeNATS) Unacknowledged(context.Context, string) (uint64, error) { return 0, nil }

func (f *fakeNATS) Publish(_ context.Context, subject string, _ []byte, _ string) error {
	return f.published(subject)
}

type nothing struct{}

func (nothing) Fetch(ctx context.Context, _ int, wait time.Duration) (recorder.Batch, error) {
	select {
	case <-ctx.Done():
		return recorder.Batch{}, ctx.Err()
	case <-time.After(wait):
		return recorder.Batch{}, nil
	}
}

// scripted returns batches and errors in turn, then nothing.
type scripted struct{ steps chan any }

func (s scripted) Fetch(
	ctx context.Context, limit int, wait time.Duration,
) (recorder.Batch, error) {
	select {
	case step := <-s.steps:
		if err, bad := step.(error); bad {
			return recorder.Batch{}, err
		}
		return step.(recorder.Batch), nil
	default:
		return nothing{}.Fetch(ctx, limit, wait)
	}
}

// TestFailuresOfTheStreamAreTriedAgain: opening, fetching, listing and acknowledging fail once
// each. Only listed messages are acknowledged.
func TestFailuresOfTheStreamAreTriedAgain(t *testing.T) {
	t.Parallel()
	l := influxtest.Start(t)
	l.RefuseIf(
		func(p influxtest.Point) bool { return p.Fields["p50"] == 2.2 && p.Measurement == "forecast" },
	)
	f := forecast("north.m1", 1)
	var acks, lists atomic.Int64
	batch := recorder.Batch{
		Messages: []bus.Message{
			{Subject: "forecasts.north.m1", Seq: 1, Time: origin, Data: f.AppendJSON(nil)},
		},
		Ack: func(context.Context) error {
			if acks.Add(1) == 1 {
				return errors.New("acknowledge fails")
			}
			return nil
		},
	}
	work := scripted{make(chan any, 9)}
	for _, step := range []any{errors.New("fetch fails"), batch, batch, batch} {
		work.steps <- step
	}
	nats := &fakeNATS{
		open: func(n int64) (recorder.Consumer, error) {
			if n == 1 {
				return nil, errors.New("open fails")
			}
			return work, nil
		},
		published: func(subject string) error {
			if subject != "rejected.north.m1" {
				t.Errorf("listed under %s", subject)
			}
			if lists.Add(1) == 1 {
				return errors.New("list fails")
			}
			return nil
		},
	}
	b := newBench(t, l.Config(), nats)
	stop := b.run()
	b.awaitStored("forecasts", 1)
	stop()
	if acks.Load() != 2 || lists.Load() != 3 || nats.opens.Load() != 5 {
		t.Errorf(
			"acknowledged %d times, listed %d, opened %d; want 2, 3 and 5",
			acks.Load(), lists.Load(), nats.opens.Load(),
		)
	}
	if got := len(l.Points()); got != rowsOfForecast-1 {
		t.Errorf("%d points, want %d: a repeat overwrites", got, rowsOfForecast-1)
	}
	b.logged("stream cannot be read", 1)
}

func TestNewNamesAllFaults(t *testing.T) {
	t.Parallel()
	cfg := flagtest.Defaults[recorder.Config](t)
	if _, err := recorder.New(cfg, recorder.Deps{}); err == nil ||
		!strings.Contains(err.Error(), "--influx-url") {
		t.Errorf("error %v, want one that names --influx-url", err)
	}
	_, err := recorder.New(recorder.Config{Influx: influx.Config{URL: "x"}}, recorder.Deps{})
	for _, field := range []string{"influx-url", "record-batch", "record-wait", "record-retry-min"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("no %s in %v", field, err)
		}
	}
}
