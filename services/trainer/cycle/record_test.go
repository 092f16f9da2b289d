package cycle

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/mlflow"
	"github.com/loadtide/loadtide/pkg/mlflow/mlflowtest"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/servertest"
	"github.com/loadtide/loadtide/pkg/train"
)

func TestMain(m *testing.M) {
	code := mlflowtest.Main(m)
	influxtest.Stop()
	os.Exit(code)
}

// recorded is a cycle whose run and model go to MLflow through a proxy, under the test's name.
func recorded(t *testing.T) (*Cycle, *servertest.Proxy, *atomic.Int32) {
	t.Helper()
	proxy := servertest.NewProxy(t, mlflowtest.Server(t))
	cfg := mlflowtest.Config(t)
	cfg.URL, cfg.Retries, cfg.Experiment = proxy.URL(), 0, t.Name()
	client, err := mlflow.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	warned := &atomic.Int32{}
	c := cycle(t, tiny(), registry.NewMLflow(client, t.TempDir(), nil))
	c.Config.Model, c.Config.Iterations = t.Name(), 100
	c.Recorder = &Recorder{Client: client, Now: time.Now, Warn: func(error) { warned.Add(1) }}
	return c, proxy, warned
}

// runOf reads a run, not through the proxy.
func runOf(t *testing.T, id string) mlflow.Run {
	t.Helper()
	run, err := mlflowtest.Client(t).GetRun(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// MLflow that goes away in mid-fit holds nothing up, and nothing is missing in the end.
func TestRecordsThroughAnAbsence(t *testing.T) {
	t.Parallel()
	c, proxy, warned := recorded(t)
	c.Patience = time.Minute
	c.Progress = func(p train.Progress) {
		switch p.Iteration {
		case 30:
			proxy.Off()
			time.Sleep(2 * flushEvery) // two flushes fail
		case 60:
			proxy.On()
		}
	}
	out := run(t, c)
	v, err := c.Registry.ByAlias(t.Context(), t.Name(), registry.Champion)
	if err != nil || v.Version != out.Version {
		t.Fatalf("champion %+v, %v", v, err)
	}
	losses, err := mlflowtest.Client(t).MetricHistory(t.Context(), v.Tags[registry.Run], "train_loss")
	if err != nil || len(losses) != 4 {
		t.Errorf("losses %v, %v", losses, err)
	}
	if n := warned.Load(); n != 1 {
		t.Errorf("warned %d times", n)
	}
	if r := runOf(t, v.Tags[registry.Run]); r.Info.Status != mlflow.StatusFinished || len(r.Outputs.Models) != 1 {
		t.Errorf("run %+v %+v", r.Info, r.Outputs)
	}
}

// A cycle that is ended leaves its run as killed, and no model.
func TestEndedCycleLeavesNoModel(t *testing.T) {
	t.Parallel()
	c, _, _ := recorded(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.Progress = func(p train.Progress) {
		if p.Iteration == 50 {
			cancel()
		}
	}
	if _, err := c.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("ended with %v", err)
	}
	if all, err := c.Registry.Versions(t.Context(), t.Name()); err != nil || len(all) != 0 {
		t.Errorf("left behind: %v, %v", all, err)
	}
	if r := runOf(t, c.run.runID()); r.Info.Status != mlflow.StatusKilled {
		t.Errorf("run %+v", r.Info)
	}
}

// Where MLflow is not there at all, a cycle ends before it has worked for nothing.
func TestCycleNeedsItsRun(t *testing.T) {
	t.Parallel()
	c, proxy, _ := recorded(t)
	proxy.Off()
	c.Progress = func(train.Progress) { t.Error("a fit was begun") }
	if _, err := c.Run(t.Context()); !mlflow.Is(err, mlflow.KindUnavailable) {
		t.Errorf("%v", err)
	}
}

// The digest of the readings is that of what was read, whoever read it.
func TestInputDigest(t *testing.T) {
	t.Parallel()
	digest := func(m meters) string {
		c := &Cycle{Config: tiny(), Source: m, Cut: cycle(t, tiny(), nil).Cut}
		histories, cut, err := c.load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return input(m, histories, cut).Dataset.Digest
	}
	same, again, other := digest(meters{2, 30, nil}), digest(meters{2, 30, nil}), digest(meters{3, 30, nil})
	if same != again || same == other || len(same) > 36 {
		t.Errorf("%s, %s, %s", same, again, other)
	}
}
