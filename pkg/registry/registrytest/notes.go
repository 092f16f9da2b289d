package registrytest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/loadtide/loadtide/pkg/registry"
)

func notes(t *testing.T, connect func() registry.Registry) {
	ctx, r := context.Background(), connect()
	note := registry.Note{
		Description: "promoted: wQL 0.081 against 0.097\n\n| lead | wQL |\n| --- | --- |\n| 1 | 0.05 | ü \"quoted\" 'too'",
		Tags:        map[string]string{"verdict": "promoted", "gate.coverage80": "0.79", "empty": "", "long": strings.Repeat("x", 5000)},
	}
	if _, err := r.Register(ctx, model, Folder(t, "a"), note); err != nil {
		t.Fatal(err)
	}
	mustRegister(t, r, model, "b")
	all := list(t, connect(), model)
	if diff := cmp.Diff(note, all[0].Note, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(registry.Note{}, all[1].Note, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("of one without (-want +got):\n%s", diff)
	}
	mustAlias(t, r, registry.Champion, "1")
	v, err := connect().ByAlias(ctx, model, registry.Champion)
	if diff := cmp.Diff(note, v.Note, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("by alias: %v, (-want +got):\n%s", err, diff)
	}
	many := map[string]string{}
	for i := range 33 {
		many[strings.Repeat("x", i+1)] = ""
	}
	for name, bad := range map[string]registry.Note{
		"description":   {Description: strings.Repeat("x", 5001)},
		"value":         {Tags: map[string]string{"x": strings.Repeat("x", 5001)}},
		"name":          {Tags: map[string]string{"a b": "x"}},
		"empty name":    {Tags: map[string]string{"": "x"}},
		"reserved name": {Tags: map[string]string{"loadtide.digest": "x"}},
		"many":          {Tags: many},
	} {
		if _, err := r.Register(ctx, model, Folder(t, "c"), bad); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if all := list(t, r, model); len(all) != 2 {
		t.Errorf("left behind: %v", all)
	}
}

func byDigest(t *testing.T, connect func() registry.Registry) {
	ctx, r := context.Background(), connect()
	for _, weights := range []string{"a", "b", "a"} {
		mustRegister(t, r, model, weights)
	}
	mustRegister(t, r, "other", "c")
	for weights, version := range map[string]string{"a": "3", "b": "2"} {
		v, err := connect().ByDigest(ctx, model, Digest(weights))
		if err != nil || v.Version != version || v.Digest != Digest(weights) {
			t.Errorf("%s is %+v, %v, want version %s", weights, v, err, version)
			continue
		}
		if _, err := r.Fetch(ctx, v); err != nil {
			t.Error(err)
		}
	}
	for _, digest := range []string{Digest("c"), "", "sha256:'; --", "../x"} {
		if _, err := r.ByDigest(ctx, model, digest); !errors.Is(err, registry.ErrNotFound) {
			t.Errorf("digest %q: %v", digest, err)
		}
	}
	if _, err := r.ByDigest(ctx, "a/b", Digest("a")); err == nil || errors.Is(err, registry.ErrNotFound) {
		t.Errorf("of a wrong name: %v", err)
	}
}
