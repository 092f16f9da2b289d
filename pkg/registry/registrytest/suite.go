package registrytest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/loadtide/loadtide/pkg/registry"
)

// Opener makes a new, empty registry and returns a function that opens it. Each call of that
// function stands for a process.
type Opener func(t *testing.T) (connect func() registry.Registry)

// Abilities are properties that not every kind of registry has.
type Abilities struct {
	// OrderedMoves says that of several processes that move an alias at the same moment each one
	// sees the move before its own.
	OrderedMoves bool
}

// Run checks one kind of registry.
func Run(t *testing.T, able Abilities, open Opener) {
	cases := map[string]func(t *testing.T, connect func() registry.Registry){
		"empty":                    empty,
		"register, list, fetch":    register,
		"tags":                     tags,
		"many metrics":             manyMetrics,
		"by digest":                byDigest,
		"aliases":                  aliases,
		"champion moves":           champion,
		"names":                    names,
		"folders that are refused": refused,
		"another digest":           otherDigest,
		"an ended context":         ended,
		"writers in two processes": writers,
		"readers see whole ones":   readers,
		"models are apart":         apart,
		"the folder may go on":     sourceChanges,
		"aliases move concurrently": func(t *testing.T,
			connect func() registry.Registry) {
			movers(t, connect, able.OrderedMoves)
		},
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, open(t))
		})
	}
}

func empty(t *testing.T, connect func() registry.Registry) {
	ctx, r := context.Background(), connect()
	if all := list(t, r, model); len(all) != 0 {
		t.Errorf("versions %v", all)
	}
	if _, err := r.ByAlias(ctx, model, registry.Champion); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("by alias: %v", err)
	}
	if err := r.SetAlias(ctx, model, registry.Champion, "1"); !errors.Is(err,
		registry.ErrNotFound) {
		t.Errorf("set alias: %v", err)
	}
	if _, err := r.ByDigest(ctx, model, Digest("a")); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("by digest: %v", err)
	}
	if _, err := r.Fetch(ctx, registry.Version{Name: model, Version: "1"}); !errors.Is(err,
		registry.ErrNotFound) {
		t.Errorf("fetch: %v", err)
	}
}

func register(t *testing.T, connect func() registry.Registry) {
	before := time.Now().Add(-time.Minute)
	var want []registry.Version
	for i := range 11 { // past 9: numbers do not sort as text
		weights := fmt.Sprintf("weights %d", i)
		v := mustRegister(t, connect(), model, weights)
		if v.Version != fmt.Sprint(i+1) || v.Digest != Digest(weights) ||
			v.Metrics["pinball"] != 0.25 || v.Tags["loadtide.gate"] != "passed" || v.Name != model {
			t.Fatalf("registered %+v", v)
		}
		if v.Created.Before(before) || v.Created.After(time.Now().Add(time.Minute)) ||
			v.Created.Location() != time.UTC {
			t.Errorf("created %v", v.Created)
		}
		want = append(want, v)
	}
	r := connect()
	if diff := cmp.Diff(want, list(t, r, model), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i, v := range want {
		dir, err := r.Fetch(context.Background(), v)
		if err != nil {
			t.Fatal(err)
		}
		for file, text := range map[string]string{"model.onnx": fmt.Sprintf("weights %d", i),
			"digest": v.Digest + "\n"} {
			if b, err := os.ReadFile(filepath.Join(dir, file)); err != nil || string(b) != text {
				t.Errorf("version %s: %s holds %q, %v", v.Version, file, b, err)
			}
		}
	}
}

func aliases(t *testing.T, connect func() registry.Registry) {
	r := connect()
	mustRegister(t, r, model, "a")
	mustRegister(t, r, model, "b")
	mustAlias(t, r, registry.Champion, "1")
	mustAlias(t, r, registry.Challenger, "2")
	mustAlias(t, r, "night", "2")
	other := connect()
	v, err := other.ByAlias(context.Background(), model, registry.Challenger)
	if err != nil {
		t.Fatal(err)
	}
	if v.Version != "2" || v.Digest != Digest("b") ||
		!slices.Equal(v.Aliases, []string{"challenger", "night"}) {
		t.Errorf("challenger %+v", v)
	}
	if all := list(t, other, model); !slices.Equal(all[0].Aliases, []string{"champion"}) ||
		!slices.Equal(all[1].Aliases, v.Aliases) {
		t.Errorf("versions %+v", all)
	}
	if err := r.SetAlias(context.Background(), model, "night", "3"); !errors.Is(err,
		registry.ErrNotFound) {
		t.Errorf("to a version that is not there: %v", err)
	}
	if got := at(t, r, "night"); got != "2" {
		t.Errorf("night is %s", got)
	}
}

func champion(t *testing.T, connect func() registry.Registry) {
	r := connect()
	for _, w := range []string{"a", "b", "c"} {
		mustRegister(t, r, model, w)
	}
	steps := []struct{ set, champion, previous string }{
		{"1", "1", ""},
		{"1", "1", ""}, // again: nothing has changed places
		{"3", "3", "1"},
		{"2", "2", "3"},
		{"2", "2", "3"},
		{"3", "3", "2"}, // back
	}
	for i, s := range steps {
		mustAlias(t, r, registry.Champion, s.set)
		if c, p := at(t, r, registry.Champion), at(t, r, registry.Previous); c != s.champion ||
			p != s.previous {
			t.Errorf("step %d: champion %q, previous %q; want %q, %q", i, c, p, s.champion,
				s.previous)
		}
	}
}

func names(t *testing.T, connect func() registry.Registry) {
	ctx, r, dir := context.Background(), connect(), Folder(t, "a")
	mustRegister(t, r, model, "a")
	for _, bad := range []string{
		"", ".", "..", "a/b", `a\b`, "a b", "../x", "ä", ".tmp-1", strings.Repeat("x", 65),
	} {
		if _, err := r.Register(ctx, bad, dir); err == nil {
			t.Errorf("registered as %q", bad)
		}
		if _, err := r.Versions(ctx, bad); err == nil {
			t.Errorf("versions of %q", bad)
		}
		if _, err := r.ByAlias(ctx, model, bad); err == nil ||
			errors.Is(err, registry.ErrNotFound) {
			t.Errorf("by alias %q: %v", bad, err)
		}
		if err := r.SetAlias(ctx, model, bad, "1"); err == nil {
			t.Errorf("set alias %q", bad)
		}
		if err := r.SetAlias(ctx, model, "x", bad); !errors.Is(err, registry.ErrNotFound) {
			t.Errorf("set alias to version %q: %v", bad, err)
		}
		if _, err := r.Fetch(ctx, registry.Version{Name: model, Version: bad,
			Digest: Digest("a")}); !errors.Is(err, registry.ErrNotFound) {
			t.Errorf("fetch version %q: %v", bad, err)
		}
	}
}

func refused(t *testing.T, connect func() registry.Registry) {
	spoil := map[string]func(dir string) error{
		"no digest": func(dir string) error { return os.Remove(filepath.Join(dir, "digest")) },
		"wrong digest": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "digest"),
				[]byte("sha256:12"), 0o644)
		},
		"wrong metrics": func(dir string) error {
			return os.WriteFile(filepath.Join(dir,
				"metrics.json"), []byte("{"), 0o644)
		},
		"folder within": func(dir string) error {
			return os.Mkdir(filepath.Join(dir, "more"),
				0o755)
		},
		"link": func(dir string) error {
			return os.Symlink("/etc/hostname",
				filepath.Join(dir, "host"))
		},
		"digest is link": func(dir string) error { return replaceByLink(dir, "digest") },
		"no folder":      os.RemoveAll,
		"too many files": func(dir string) error {
			for i := range 40 {
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), nil, 0o644); err != nil {
					return err
				}
			}
			return nil
		},
	}
	r := connect()
	for name, do := range spoil {
		dir := Folder(t, "a")
		if err := do(dir); err != nil {
			t.Logf("%s cannot be made here: %v", name, err) // links on some systems
			continue
		}
		_, err := r.Register(context.Background(), model, dir)
		if err == nil {
			t.Errorf("%s was registered", name)
			continue
		}
		if text := err.Error(); !strings.Contains(text, dir) || !strings.Contains(text, "remedy") ||
			strings.Contains(text, "\n") {
			t.Errorf("%s: %q is not one line with folder and remedy", name, text)
		}
	}
	if all := list(t, r, model); len(all) != 0 {
		t.Errorf("left behind: %v", all)
	}
	if v := mustRegister(t, r, model, "a"); v.Version != "1" {
		t.Errorf("the first good one is %s", v.Version)
	}
}

func replaceByLink(dir, name string) error {
	path := filepath.Join(dir, name)
	if err := os.Rename(path, path+".real"); err != nil {
		return err
	}
	return os.Symlink(path+".real", path)
}

func otherDigest(t *testing.T, connect func() registry.Registry) {
	r := connect()
	v := mustRegister(t, r, model, "a")
	v.Digest = Digest("b")
	if _, err := r.Fetch(context.Background(), v); err == nil ||
		errors.Is(err, registry.ErrNotFound) {
		t.Errorf("fetched as another: %v", err)
	}
}

func ended(t *testing.T, connect func() registry.Registry) {
	r, dir := connect(), Folder(t, "a")
	mustRegister(t, r, model, "a")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, register := r.Register(ctx, model, dir)
	_, byAlias := r.ByAlias(ctx, model, registry.Champion)
	_, versions := r.Versions(ctx, model)
	_, fetch := r.Fetch(ctx, registry.Version{Name: model, Version: "1", Digest: Digest("a")})
	for name, err := range map[string]error{
		"register": register, "by alias": byAlias, "versions": versions, "fetch": fetch,
		"set alias": r.SetAlias(ctx, model, registry.Champion, "1"),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all := list(t, r, model); len(all) != 1 || len(all[0].Aliases) != 0 {
		t.Errorf("left behind: %v", all)
	}
}

func apart(t *testing.T, connect func() registry.Registry) {
	r := connect()
	mustRegister(t, r, model, "a")
	if v := mustRegister(t, r, "load-15m", "b"); v.Version != "1" {
		t.Errorf("another model begins at %s", v.Version)
	}
	mustAlias(t, r, registry.Champion, "1")
	if _, err := r.ByAlias(context.Background(), "load-15m", registry.Champion); !errors.Is(err,
		registry.ErrNotFound) {
		t.Errorf("champion of the other: %v", err)
	}
}

func sourceChanges(t *testing.T, connect func() registry.Registry) {
	r, dir := connect(), Folder(t, "a")
	v, err := r.Register(context.Background(), model, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	fetched, err := r.Fetch(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	// What was fetched can be registered again, here as another model.
	again, err := r.Register(context.Background(), "copy", fetched)
	if err != nil || again.Digest != v.Digest {
		t.Errorf("registered again: %+v, %v", again, err)
	}
}
