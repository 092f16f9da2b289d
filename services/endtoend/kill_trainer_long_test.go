package endtoend

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/servertest"
	"github.com/loadtide/loadtide/streams"
)

// TestKilledTrainerBeginsAgain kills a trainer in the middle of a cycle: nothing half-registered is
// left, and the next one runs the same cycle.
func TestKilledTrainerBeginsAgain(t *testing.T) {
	t.Parallel()
	servertest.Require(t, servertest.Long)
	l := newLoop(t, localModels, openReal(t, "citylearn.csv.gz"))
	r := l.trainer("--hidden", "16", "--iterations", "5000")
	started := l.told(streams.EventTrainingStarted, "", 1)
	eventually(t, patience, "some iterations", func() (bool, string) {
		done := trainerMetric(t, l.admin, "loadtide_trainer_training_progress_ratio")
		return done > 0.001, fmt.Sprint(done)
	})
	r.kill()
	if versions, err := l.models.Versions(t.Context(), modelName); err != nil || len(versions) != 0 {
		t.Fatalf("after the kill: %d versions, %v", len(versions), err)
	}
	r = l.trainer("--hidden", "16", "--iterations", "5")
	l.told(streams.EventTrainingStarted, started.Training.Cycle, 2)
	e := l.told(streams.EventTrainingFinished, started.Training.Cycle, 2)
	if e.Model == nil || e.Model.Version != "1" || l.models.alias(t, registry.Champion) != "1" {
		t.Errorf("%+v", e)
	}
	if versions, err := l.models.Versions(t.Context(), modelName); err != nil || len(versions) != 1 {
		t.Errorf("%d versions, %v", len(versions), err)
	}
	r.end()
	if left, err := filepath.Glob(filepath.Join(l.place.dir, "scratch", "*")); err != nil ||
		len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
