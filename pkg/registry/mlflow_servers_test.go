package registry_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/loadtide/loadtide/pkg/mlflow"
	"github.com/loadtide/loadtide/pkg/mlflow/mlflowtest"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/registry/registrytest"
	"github.com/loadtide/loadtide/pkg/servertest"
)

// apart gives every test its own names of models on the shared server.
type apart struct {
	registry.Registry
	prefix string
}

var valid = regexp.MustCompile(`^[A-Za-z0-9_-]{1,50}$`)

func (a apart) in(name string) string {
	if valid.MatchString(name) {
		return a.prefix + name
	}
	return name
}

func (a apart) out(v registry.Version) registry.Version {
	v.Name = strings.TrimPrefix(v.Name, a.prefix)
	return v
}

func (a apart) Register(ctx context.Context, name, dir string) (registry.Version, error) {
	v, err := a.Registry.Register(ctx, a.in(name), dir)
	return a.out(v), err
}

func (a apart) SetAlias(ctx context.Context, name, alias, version string) error {
	return a.Registry.SetAlias(ctx, a.in(name), alias, version)
}

func (a apart) ByAlias(ctx context.Context, name, alias string) (registry.Version, error) {
	v, err := a.Registry.ByAlias(ctx, a.in(name), alias)
	return a.out(v), err
}

func (a apart) ByDigest(ctx context.Context, name, digest string) (registry.Version, error) {
	v, err := a.Registry.ByDigest(ctx, a.in(name), digest)
	return a.out(v), err
}

func (a apart) Versions(ctx context.Context, name string) ([]registry.Version, error) {
	all, err := a.Registry.Versions(ctx, a.in(name))
	for i := range all {
		all[i] = a.out(all[i])
	}
	return all, err
}

func (a apart) Fetch(ctx context.Context, v registry.Version) (string, error) {
	v.Name = a.in(v.Name)
	return a.Registry.Fetch(ctx, v)
}

var opened atomic.Int32

func TestMLflow(t *testing.T) {
	t.Parallel()
	mlflowtest.Server(t)
	registrytest.Run(t, registrytest.Abilities{}, func(t *testing.T) func() registry.Registry {
		prefix := fmt.Sprintf("c%d-", opened.Add(1))
		return func() registry.Registry { // a process: a client and a cache of its own
			return apart{registry.NewMLflow(mlflowtest.Client(t), t.TempDir(), nil), prefix}
		}
	})
}

// onProxy returns a registry behind a proxy, with short timeouts for quick tests.
func onProxy(t *testing.T, cache string) (*servertest.Proxy, *registry.MLflow) {
	t.Helper()
	proxy := servertest.NewProxy(t, mlflowtest.Server(t))
	cfg := mlflowtest.Config(t)
	cfg.URL, cfg.Retries = proxy.URL(), 0
	c, err := mlflow.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return proxy, registry.NewMLflow(c, cache, nil)
}

func TestMLflowAway(t *testing.T) {
	t.Parallel()
	const name = "TestMLflowAway"
	ctx, cache := t.Context(), t.TempDir()
	proxy, r := onProxy(t, cache)
	known := registerAs(t, r, name, "a")
	other := registerAs(t, r, name, "b")
	dir, err := r.Fetch(ctx, known)
	if err != nil {
		t.Fatal(err)
	}
	proxy.Off()

	_, byAlias := r.ByAlias(ctx, name, registry.Champion)
	_, versions := r.Versions(ctx, name)
	_, fetch := r.Fetch(ctx, other)
	_, byDigest := r.ByDigest(ctx, name, other.Digest)
	_, register := r.Register(ctx, name, registrytest.Folder(t, "c"))
	for op, err := range map[string]error{
		"by alias": byAlias, "versions": versions, "fetch": fetch, "by digest": byDigest,
		"register": register, "set alias": r.SetAlias(ctx, name, registry.Champion, "1"),
	} {
		if !errors.Is(err, registry.ErrUnavailable) || errors.Is(err, registry.ErrNotFound) ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", op, err)
		}
	}

	// What was fetched before is there for a process that starts now.
	_, restarted := onProxy(t, cache)
	for _, r := range []*registry.MLflow{r, restarted} {
		v, err := r.ByDigest(ctx, name, known.Digest)
		if err != nil || v.Version != known.Version || v.Metrics["pinball"] != 0.25 ||
			!v.Created.Equal(known.Created) {
			t.Fatalf("%+v, %v", v, err)
		}
		if again, err := r.Fetch(ctx, v); err != nil || again != dir {
			t.Errorf("fetched into %s, then %s, %v", dir, again, err)
		}
	}

	// Damaged, it is no model any more, until the server is back.
	if err := os.WriteFile(filepath.Join(dir, "model.onnx"), []byte("A"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Fetch(ctx, known); !errors.Is(err, registry.ErrUnavailable) {
		t.Errorf("a damaged folder: %v", err)
	}
	proxy.On()
	if _, err := r.Fetch(ctx, known); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "model.onnx")); err != nil || string(b) != "a" {
		t.Errorf("fetched again: %q, %v", b, err)
	}
}

// TestMLflowAfterLocal: versions of the local registry that was used before are found by digest,
// because the logs name them.
func TestMLflowAfterLocal(t *testing.T) {
	t.Parallel()
	const name = "TestMLflowAfterLocal"
	ctx, before := t.Context(), local(t, filepath.Join(t.TempDir(), "registry"))
	r := registry.NewMLflow(mlflowtest.Client(t), t.TempDir(), before)
	old, fresh := registerAs(t, before, name, "a"), registerAs(t, r, name, "b")
	if old.Version != fresh.Version {
		t.Fatal("the two should have one number")
	}
	for _, want := range []registry.Version{old, fresh} {
		v, err := r.ByDigest(ctx, name, want.Digest)
		if err != nil || v.Digest != want.Digest {
			t.Fatalf("%+v, %v", v, err)
		}
		dir, err := r.Fetch(ctx, v)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(filepath.Join(dir, "digest")); err != nil ||
			strings.TrimSpace(string(b)) != want.Digest {
			t.Errorf("fetched %s, %v", b, err)
		}
	}
	if all := versions(t, r, name); len(all) != 1 {
		t.Errorf("listed: %v", all)
	}
}

// TestMLflowRegisterCut ends Register at each of its requests: no version is visible before it is
// whole, and the next Register works.
func TestMLflowRegisterCut(t *testing.T) {
	t.Parallel()
	const name = "TestMLflowRegisterCut"
	ctx := t.Context()
	whole := registry.NewMLflow(mlflowtest.Client(t), t.TempDir(), nil)
	for n := 1; ; n++ {
		before := len(versions(t, whole, name))
		ctx, cancel := context.WithCancel(ctx)
		cfg := mlflowtest.Config(t)
		cfg.URL = cutAfter(t, cfg.URL, n, cancel)
		c, err := mlflow.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		_, err = registry.NewMLflow(c, t.TempDir(), nil).Register(ctx, name, registrytest.Folder(t, "a"))
		cancel()
		c.Close()
		all := versions(t, whole, name)
		if err == nil {
			if n < 8 || len(all) != before+1 {
				t.Errorf("whole after %d requests, %d versions", n, len(all))
			}
			return
		}
		// A version whose answer was cut off is whole, or it is not there.
		for _, v := range all[before:] {
			if _, err := whole.Fetch(t.Context(), v); err != nil {
				t.Errorf("after request %d: %v", n, err)
			}
		}
		if n > 30 {
			t.Fatal("no end of requests")
		}
	}
}

func versions(t *testing.T, r registry.Registry, name string) []registry.Version {
	t.Helper()
	all, err := r.Versions(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func registerAs(t *testing.T, r registry.Registry, name, weights string) registry.Version {
	t.Helper()
	v, err := r.Register(context.Background(), name, registrytest.Folder(t, weights))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestMLflowForeignVersions: versions of other programs are in the error that comes with the list,
// and are never served.
func TestMLflowForeignVersions(t *testing.T) {
	t.Parallel()
	const name = "TestMLflowForeignVersions"
	ctx, c := t.Context(), mlflowtest.Client(t)
	r := registry.NewMLflow(c, t.TempDir(), nil)
	good := registerAs(t, r, name, "a")
	experiment, err := c.EnsureExperiment(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	digest := registrytest.Digest("b")
	for what, tags := range map[string][]mlflow.Tag{
		"no digest":     nil,
		"wrong digest":  {{Key: "loadtide.digest", Value: "sha256:1"}},
		"wrong metrics": {{Key: "loadtide.digest", Value: digest}, {Key: "loadtide.metrics", Value: "{"}},
		"other bytes": {
			{Key: "loadtide.digest", Value: digest}, {Key: "loadtide.metrics", Value: "{}"},
		},
	} {
		logged, err := c.CreateLoggedModel(ctx, experiment, name, "", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(
			c.Upload(ctx, logged.Info.ArtifactURI, "model.onnx", []byte("c")),
			c.FinalizeLoggedModel(ctx, logged.Info.ModelID, mlflow.ModelReady),
		); err != nil {
			t.Fatal(err)
		}
		version, err := c.CreateVersion(
			ctx, mlflow.NewVersion{Name: name, ModelID: logged.Info.ModelID, Tags: tags},
		)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Fetch(ctx, registry.Version{
			Name: name, Version: version.Version, Digest: digest,
		}); err == nil || errors.Is(err, registry.ErrUnavailable) {
			t.Errorf("%s: fetched, %v", what, err)
		}
		if err := c.SetAlias(ctx, name, "foreign", version.Version); err != nil {
			t.Fatal(err)
		}
		if _, err := r.ByAlias(ctx, name, "foreign"); what != "other bytes" &&
			(err == nil || errors.Is(err, registry.ErrNotFound) ||
				!strings.Contains(err.Error(), "remedy")) {
			t.Errorf("%s: by alias: %v", what, err)
		}
	}
	all, err := r.Versions(ctx, name)
	if len(all) != 2 || all[0].Version != good.Version || err == nil ||
		strings.Count(err.Error(), "models:/"+name) != 3 {
		t.Errorf("%v, %v", all, err)
	}
}

func TestMLmodelIsStamped(t *testing.T) {
	t.Parallel()
	const name = "TestMLmodelIsStamped"
	ctx, c := t.Context(), mlflowtest.Client(t)
	r := registry.NewMLflow(c, t.TempDir(), nil)
	experiment, err := c.EnsureExperiment(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	run, err := c.CreateRun(ctx, experiment, "r", time.Now(), nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := registrytest.Folder(t, "a")
	if err := os.WriteFile(
		filepath.Join(dir, "MLmodel"), []byte("run_id: old\nflavors:\n  onnx: {data: model.onnx}\n"),
		0o644,
	); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(
		filepath.Join(dir, "tags.json"), []byte(`{"loadtide.run":"`+run.Info.RunID+`"}`), 0o644,
	); err != nil {
		t.Fatal(err)
	}
	v, err := r.Register(ctx, name, dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.GetRun(ctx, run.Info.RunID)
	if err != nil || len(got.Outputs.Models) != 1 || v.Tags[registry.Run] != run.Info.RunID {
		t.Fatalf("version of run %q, run's models %v, %v", v.Tags[registry.Run], got.Outputs.Models, err)
	}
	fetched, err := r.Fetch(ctx, v)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(fetched, "MLmodel"))
	if err != nil {
		t.Fatal(err)
	}
	var mlmodel map[string]any
	if err := yaml.Unmarshal(b, &mlmodel); err != nil {
		t.Fatal(err)
	}
	if mlmodel["run_id"] != run.Info.RunID || mlmodel["model_id"] != got.Outputs.Models[0].ModelID ||
		mlmodel["utc_time_created"] == nil || mlmodel["flavors"] == nil {
		t.Errorf("%s", b)
	}
	if err := os.WriteFile(filepath.Join(dir, "MLmodel"), []byte("a: [}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Register(ctx, name, dir); err == nil || !strings.Contains(err.Error(), "MLmodel") {
		t.Errorf("a broken MLmodel: %v", err)
	}
	if all := versions(t, r, name); len(all) != 1 {
		t.Errorf("left behind: %v", all)
	}
}
