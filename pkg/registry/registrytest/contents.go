package registrytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/registry"
)

func tags(t *testing.T, connect func() registry.Registry) {
	ctx, r := context.Background(), connect()
	want := map[string]string{
		registry.Description: "Gate: passed.\n- naive ok: wQL 0.081 and 0.097\n| lead | ü " +
			"\"quoted\" 'too'",
		"loadtide.gate": "passed", "gate.coverage80": "0.79", "empty": "",
		"long": strings.Repeat("x", 5000),
	}
	if _, err := r.Register(ctx, model, tagged(t, "a", want)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Register(ctx, model, tagged(t, "b", nil)); err != nil {
		t.Fatal(err)
	}
	all := list(t, connect(), model)
	if diff := cmp.Diff(want, all[0].Tags); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(all[1].Tags) != 0 {
		t.Errorf("of one without: %v", all[1].Tags)
	}
	mustAlias(t, r, registry.Champion, "1")
	v, err := connect().ByAlias(ctx, model, registry.Champion)
	if diff := cmp.Diff(want, v.Tags); err != nil || diff != "" {
		t.Errorf("by alias: %v, (-want +got):\n%s", err, diff)
	}
	many := map[string]string{}
	for i := range 65 {
		many[fmt.Sprint(i)] = ""
	}
	for name, bad := range map[string]map[string]string{
		"value": {"x": strings.Repeat("x", 5001)}, "name": {"a b": "x"}, "empty name": {"": "x"},
		"digest": {"loadtide.digest": "x"}, "many": many,
	} {
		if _, err := r.Register(ctx, model, tagged(t, "c", bad)); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if all := list(t, r, model); len(all) != 2 {
		t.Errorf("left behind: %v", all)
	}
}

// tagged is Folder's folder with these tags.
func tagged(t *testing.T, weights string, tags map[string]string) string {
	t.Helper()
	dir := Folder(t, weights)
	b, err := json.Marshal(tags)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tags.json"), b, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// manyMetrics are those of a week of leads, some measures each.
func manyMetrics(t *testing.T, connect func() registry.Registry) {
	want := map[string]float64{"large": 1e300, "small": -5e-324, "third": 1. / 3}
	for lead := range 168 {
		for _, name := range []string{"wql", "wape", "coverage80"} {
			want[fmt.Sprintf("%s_lead_%03d", name, lead+1)] = 1 / float64(lead+3)
		}
	}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	dir := Folder(t, "a")
	if err := os.WriteFile(filepath.Join(dir, "metrics.json"), b, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := connect().Register(context.Background(), model, dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, list(t, connect(), model)[0].Metrics); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
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
	if _, err := r.ByDigest(ctx, "a/b", Digest("a")); err == nil ||
		errors.Is(err, registry.ErrNotFound) {
		t.Errorf("of a wrong name: %v", err)
	}
}
