package endtoend

import (
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// TestDemoTrainsItsFirstModel starts the demo as a person does. Its first training runs in a child
// process and ends with a verdict; a network serves before and after it. No training fails.
func TestDemoTrainsItsFirstModel(t *testing.T) {
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
	runs := func(outcome string) float64 {
		return p.metric(`loadtide_trainer_training_runs_total{outcome="` + outcome + `"}`)
	}
	// What the demo simulates depends on the date: its model is surely better than the base model, or not.
	if promoted, refused := runs("promoted"), runs("refused"); promoted+refused != 1 {
		t.Errorf("%v trainings are promoted and %v refused, want one", promoted, refused)
	}
	for _, outcome := range []string{"failed", "interrupted"} {
		if got := runs(outcome); got != 0 {
			t.Errorf("%v trainings are %s", got, outcome)
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
