package cycle

import (
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/mlflow"
	"github.com/loadtide/loadtide/pkg/mlflow/mlflowtest"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/servertest"
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
	c.Runs = &RunLogger{Client: client, Now: time.Now, Warn: func(error) { warned.Add(1) }}
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

// The digest of the readings is that of what was read, whoever read it.
func TestInputDigest(t *testing.T) {
	t.Parallel()
	digest := func(m meters) string {
		c := &Cycle{Config: tiny(), Source: m, Cut: cycle(t, tiny(), nil).Cut}
		a := c.newAttempt()
		if err := a.load(t.Context()); err != nil {
			t.Fatal(err)
		}
		return a.input().Dataset.Digest
	}
	same, again, other := digest(meters{2, 30, nil}), digest(meters{2, 30, nil}),
		digest(meters{3, 30, nil})
	if same != again || same == other || len(same) > 36 {
		t.Errorf("%s, %s, %s", same, again, other)
	}
}
