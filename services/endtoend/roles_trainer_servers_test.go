package endtoend

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/mlflow"
	"github.com/loadtide/loadtide/pkg/mlflow/mlflowtest"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/servertest"
	"github.com/loadtide/loadtide/streams"
)

// TestTrainerAndItsMLflow kills a trainer in the middle of a cycle, whose run the next attempt closes, and then takes MLflow
// away from it: the trainer says so, forecasts go on, a cycle that is asked for meanwhile waits and ends well by itself.
func TestTrainerAndItsMLflow(t *testing.T) {
	t.Parallel()
	proxy, client := servertest.NewProxy(t, mlflowtest.Server(t)), mlflowtest.Client(t)
	history := openReal(t, "citylearn.csv.gz")
	l := newLoop(t, localModels, history) // the forecaster has a registry of its own: what it does is not in question here
	const name = "trained-1h"
	kept := registry.NewMLflow(client, t.TempDir(), nil)
	trainer := func(iterations string) *roleProcess {
		return l.trainer("--mlflow-url", proxy.URL(), "--mlflow-experiment", t.Name(), "--mlflow-timeout", "5s", "--mlflow-retries", "1",
			"--register", name, "--hidden", "8", "--iterations", iterations)
	}
	runs := func(cycle string) []mlflow.Run {
		t.Helper()
		experiment, err := client.EnsureExperiment(t.Context(), t.Name())
		if err != nil {
			t.Fatal(err)
		}
		open, err := client.OpenRuns(t.Context(), experiment, mlflow.Tag{Key: "loadtide.cycle", Value: cycle})
		if err != nil {
			t.Fatal(err)
		}
		return open
	}

	r := trainer("5000")
	cycle := l.told(streams.EventTrainingStarted, "", 1).Training.Cycle
	eventually(t, patience, "some iterations", func() (bool, string) {
		done := trainerMetric(t, l.admin, "loadtide_trainer_training_progress_ratio")
		return done > 0.001, fmt.Sprint(done)
	})
	r.kill()
	left := runs(cycle)
	if len(left) != 1 {
		t.Fatalf("%d open runs after the kill, want 1", len(left))
	}
	r = trainer("5")
	l.told(streams.EventTrainingFinished, cycle, 2)
	if open := runs(cycle); len(open) != 0 {
		t.Errorf("%d runs are still open", len(open))
	}
	if run, err := client.GetRun(t.Context(), left[0].Info.RunID); err != nil || run.Info.Status != mlflow.StatusKilled {
		t.Errorf("the run of the killed attempt is %q, %v", run.Info.Status, err)
	}
	v, err := kept.ByAlias(t.Context(), name, registry.Champion)
	if err != nil || v.Version != "1" {
		t.Fatalf("%+v, %v", v, err)
	}
	if run, err := client.GetRun(t.Context(), v.Tags[registry.Run]); err != nil || run.Info.Status != mlflow.StatusFinished || run.Info.RunID == left[0].Info.RunID {
		t.Errorf("the run of v1 is %+v, %v", run.Info, err)
	}

	proxy.Off()
	eventually(t, patience, "the trainer says that the registry is away", func() (bool, string) {
		code, body, err := fetch("http://" + l.admin + "/readyz")
		return err == nil && code == http.StatusServiceUnavailable && strings.Contains(body, "model registry"), fmt.Sprint(code, body, err)
	})
	if up := trainerMetric(t, l.admin, "loadtide_trainer_registry_up"); up != 0 {
		t.Errorf("registry_up is %v", up)
	}
	const series = "citylearn.7"
	id, _ := meter.ParseID(series)
	hour := history.last[series].Add(time.Hour)
	if _, err := l.conn.Publish(t.Context(), streams.PublicReadingSubject(id), hourly(hour, 1.25), ""); err != nil {
		t.Fatal(err)
	}
	awaitOrigin(t, l.conn, series, hour.Add(time.Hour))
	a := l.request(`{"start":"scratch"}`)
	if a.Answer != streams.TrainingAccepted {
		t.Fatalf("%+v", a)
	}
	l.told(streams.EventTrainingStarted, a.Cycle, 1)
	eventually(t, patience, "the cycle waits for MLflow", func() (bool, string) {
		return strings.Contains(r.said.String(), "the cycle waits for it"), r.said.String()
	})
	proxy.On()
	if e := l.told(streams.EventTrainingFinished, a.Cycle, 1); e.Model.Version != "2" {
		t.Errorf("%+v", e)
	}
	answers(t, "http://"+l.admin+"/readyz")
	if up := trainerMetric(t, l.admin, "loadtide_trainer_registry_up"); up != 1 {
		t.Errorf("registry_up is %v", up)
	}
	r.end()
}

// TestTrainingLoopInMLflow is the same with a real MLflow; each version names the run that made it.
func TestTrainingLoopInMLflow(t *testing.T) {
	t.Parallel()
	url := mlflowtest.Start(t)
	cfg := flagtest.Defaults[mlflow.Config](t)
	cfg.URL, cfg.Timeout = url, time.Minute
	client, err := mlflow.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	kept := models{Registry: registry.NewMLflow(client, t.TempDir(), nil), flags: []string{"--mlflow-url", url}}
	runs := map[string]bool{}
	for _, v := range trainingLoop(t, func(place) models { return kept }) {
		run, err := client.GetRun(t.Context(), v.Tags[registry.Run])
		if err != nil || run.Info.Status != mlflow.StatusFinished {
			t.Errorf("run %q of v%s: %+v, %v", v.Tags[registry.Run], v.Version, run.Info, err)
		}
		runs[run.Info.RunID] = true
	}
	if len(runs) != 3 {
		t.Errorf("3 versions of %d runs", len(runs))
	}
}
