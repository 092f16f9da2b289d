package registrytest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/loadtide/loadtide/pkg/registry"
)

// Folder makes a model folder whose weights are the given text, with the digest file, a metric
// "pinball" of 0.25 and a tag "loadtide.gate". A registry looks at nothing else.
func Folder(t testing.TB, weights string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"model.onnx":   weights,
		"metrics.json": `{"pinball":0.25}`,
		"tags.json":    `{"loadtide.gate":"passed"}`,
		"digest":       Digest(weights) + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Digest returns the digest of the folder that Folder makes of these weights.
func Digest(weights string) string {
	return fmt.Sprintf("sha256:%x",
		sha256.Sum256([]byte(weights)))
}

const model = "load-1h"

func mustRegister(t *testing.T, r registry.Registry, name, weights string) registry.Version {
	t.Helper()
	v, err := r.Register(context.Background(), name, Folder(t, weights))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func mustAlias(t *testing.T, r registry.Registry, alias, version string) {
	t.Helper()
	if err := r.SetAlias(context.Background(), model, alias, version); err != nil {
		t.Fatal(err)
	}
}

// at returns the version that an alias points at, "" when there is none.
func at(t *testing.T, r registry.Registry, alias string) string {
	t.Helper()
	v, err := r.ByAlias(context.Background(), model, alias)
	if errors.Is(err, registry.ErrNotFound) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	return v.Version
}

func list(t *testing.T, r registry.Registry, name string) []registry.Version {
	t.Helper()
	all, err := r.Versions(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
