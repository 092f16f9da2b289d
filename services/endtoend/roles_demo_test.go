package endtoend

import (
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// TestDemoServesItsFirstModel starts the demo as a person does. Its first training runs in a child
// process and ends with a champion, which then serves. No training fails.
func TestDemoServesItsFirstModel(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	r := p.up("--demo", "--simulate-step", "50ms")
	conn := p.connect()
	eventually(t, 3*patience, "the first training is over", func() (bool, string) {
		r.alive()
		noTrainingFailed(t, conn)
		_, done, err := conn.LastBySubject(t.Context(), topology.Events,
			streams.EventSubject(streams.EventTrainingFinished))
		return err == nil && done, "no event"
	})
	eventually(t, patience, "the model serves", func() (bool, string) {
		f, _, _ := newest(t, conn, demoSeries)
		return f.Source == meter.SourceLSTM, string(f.Source)
	})
	noTrainingFailed(t, conn)
	for outcome, want := range map[string]float64{"promoted": 1, "failed": 0, "interrupted": 0} {
		sample := `loadtide_trainer_training_runs_total{outcome="` + outcome + `"}`
		if got := p.metric(sample); got != want {
			t.Errorf("%s is %v, want %v", sample, got, want)
		}
	}
	if said := r.said.String(); strings.Contains(said, "failed") {
		t.Errorf("the screen says:\n%s", said)
	}
}

// noTrainingFailed ends the test when an event tells that a training failed.
func noTrainingFailed(t *testing.T, conn *bus.Conn) {
	t.Helper()
	subject := streams.EventSubject(streams.EventTrainingFailed)
	m, failed, err := conn.LastBySubject(t.Context(), topology.Events, subject)
	if err == nil && failed {
		t.Fatalf("a training failed: %s", m.Data)
	}
}
