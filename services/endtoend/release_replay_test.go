package endtoend

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
	"github.com/loadtide/loadtide/pkg/checkpoint"
	"github.com/loadtide/loadtide/pkg/checkpoint/checkpointtest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/forecaster"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// TestLogOfReleaseGivesItsForecasts puts the logs of release 0.1.0 through the forecaster of today,
// from nothing: every message that the release published of them must come out again, under the
// same subject and id, with the same bytes. A change that means to publish something else needs a
// fixture of its own beside this one, never a new copy of it.
func TestLogOfReleaseGivesItsForecasts(t *testing.T) {
	t.Parallel()
	old := unpackRelease(t)
	want := old.outputs()
	old.keepInputs()
	again := old.forecast(checkpointtest.NewMemory())
	got := readOutputs(t, again.conn)
	for stream, messages := range want {
		sameOutputs(t, stream, ofSame(ofLogs(messages)), ofSame(ofLogs(got[stream])))
	}
	othersAreNearlySame(t, want[topology.Forecasts], got[topology.Forecasts])
	again.sameStates()
	again.stop()
}

// TestReleaseGoesOnFromEachCheckpoint starts today's forecaster on the release's data dir as its
// last but one and its last checkpoint have it: nothing is published again, and the states at the
// end are those that the release had.
func TestReleaseGoesOnFromEachCheckpoint(t *testing.T) {
	t.Parallel()
	for _, back := range []int{1, 0} {
		t.Run(strconv.Itoa(back)+" back", func(t *testing.T) {
			t.Parallel()
			old := unpackRelease(t)
			want := old.outputs()
			old.dropCheckpoints(back)
			store, err := checkpoint.NewFile(old.path("data/checkpoints"), 3)
			if err != nil {
				t.Fatal(err)
			}
			again := old.forecast(store)
			if got := again.service.Status().Restored; got == 0 {
				t.Error("no series came from a checkpoint")
			}
			got := readOutputs(t, again.conn)
			if a, b := len(ofSame(want[topology.Forecasts])), len(ofSame(got[topology.Forecasts])); a != b {
				t.Errorf("%d forecasts, the release left %d", b, a)
			}
			// The other streams have outputs at least once: a repeat has the bytes of the first.
			for stream, messages := range want {
				sameOutputs(t, stream, ofSame(ofLogs(messages)), ofSame(ofLogs(got[stream])))
			}
			again.sameStates()
			again.stop()
		})
	}
}

// dropCheckpoints takes the newest checkpoints of each partition away.
func (r release) dropCheckpoints(newest int) {
	r.t.Helper()
	for _, partition := range []string{"p0", "p1"} {
		// Positions are padded in names: the last is the newest.
		files, err := filepath.Glob(r.path("data/checkpoints/" + partition + "-*.ckpt"))
		if err != nil || len(files) != 3 {
			r.t.Fatalf("checkpoints of %s: %v %v, want three", partition, files, err)
		}
		for _, file := range files[len(files)-newest:] {
			remove(r.t, file)
		}
	}
}

// replay is a forecaster of today that works on a release's copy.
type replay struct {
	release
	server  *bustest.Server
	conn    *bus.Conn
	service *forecaster.Service
	stop    func() // drains it
}

// forecast runs the forecaster on the copy until it has met the ends of the logs. Its clock stands
// still at its zero: so it writes no tick, and nothing of today comes behind what the release has
// left.
func (r release) forecast(store checkpoint.Store) *replay {
	r.t.Helper()
	models, err := registry.NewLocal(r.path("data/registry"))
	if err != nil {
		r.t.Fatal(err)
	}
	server := r.serve()
	conn := server.Connect()
	cfg := forecaster.Config{MaxSeries: releaseLimit, Streams: withoutAges()}
	s, err := forecaster.New(cfg, forecaster.Deps{
		Conn: conn, Registry: models, Checkpoints: store, Metrics: prometheus.NewRegistry(),
		Ready: (&service.Health{}).Part("forecaster"), Log: zerolog.Nop(),
		Now: func() time.Time { return time.Time{} },
	})
	if err != nil {
		r.t.Fatal(err)
	}
	if err := s.Start(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(r.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			r.t.Errorf("the forecaster ended: %v", err)
		}
	})
	r.t.Cleanup(stop)
	eventually(r.t, patience, "the ends of the logs", func() (bool, string) {
		return s.Status().Ready, "not read yet"
	})
	return &replay{release: r, server: server, conn: conn, service: s, stop: stop}
}

// withoutAges are streams that keep messages of any age: those of the release grow older every day.
func withoutAges() topology.Config {
	cfg := topology.DefaultConfig()
	cfg.LogMaxAge, cfg.ForecastsMaxAge, cfg.ScoresMaxAge = 0, 0, 0
	cfg.RejectedMaxAge, cfg.EventsMaxAge = 0, 0
	return cfg
}

// ofLogs leaves out what was not made of a log: events about trainings and models.
func ofLogs(all []bus.Message) []bus.Message {
	return slices.DeleteFunc(slices.Clone(all), func(m bus.Message) bool {
		_, ok := streams.ParseOutputID(m.ID)
		return !ok
	})
}

// sameStates exports the states and holds them against those that the release exported at the
// same place.
func (r *replay) sameStates() {
	r.t.Helper()
	file := r.path("again.jsonl")
	args := []string{"state", "export", "--all", "--out", file, "--nats-url", r.server.URL()}
	newPlace(r.t).must(patience, args...)
	want, got := readStates(r.t, r.states()), readStates(r.t, file)
	if len(want) != releaseSeries || len(got) != len(want) {
		r.t.Fatalf("%d states, the release exported %d of %d", len(got), len(want), releaseSeries)
	}
	for i := range want {
		a, b := want[i], got[i]
		if a.Series != b.Series || a.Model != b.Model || a.Scale != b.Scale {
			r.t.Errorf("state of %s, model %s, scale %s; the release has %s, %s, %s",
				b.Series, b.Model, b.Scale, a.Series, a.Model, a.Scale)
		}
		// a state holds the numbers of the network unrounded
		if sameKernel() && !slices.Contains(otherSeries, a.Series) {
			sameSections(r.t, a, b)
		}
	}
}

// sameSections compares the sections whose version is still that of the release.
func sameSections(t *testing.T, want, got streams.StateControl) {
	t.Helper()
	now := map[string]meter.Section{}
	for _, section := range got.Sections {
		now[section.Name] = section
	}
	for _, old := range want.Sections {
		section, ok := now[old.Name]
		switch {
		case !ok:
			t.Errorf("state of %s has no section %s", want.Series, old.Name)
		case section.Version == old.Version && !slices.Equal(section.Data, old.Data):
			t.Errorf("state of %s: section %s v%d has other bytes than the release exported",
				want.Series, old.Name, old.Version)
		}
	}
}

// readStates reads a file that `state export` wrote.
func readStates(t *testing.T, path string) []streams.StateControl {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var states []streams.StateControl
	for line := range strings.Lines(string(text)) {
		state, err := streams.DecodeStateControl([]byte(line))
		if err != nil {
			t.Fatalf("%s:%d: %v", filepath.Base(path), len(states)+1, err)
		}
		states = append(states, state)
	}
	return states
}
