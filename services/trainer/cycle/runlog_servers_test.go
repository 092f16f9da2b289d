package cycle

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/mlflow"
	"github.com/loadtide/loadtide/pkg/mlflow/mlflowtest"
	"github.com/loadtide/loadtide/pkg/registry"
)

// MLflow that goes away in mid-fit holds nothing up, and nothing is missing in the end.
func TestRecordsThroughAnAbsence(t *testing.T) {
	t.Parallel()
	c, proxy, warned := recorded(t)
	c.Patience = time.Minute
	c.Tell = iterations(func(e Event) {
		switch e.Iteration {
		case 30:
			refused := proxy.Refuse()
			for refused() < 2 { // two flushes fail
				if t.Context().Err() != nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		case 60:
			proxy.On()
		}
	})
	out := run(t, c)
	v, err := c.Registry.ByAlias(t.Context(), t.Name(), registry.Champion)
	if err != nil || v.Version != out.Version {
		t.Fatalf("champion %+v, %v", v, err)
	}
	losses, err := mlflowtest.Client(t).MetricHistory(t.Context(), v.Tags[registry.Run],
		"train_loss")
	if err != nil || len(losses) != 4 {
		t.Errorf("losses %v, %v", losses, err)
	}
	if n := warned.Load(); n != 1 {
		t.Errorf("warned %d times", n)
	}
	if r := runOf(t, v.Tags[registry.Run]); r.Info.Status != mlflow.StatusFinished ||
		len(r.Outputs.Models) != 1 {
		t.Errorf("run %+v %+v", r.Info, r.Outputs)
	}
}

// A cycle that is ended leaves its run as killed, and no model.
func TestEndedCycleLeavesNoModel(t *testing.T) {
	t.Parallel()
	c, _, _ := recorded(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.Tell = iterations(func(e Event) {
		if e.Iteration == 50 {
			cancel()
		}
	})
	a := c.newAttempt()
	if _, err := a.do(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("ended with %v", err)
	}
	if all, err := c.Registry.Versions(t.Context(), t.Name()); err != nil || len(all) != 0 {
		t.Errorf("left behind: %v, %v", all, err)
	}
	if r := runOf(t, a.run.runID()); r.Info.Status != mlflow.StatusKilled {
		t.Errorf("run %+v", r.Info)
	}
}

// Where MLflow is not there at all, a cycle ends before it has worked for nothing.
func TestCycleNeedsItsRun(t *testing.T) {
	t.Parallel()
	c, proxy, _ := recorded(t)
	proxy.Off()
	c.Tell = iterations(func(Event) { t.Error("a fit was begun") })
	if _, err := c.Run(t.Context()); !mlflow.Is(err, mlflow.KindUnavailable) {
		t.Errorf("%v", err)
	}
}
