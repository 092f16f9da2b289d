package main

import (
	"context"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// judgedServer is a NATS server with the streams of two partitions and without a forecaster.
func judgedServer(t *testing.T) *bus.Conn {
	t.Helper()
	e, err := bus.StartEmbedded(bus.EmbeddedConfig{
		Listen: "127.0.0.1:0", StoreDir: filepath.Join(t.TempDir(), "nats"), Partitions: 2,
		Log: zerolog.Nop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Shutdown(context.Background()) })
	conn, err := bus.Connect(t.Context(), bus.Config{URL: e.URL(), Name: "test"}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	cfg := topology.DefaultConfig()
	cfg.Partitions, cfg.StoreBytes = 2, e.StoreBytes()
	if _, err := topology.Ensure(t.Context(), conn.JetStream(), cfg, nil); err != nil {
		t.Fatal(err)
	}
	return conn
}

// answerAs lets the owner of each partition answer what page says, until the test ends.
func answerAs(t *testing.T, conn *bus.Conn, page func(partition int) streams.SeriesPage) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	for p := range 2 {
		go func() {
			done <- conn.Serve(ctx, streams.QuerySubject(p, "*"), "", func(bus.Message) []byte {
				answer := page(p)
				answer.Schema, answer.Partition = streams.Schema, p
				return answer.AppendJSON(nil)
			})
		}()
		for { // until the subscription is there
			if _, err := conn.Request(t.Context(), streams.QuerySubject(p, "state"), nil); err == nil {
				break
			}
		}
	}
	t.Cleanup(func() {
		cancel()
		<-done
		<-done
	})
}

// TestJudgeProgress: the bar of a wait is of all parts, so that it never goes back.
func TestJudgeProgress(t *testing.T) {
	t.Parallel()
	j := judge{parts: []judgedPart{
		{from: 10, last: 30, done: true}, {from: 0, last: 100}, {from: 5, last: 85},
	}}
	if done, total := j.progress(&j.parts[1], 40); done != 60 || total != 200 {
		t.Errorf("%d of %d are judged, want 60 of 200", done, total)
	}
}

// TestPublishWithoutAJudge: what nobody has judged is said to be that, with the reason.
func TestPublishWithoutAJudge(t *testing.T) {
	t.Parallel()
	conn := judgedServer(t)
	file := writeCSV(t, "timestamp,a.b,a.c,a.d,a.e\n2026-01-31T13:00:00Z,1,2,3,4\n")
	publish := func(why string, code int, flags ...string) {
		t.Helper()
		args := append([]string{"publish", file, "--nats-url", conn.URL()}, flags...)
		stdout, stderr, got := said(args...)
		want := "judged: 4 not yet judged\n  not yet judged: " + why + ";"
		if got != code || !strings.Contains(stdout, want) {
			t.Errorf("exit code %d\n%s%s", got, stdout, stderr)
		}
	}
	publish("no forecaster is running", service.ExitOK)
	publish("no forecaster is running", service.ExitNo, "--strict")

	var says atomic.Bool // what became of the readings
	answerAs(t, conn, func(int) streams.SeriesPage {
		if !says.Load() {
			return streams.SeriesPage{Position: 1 << 40}
		}
		return streams.SeriesPage{Position: 1, Stored: 1, Tally: &streams.Tally{}}
	})
	publish("the forecaster is of a release that does not say", service.ExitOK)
	says.Store(true)
	publish("the forecaster makes no progress", service.ExitOK, "--wait", "100ms")

	stdout, _, _ := said("publish", file, "--nats-url", conn.URL(), "--wait", "0s", "--json")
	var got struct{ Judged verdict }
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || got.Judged.Unjudged != 4 {
		t.Errorf("%v: %s", err, stdout)
	}
}

// TestPublishWaitsForTheNextOwner: a partition that changes hands during a run is judged by its
// next owner, which has another count.
func TestPublishWaitsForTheNextOwner(t *testing.T) {
	t.Parallel()
	conn := judgedServer(t)
	ids := []meter.ID{{Site: "a", Meter: "b"}}
	j := newJudge(conn, 2, ids, patience, newScreen(io.Discard))
	began := time.Date(2026, 1, 31, 13, 0, 0, 0, time.UTC)
	serve := func(owner time.Time) (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		p := streams.Partition(ids[0], 2)
		go func() {
			done <- conn.Serve(ctx, streams.QuerySubject(p, "*"), "", func(bus.Message) []byte {
				answer := streams.SeriesPage{
					Schema: streams.Schema, Position: 1, Stored: 1 << 40, Tally: &streams.Tally{Since: owner},
				}
				return answer.AppendJSON(nil)
			})
		}()
		return func() { cancel(); <-done }
	}
	stop := serve(began)
	for j.owned = false; !j.owned; {
		if err := j.begin(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	next := make(chan func(), 1)
	time.AfterFunc(200*time.Millisecond, func() { next <- serve(began.Add(time.Hour)) })
	if err := j.end(t.Context()); err != nil {
		t.Fatal(err)
	}
	(<-next)()
	v, err := j.verdict(t.Context(), ids, []int{5})
	if err != nil || v.Unsplit != 5 || v.Why != "" {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestPublishDoesNotWaitForALaggingOwner: before a run the wait is short, however far an owner that
// reads on lags behind its log.
func TestPublishDoesNotWaitForALaggingOwner(t *testing.T) {
	t.Parallel()
	conn := judgedServer(t)
	var position atomic.Uint64
	answerAs(t, conn, func(int) streams.SeriesPage {
		return streams.SeriesPage{Stored: position.Add(1), Tally: &streams.Tally{}}
	})
	for p := range 2 {
		subject := streams.ControlSubject(p, streams.ControlTick)
		for range 3 {
			if _, err := conn.Publish(t.Context(), subject, streams.AppendTick(nil), ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	ids := []meter.ID{{Site: "a", Meter: "b"}, {Site: "a", Meter: "c"}, {Site: "a", Meter: "d"}}
	j := newJudge(conn, 2, ids, time.Hour, newScreen(io.Discard))
	j.parts[0].last = 1 << 40
	until := time.Now()
	still := func(time.Time) bool { return time.Since(until) > 100*time.Millisecond }
	if err := j.follow(t.Context(), &j.parts[0], still); err != nil || j.parts[0].done {
		t.Errorf("%+v, %v", j.parts[0], err)
	}
	if err := j.begin(t.Context()); err != nil || j.parts[0].before == nil {
		t.Errorf("%+v, %v", j.parts[0], err)
	}
	if took := time.Since(until); took > patience {
		t.Errorf("the wait took %s", took)
	}
}

// TestVerdict: the counts of a verdict add up to what was published.
func TestVerdict(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 1, 31, 13, 0, 0, 0, time.UTC)
	tally := func(repeated, waiting int64) *streams.Tally {
		return &streams.Tally{Since: began, Repeated: repeated, Waiting: waiting}
	}
	other := &streams.Tally{Since: began.Add(time.Second), Repeated: 7}
	late := refused{Reason: meter.ReasonTooLate, Readings: 3, Series: "a.b", Detail: "ts"}
	for name, c := range map[string]struct {
		before, after *streams.Tally
		refused       []refused
		lost          bool
		want          verdict
	}{
		"all kinds": {
			before: tally(6, 0), after: tally(8, 1), refused: []refused{late},
			want: verdict{Taken: 4, Repeated: 2, Waiting: 1, Refused: 3},
		},
		"the owner changed": {
			before: tally(6, 7), after: other, refused: []refused{late},
			want: verdict{Unsplit: 7, Refused: 3},
		},
		"no count before":             {after: other, want: verdict{Unsplit: 10}},
		"others publish too":          {before: tally(0, 0), after: tally(14, 0), want: verdict{Repeated: 10}},
		"readings that waited before": {before: tally(0, 3), after: tally(0, 0), want: verdict{Taken: 10}},
		"refusals are lost": {
			before: tally(0, 0), after: tally(0, 0), refused: []refused{late}, lost: true,
			want: verdict{Refused: 3, Unjudged: 7},
		},
		"more refused than there are": {
			refused: []refused{late, late, late, late}, want: verdict{Refused: 10},
		},
	} {
		var got verdict
		part := judgedPart{before: c.before, after: c.after}
		got.add(&part, 10, partRefusals{reasons: c.refused}, c.lost)
		got.Reasons = nil
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestRefusalsAreCountedOnce: an owner that was started again may publish refusals again.
func TestRefusalsAreCountedOnce(t *testing.T) {
	t.Parallel()
	var part partRefusals
	created := time.Date(2026, 1, 31, 13, 0, 0, 0, time.UTC)
	for range 2 {
		for seq := range uint64(3) {
			r := streams.Rejected{
				Reason: meter.ReasonFuture, Seq: seq + 1, Count: 2, Series: "a.b", Detail: "d",
			}
			part.add(&r, streams.OutputID(created, 1, seq+1, 0))
		}
	}
	want := []refused{{Reason: meter.ReasonFuture, Readings: 6, Series: "a.b", Detail: "d"}}
	if diff := cmp.Diff(want, part.reasons); diff != "" {
		t.Error(diff)
	}
}

// TestWholeMessagesCountTheirReadings: a message that is refused as a whole is one refusal.
func TestWholeMessagesCountTheirReadings(t *testing.T) {
	t.Parallel()
	for n, most := range map[int]int{0: 1, 1: 1, 20: 20, 240: 242} { // the payload is cut at 4 KiB
		payload := streams.AppendReadings(nil, make([]streams.Reading, n))
		r := streams.Rejected{Index: streams.WholeMessage}
		r.SetPayload(payload)
		if got := readingsOf(&r); got < max(n, 1) || got > most {
			t.Errorf("%d readings count as %d", n, got)
		}
	}
	if got := readingsOf(&streams.Rejected{Index: 3, Payload: `"ts" "ts"`}); got != 1 {
		t.Errorf("one refused reading counts as %d", got)
	}
}
