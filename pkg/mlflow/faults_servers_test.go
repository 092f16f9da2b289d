package mlflow_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/pkg/mlflow"
	"github.com/loadtide/loadtide/pkg/mlflow/mlflowtest"
	"github.com/loadtide/loadtide/pkg/servertest"
)

// faulty is a proxy before the real server. forward decides whether the nth request, counted from
// 1, reaches the server. answer decides whether the client gets the server's answer or a 500.
func faulty(
	t *testing.T, forward func(n int, r *http.Request) bool, answer func(n int, r *http.Request) bool,
) string {
	t.Helper()
	real, err := url.Parse(mlflowtest.Server(t))
	if err != nil {
		t.Fatal(err)
	}
	through := httputil.NewSingleHostReverseProxy(real)
	var count atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(count.Add(1))
		if forward != nil && !forward(n, r) {
			http.Error(
				w, `{"error_code":"INTERNAL_ERROR","message":"out of order"}`, http.StatusInternalServerError,
			)
			return
		}
		if answer != nil && !answer(n, r) {
			through.ServeHTTP(httptest.NewRecorder(), r)
			http.Error(w, "<html>bad gateway</html>", http.StatusBadGateway)
			return
		}
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func client(t *testing.T, address string, change func(*mlflow.Config)) *mlflow.Client {
	t.Helper()
	cfg := flagtest.Defaults[mlflow.Config](t)
	cfg.URL, cfg.Timeout = address, time.Minute
	if change != nil {
		change(&cfg)
	}
	c, err := mlflow.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func isPost(r *http.Request, path string) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, path)
}

func TestRepeatsWhatIsSafe(t *testing.T) {
	t.Parallel()
	// Every odd request is lost, half of them after the server has acted.
	address := faulty(
		t, func(n int, _ *http.Request) bool { return n%4 != 1 },
		func(n int, _ *http.Request) bool { return n%4 != 3 },
	)
	c, direct, ctx := client(t, address, nil), mlflowtest.Client(t), t.Context()
	run := newRun(t, direct)
	ok(
		t,
		c.LogBatch(
			ctx, run.Info.RunID, []mlflow.Metric{{Key: "m", Value: 1, Timestamp: 5}},
			[]mlflow.Tag{{Key: "p", Value: "1"}}, nil,
		),
	)
	ok(t, c.Upload(ctx, run.Info.ArtifactURI, "a", []byte("text")))
	if b := must[[]byte](t)(c.Download(ctx, run.Info.ArtifactURI, "a", 10)); string(b) != "text" {
		t.Errorf("came back as %q", b)
	}
	must[string](t)(c.EnsureExperiment(ctx, t.Name()+"2"))
	if history := must[[]mlflow.Metric](t)(
		direct.MetricHistory(ctx, run.Info.RunID, "m"),
	); len(history) != 1 {
		t.Errorf("a repeat was kept as well: %v", history)
	}
}

func TestDoesNotRepeatWhatIsNot(t *testing.T) {
	t.Parallel()
	posts := atomic.Int32{}
	address := faulty(t, nil, func(_ int, r *http.Request) bool {
		if isPost(r, "runs/create") || isPost(r, "logged-models") {
			posts.Add(1)
			return false
		}
		return true
	})
	c, ctx := client(t, address, nil), t.Context()
	id := must[string](t)(c.EnsureExperiment(ctx, t.Name()))
	if _, err := c.CreateRun(ctx, id, "r", start, nil); !mlflow.Is(err, mlflow.KindUnavailable) {
		t.Errorf("%v", err)
	}
	if _, err := c.CreateLoggedModel(
		ctx, id, "m", "", nil, nil,
	); !mlflow.Is(err, mlflow.KindUnavailable) {
		t.Errorf("%v", err)
	}
	if n := posts.Load(); n != 2 {
		t.Errorf("%d requests", n)
	}
}

func TestVersionWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	lost := atomic.Int32{}
	address := faulty(
		t, nil,
		func(_ int, r *http.Request) bool {
			return !isPost(r, "model-versions/create") || lost.Add(1) > 1
		},
	)
	c, ctx := client(t, address, nil), t.Context()
	id := must[string](t)(c.EnsureExperiment(ctx, t.Name()))
	name := t.Name()
	ok(t, c.CreateRegisteredModel(ctx, name, "", nil))
	m := must[mlflow.LoggedModel](t)(c.CreateLoggedModel(ctx, id, name, "", nil, nil))
	ok(t, c.FinalizeLoggedModel(ctx, m.Info.ModelID, mlflow.ModelReady))
	v := must[mlflow.ModelVersion](t)(
		c.CreateVersion(ctx, mlflow.NewVersion{Name: name, ModelID: m.Info.ModelID}),
	)
	if all := must[[]mlflow.ModelVersion](t)(c.Versions(ctx, name)); len(all) != 1 ||
		v.Version != "1" {
		t.Errorf("made %s, there are %d", v.Version, len(all))
	}
}

// TestNetworkFaults uses Toxiproxy: half a body, a slow server, a server that does not answer, and
// one that is away.
func TestNetworkFaults(t *testing.T) {
	t.Parallel()
	direct, ctx := mlflowtest.Client(t), t.Context()
	run := newRun(t, direct)
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<14)
	ok(t, direct.Upload(ctx, run.Info.ArtifactURI, "big", big))
	quick := func(cfg *mlflow.Config) { cfg.Timeout, cfg.Retries = 2*time.Second, 1 }

	for name, c := range map[string]struct {
		fault string
		want  string
	}{
		"half a body":   {`{"type":"limit_data","attributes":{"bytes":4000}}`, "no whole answer"},
		"says nothing":  {`{"type":"timeout","attributes":{"timeout":0}}`, "in time"},
		"cuts":          {`{"type":"reset_peer","attributes":{"timeout":0}}`, "no whole answer"},
		"slower by far": {`{"type":"latency","attributes":{"latency":20000}}`, "in time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := servertest.NewProxy(t, mlflowtest.Server(t))
			remove := proxy.Add(c.fault)
			c2 := client(
				t, proxy.URL(), func(cfg *mlflow.Config) { quick(cfg); cfg.Timeout = 500 * time.Millisecond },
			)
			_, err := c2.Download(ctx, run.Info.ArtifactURI, "big", 1<<20)
			if !mlflow.Is(err, mlflow.KindUnavailable) || !strings.Contains(err.Error(), c.want) ||
				strings.Contains(err.Error(), "\n") {
				t.Errorf("%v", err)
			}
			remove()
			again := client(t, proxy.URL(), nil)
			if b, err := again.Download(ctx, run.Info.ArtifactURI, "big", 1<<20); err != nil ||
				!bytes.Equal(b, big) {
				t.Errorf("when it is over: %d bytes, %v", len(b), err)
			}
		})
	}

	t.Run("away and back", func(t *testing.T) {
		t.Parallel()
		proxy := servertest.NewProxy(t, mlflowtest.Server(t))
		c := client(t, proxy.URL(), func(cfg *mlflow.Config) { cfg.Retries = 0 })
		ok(t, c.Health(ctx))
		proxy.Off()
		err := c.Health(ctx)
		if !mlflow.Is(err, mlflow.KindUnavailable) ||
			!strings.Contains(err.Error(), "connection refused") {
			t.Errorf("%v", err)
		}
		proxy.On()
		ok(t, c.Health(ctx))
	})

	t.Run("a run is started once it is back", func(t *testing.T) {
		t.Parallel()
		proxy := servertest.NewProxy(t, mlflowtest.Server(t))
		proxy.Off()
		time.AfterFunc(300*time.Millisecond, proxy.On)
		c := client(t, proxy.URL(), func(cfg *mlflow.Config) { cfg.Retries = 10 })
		// It may not be repeated, but a refused connection was no request.
		if _, err := c.CreateRun(ctx, run.Info.ExperimentID, "late", start, nil); err != nil {
			t.Error(err)
		}
	})

	t.Run("an end in mid-pause", func(t *testing.T) {
		t.Parallel()
		proxy := servertest.NewProxy(t, mlflowtest.Server(t))
		proxy.Off()
		c := client(t, proxy.URL(), func(cfg *mlflow.Config) { cfg.Retries = 10 })
		ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		began := time.Now()
		if err := c.Health(ctx); err == nil || time.Since(began) > 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}
