package registry_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/registry/registrytest"
)

const name = "load-1h"

func TestLocal(t *testing.T) {
	t.Parallel()
	able := registrytest.Abilities{OrderedMoves: true}
	registrytest.Run(t, able, func(t *testing.T) func() registry.Registry {
		dir := filepath.Join(t.TempDir(), "registry")
		return func() registry.Registry { return local(t, dir) }
	})
}

func local(t *testing.T, dir string) *registry.Local {
	t.Helper()
	r, err := registry.NewLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// dyingContext panics when its error is read for the nth time. Like a kill, that ends the work at
// this point.
type dyingContext struct {
	context.Context
	calls, dies int
}

type killed struct{}

func (c *dyingContext) Err() error {
	if c.calls++; c.calls == c.dies {
		panic(killed{})
	}
	return nil
}

func killAt(n int, do func(ctx context.Context) error) (died bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(killed); !ok {
				panic(r)
			}
			died = true
		}
	}()
	return false, do(&dyingContext{Context: context.Background(), dies: n})
}

func TestRegisterKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		dir := t.TempDir()
		r := local(t, dir)
		first := register(t, r, "a")
		source := registrytest.Folder(t, "b")
		died, err := killAt(n, func(ctx context.Context) error {
			_, err := r.Register(ctx, name, source)
			return err
		})
		if err != nil {
			t.Fatalf("step %d: %v", n, err)
		}
		if !died {
			if n < 6 {
				t.Errorf("register has only %d moments", n-1)
			}
			return
		}
		after := local(t, dir)
		all, err := after.Versions(context.Background(), name)
		if err != nil || len(all) != 1 || all[0].Digest != first.Digest {
			t.Fatalf("step %d: versions %v, %v", n, all, err)
		}
		if v := register(t, after, "c"); v.Version != "2" || v.Digest != registrytest.Digest("c") {
			t.Fatalf("step %d: the next is %+v", n, v)
		}
		entries, err := os.ReadDir(filepath.Join(dir, "models", name))
		if err != nil || len(entries) != 3 {
			t.Errorf("step %d: leftovers in %v, %v", n, entries, err)
		}
	}
}

func TestPromotionKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		dir := t.TempDir()
		r := local(t, dir)
		for i := range 3 {
			register(t, r, fmt.Sprint(i))
		}
		alias(t, r, registry.Champion, "1")
		alias(t, r, registry.Champion, "2")
		died, err := killAt(n, func(ctx context.Context) error {
			return r.SetAlias(ctx, name, registry.Champion, "3")
		})
		if err != nil {
			t.Fatal(err)
		}
		champion, previous := byAlias(
			t, local(t, dir), registry.Champion,
		), byAlias(t, local(t, dir), registry.Previous)
		if got := champion + previous; died && got != "21" && got != "22" || !died && got != "32" {
			t.Errorf("step %d: champion %s, previous %s", n, champion, previous)
		}
		if !died {
			if n < 4 {
				t.Errorf("a promotion has only %d moments", n-1)
			}
			return
		}
	}
}

func register(t *testing.T, r *registry.Local, weights string) registry.Version {
	t.Helper()
	v, err := r.Register(context.Background(), name, registrytest.Folder(t, weights))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func alias(t *testing.T, r *registry.Local, alias, version string) {
	t.Helper()
	if err := r.SetAlias(context.Background(), name, alias, version); err != nil {
		t.Fatal(err)
	}
}

func byAlias(t *testing.T, r *registry.Local, alias string) string {
	t.Helper()
	v, err := r.ByAlias(context.Background(), name, alias)
	if err != nil {
		t.Fatal(err)
	}
	return v.Version
}

func TestBrokenVersions(t *testing.T) {
	t.Parallel()
	spoil := map[string]func(dir string) error{
		"no digest": func(dir string) error { return os.Remove(filepath.Join(dir, "digest")) },
		"not hex": func(dir string) error {
			return os.WriteFile(
				filepath.Join(dir, "digest"), []byte("sha256:"+strings.Repeat("Z", 64)), 0o644,
			)
		},
		"huge digest": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "digest"), make([]byte, 2<<20), 0o644)
		},
		"torn metrics": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "metrics.json"), []byte(`{"pin`), 0o644)
		},
		"no meta": func(dir string) error { return os.Remove(filepath.Join(dir, "meta.yaml")) },
		"wrong meta": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "meta.yaml"), []byte("a: [}"), 0o644)
		},
		"empty": func(dir string) error { return errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o755)) },
	}
	for what, do := range spoil {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			dir, ctx := t.TempDir(), context.Background()
			r := local(t, dir)
			register(t, r, "a")
			v := register(t, r, "b")
			alias(t, r, registry.Champion, "2")
			broken := filepath.Join(dir, "models", name, "version-2")
			if err := do(broken); err != nil {
				t.Fatal(err)
			}
			_, champion := r.ByAlias(ctx, name, registry.Champion)
			_, fetch := r.Fetch(ctx, v)
			all, versions := r.Versions(ctx, name)
			for op, err := range map[string]error{
				"by alias": champion, "fetch": fetch, "versions": versions,
				"set alias": r.SetAlias(ctx, name, "night", "2"),
			} {
				var fe *registry.FolderError
				if !errors.As(err, &fe) || fe.Folder != broken || errors.Is(err, registry.ErrNotFound) {
					t.Errorf("%s: %v", op, err)
					continue
				}
				if text := err.Error(); !strings.Contains(text, "remedy: move this folder") ||
					strings.Contains(text, "\n") {
					t.Errorf("%s: %q", op, text)
				}
			}
			if len(all) != 1 || all[0].Version != "1" {
				t.Errorf("whole ones: %v", all)
			}
			if v := register(t, r, "c"); v.Version != "3" {
				t.Errorf("the next is %s: a broken version's number was given away", v.Version)
			}
		})
	}
}

func TestBrokenAliases(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := local(t, dir)
	register(t, r, "a")
	for _, text := range []string{"", "7", "one", "../version-1", "01"} {
		path := filepath.Join(dir, "models", name, "aliases", registry.Champion)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := r.ByAlias(context.Background(), name, registry.Champion)
		var fe *registry.FolderError
		if !errors.As(err, &fe) || fe.Folder != path || errors.Is(err, registry.ErrNotFound) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestRegistryThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	if _, err := registry.NewLocal(""); err == nil {
		t.Error("no folder was accepted")
	}
	dir := filepath.Join(t.TempDir(), "registry")
	r := local(t, dir)
	if err := os.WriteFile(dir, []byte("in the way"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, openErr := registry.NewLocal(dir)
	_, registerErr := r.Register(context.Background(), name, registrytest.Folder(t, "a"))
	for _, err := range []error{openErr, registerErr} {
		var fe *registry.FolderError
		if !errors.As(err, &fe) || fe.Folder != dir ||
			!strings.Contains(err.Error(), "remedy: give this user the right") {
			t.Errorf("%v", err)
		}
	}
}

func TestLayout(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := local(t, dir)
	register(t, r, "a")
	alias(t, r, registry.Champion, "1")
	for _, file := range []string{
		"version-1/model.onnx", "version-1/digest", "version-1/meta.yaml", "aliases/champion",
	} {
		if _, err := os.Stat(filepath.Join(dir, "models", name, file)); err != nil {
			t.Error(err)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "models", name, "version-1", "meta.yaml"))
	if err != nil || !strings.Contains(string(b), "version: \"1\"\n") ||
		!strings.Contains(string(b), "name: "+name+"\n") {
		t.Errorf("meta.yaml: %s, %v", b, err)
	}
}

func ExampleLocal() {
	dir, err := os.MkdirTemp("", "registry")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	r, err := registry.NewLocal(dir)
	if err != nil {
		panic(err)
	}
	_, err = r.ByAlias(context.Background(), name, registry.Champion)
	fmt.Println(errors.Is(err, registry.ErrNotFound))
	// Output: true
}
