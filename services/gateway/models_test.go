package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/registry/registrytest"
	"github.com/loadtide/loadtide/services/gateway"
)

// modelList is the answer of GET /v1/models.
type modelList struct {
	Name, Registry, Broken string
	AsOf                   time.Time `json:"as_of"`
	Versions               []struct {
		Name, Version, Digest, Verdict, Description string
		Created                                     time.Time
		Aliases                                     []string
		Metrics                                     map[string]float64
		Tags                                        map[string]string
	}
}

func (b *bench) models(query string) modelList {
	b.t.Helper()
	a := b.get("/v1/models" + query)
	var list modelList
	if err := json.Unmarshal([]byte(a.body), &list); err != nil || a.code != http.StatusOK {
		b.t.Fatalf("%d %s: %v", a.code, a.body, err)
	}
	return list
}

// TestModelsOfARegistry lists what a registry has, newest first.
func TestModelsOfARegistry(t *testing.T) {
	t.Parallel()
	reg, err := registry.NewLocal(filepath.Join(t.TempDir(), "registry"))
	if err != nil {
		t.Fatal(err)
	}
	deps := gateway.FromBus(broker(t))
	deps.Models = reg
	b := start(t, deps)
	b.await("an empty list", func() bool { return b.get("/v1/models").code == http.StatusOK })
	if list := b.models(""); list.Name != "load-1h" || list.Registry != "ok" ||
		len(list.Versions) != 0 || list.AsOf.IsZero() {
		t.Errorf("%+v", list)
	}
	for _, words := range []string{"one", "two"} {
		v, err := reg.Register(t.Context(), "load-1h", registrytest.Folder(t, words))
		if err == nil {
			err = reg.SetAlias(t.Context(), "load-1h", registry.Champion, v.Version)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	b.await("two versions", func() bool { return len(b.models("").Versions) == 2 })
	list := b.models("")
	if v := list.Versions[0]; v.Version != "2" || len(v.Aliases) != 1 ||
		v.Aliases[0] != registry.Champion || v.Digest != registrytest.Digest("two") ||
		v.Created.IsZero() {
		t.Errorf("%+v", v)
	}
	if list := b.models("?limit=1"); len(list.Versions) != 1 || list.Versions[0].Version != "2" {
		t.Errorf("limit=1: %+v", list)
	}
	v, err := reg.Register(t.Context(), "load-15m", registrytest.Folder(t, "three"))
	if err != nil {
		t.Fatal(err)
	}
	b.await("a version of another model", func() bool { return len(b.models("").Versions) == 3 })
	if list := b.models(""); list.Name != "" || list.Versions[0].Name != "load-15m" ||
		list.Versions[0].Version != v.Version || list.Versions[1].Name != "load-1h" {
		t.Errorf("%+v", list)
	}
	if a := b.get("/v1/models?limit=0"); a.code != http.StatusUnprocessableEntity {
		t.Errorf("limit=0: %d %s", a.code, a.body)
	}
}

// moody is a registry whose answers the test sets.
type moody struct {
	answer atomic.Pointer[func(context.Context) ([]registry.Version, error)]
}

// Versions returns the versions of one model.
func (m *moody) Versions(ctx context.Context, name string) ([]registry.Version, error) {
	all, err := (*m.answer.Load())(ctx)
	if name == registry.DefaultModel || errors.Is(err, registry.ErrUnavailable) {
		return all, err
	}
	return nil, nil
}

func (m *moody) set(answer func(context.Context) ([]registry.Version, error)) {
	m.answer.Store(&answer)
}

// TestRegistryThatIsAway: no request waits for the registry, and its last list is served.
func TestRegistryThatIsAway(t *testing.T) {
	t.Parallel()
	m := &moody{}
	hold := make(chan struct{})
	m.set(func(ctx context.Context) ([]registry.Version, error) {
		select { // neither yes nor no
		case <-hold:
		case <-ctx.Done():
		}
		return nil, fmt.Errorf("%w: canary", registry.ErrUnavailable)
	})
	conn := broker(t)
	deps := gateway.FromBus(conn)
	deps.Models = m
	b := start(t, deps)
	begun := time.Now()
	a := b.get("/v1/models")
	if detail, _ := a.problem(t); a.code != http.StatusServiceUnavailable ||
		a.header.Get("Retry-After") == "" || !strings.Contains(detail, "--mlflow-url") ||
		strings.Contains(detail, "canary") {
		t.Errorf("%d %s", a.code, a.body)
	}
	if a := b.get("/v1/series"); a.code != http.StatusOK || time.Since(begun) > 3*time.Second {
		t.Errorf("beside it: %d after %s", a.code, time.Since(begun))
	}
	publish(t, conn, "north.m17", 1) // served without the registry
	b.await(
		"an answer without a list", func() bool { return b.get("/v1/models").code == http.StatusOK },
	)
	if list := b.models(""); list.Registry != "away" || len(list.Versions) != 0 ||
		!list.AsOf.IsZero() {
		t.Errorf("%+v", list)
	}
	m.set(func(context.Context) ([]registry.Version, error) {
		return []registry.Version{{
			Name: "load-1h", Version: "4", Metrics: map[string]float64{"pinball": 0.25, "none": math.NaN()},
			Tags: map[string]string{
				registry.Verdict: "passed", registry.Description: "better", registry.Run: "r1",
			},
		}}, errors.New("version 3 has no digest")
	})
	close(hold)
	b.await("a list", func() bool { return b.models("").Registry == "ok" })
	list := b.models("")
	v := list.Versions[0]
	if list.Registry != "ok" || list.Broken != "version 3 has no digest" || v.Verdict != "passed" ||
		v.Description != "better" || v.Tags[registry.Run] != "r1" || len(v.Metrics) != 1 ||
		v.Metrics["pinball"] != 0.25 {
		t.Errorf("%+v", list)
	}
	m.set(func(context.Context) ([]registry.Version, error) { return nil, registry.ErrUnavailable })
	b.await(
		"it says that the registry is away", func() bool { return b.models("").Registry == "away" },
	)
	if again := b.models(""); len(again.Versions) != 1 || again.Versions[0].Version != "4" ||
		again.AsOf.Before(list.AsOf) {
		t.Errorf("%+v", again)
	}
}
