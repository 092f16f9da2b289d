package main

import (
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/registry/registrytest"
)

// Where several models have an alias or a version, a command has to be told which is meant; the
// list is of all.
func TestModelsOfSeveralNames(t *testing.T) {
	t.Parallel()
	models, err := registry.NewLocal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []struct {
		name   string
		number int
	}{{"load-15m", 2}, {"load-1h", 3}, {"mine", 1}} {
		for range m.number {
			if _, err := models.Register(t.Context(), m.name, registrytest.Folder(t, m.name)); err != nil {
				t.Fatal(err)
			}
		}
		if err := models.SetAlias(t.Context(), m.name, registry.Champion, "1"); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, which, want, fault string }{
		{"", "3", "load-1h v3", ""},
		{"", registry.Champion, "", "several models have champion: load-15m, load-1h"},
		{"", "2", "", "several models have 2: load-15m, load-1h"},
		{"", "9", "", "there is no load-1h@9"},
		{"load-15m", registry.Champion, "load-15m v1", ""},
		{"mine", "1", "mine v1", ""},
		{"load-15m", "3", "", "there is no load-15m@3"},
	} {
		f := modelFlags{Name: c.name}
		v, err := f.find(t.Context(), models, c.which)
		got := ""
		if err == nil {
			got = v.Name + " v" + v.Version
		}
		if got != c.want || (err == nil) != (c.fault == "") ||
			err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%s@%s: %q, %v; want %q, %q", c.name, c.which, got, err, c.want, c.fault)
		}
	}
	all, err := (&modelFlags{}).listVersions(t.Context(), models)
	var list []string
	for _, v := range all {
		list = append(list, v.Name+" v"+v.Version)
	}
	if got := strings.Join(list, ", "); err != nil ||
		got != "load-15m v2, load-15m v1, load-1h v3, load-1h v2, load-1h v1" {
		t.Errorf("%s, %v", got, err)
	}
}
