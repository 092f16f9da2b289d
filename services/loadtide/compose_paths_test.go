package main

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestComposePaths: what is mounted is in the tree, what a service reads by name is in what is
// mounted, and what it writes outlives it.
func TestComposePaths(t *testing.T) {
	t.Parallel()
	c := readCompose(t)
	used := map[string]bool{}
	for name, s := range c.Services {
		binds, kept := map[string]string{}, slices.Clone(s.Tmpfs) // by path in the container
		for _, v := range s.Volumes {
			part := strings.Split(v, ":")
			source, target := part[0], part[1]
			if !strings.HasPrefix(source, ".") {
				if _, ok := c.Volumes[source]; !ok {
					t.Errorf("%s: volume %s is not declared", name, source)
				}
				used[source] = true
				kept = append(kept, target)
				continue
			}
			if _, err := os.Stat(filepath.Join(c.root, source)); err != nil || len(part) != 3 ||
				part[2] != "ro" {
				t.Errorf("%s: %s is not in the tree, or not mounted read-only: %v", name, v, err)
			}
			binds[target] = source
		}
		texts := slices.Concat(s.Command, values(s.Environment))
		if name == "grafana" {
			var providers struct {
				Providers []struct{ Options struct{ Path string } }
			}
			if err := yaml.Unmarshal(
				[]byte(c.read("grafana/provisioning/dashboards/loadtide.yaml")), &providers,
			); err != nil || len(providers.Providers) == 0 {
				t.Fatal(err)
			}
			for _, p := range providers.Providers {
				texts = append(texts, p.Options.Path)
			}
		}
		if name == "nats" {
			texts = append(texts, regexp.MustCompile(`store_dir: "(.*)"`).FindStringSubmatch(c.read("deployments/nats/nats.conf"))[1])
		}
		for _, text := range texts {
			at := regexp.MustCompile(`(?:^|=|sqlite:///)(/[A-Za-z0-9_./-]+)$`).FindStringSubmatch(text)
			if at == nil {
				continue
			}
			if !c.there(binds, at[1]) && !slices.ContainsFunc(
				kept, func(target string) bool { return below(at[1], target) },
			) {
				t.Errorf("%s: %s is neither in the tree nor on a volume", name, text)
			}
		}
	}
	for volume := range c.Volumes {
		if !used[volume] {
			t.Errorf("volume %s is declared and not used", volume)
		}
	}
}

func below(name, target string) bool {
	return name == target || strings.HasPrefix(name, target+"/")
}

// there says that a path in a container is that of a file or folder of the tree.
func (c *compose) there(binds map[string]string, name string) bool {
	for target, source := range binds {
		if below(name, target) {
			_, err := os.Stat(filepath.Join(c.root, source, strings.TrimPrefix(name, target)))
			return err == nil
		}
	}
	return false
}

// TestComposeVariables: each variable that it needs is in the example, each of the example is
// needed, and each has no value that would do.
func TestComposeVariables(t *testing.T) {
	t.Parallel()
	c := readCompose(t)
	needed := map[string]bool{}
	for _, m := range regexp.MustCompile(`\$\{?([A-Za-z_]+)([^}\s]?)`).FindAllStringSubmatch(c.text, -1) {
		needed[m[1]] = true
		if m[2] != ":" {
			t.Errorf("%s has no word on what to do without it", m[0])
		}
	}
	example := map[string]string{}
	for line := range strings.Lines(c.read(".env.example")) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok &&
			!strings.HasPrefix(key, "#") {
			example[key] = value
		}
	}
	profiles := strings.Split(example["COMPOSE_PROFILES"], ",") // Compose's own
	delete(example, "COMPOSE_PROFILES")
	if want, got := slices.Sorted(maps.Keys(needed)), slices.Sorted(maps.Keys(example)); !slices.Equal(want, got) {
		t.Errorf(".env.example has %v, docker-compose.yml needs %v", got, want)
	}
	for key, value := range example {
		if !strings.HasPrefix(value, "replace-me") {
			t.Errorf(".env.example: %s has a value that works", key)
		}
	}
	var declared []string
	for _, s := range c.Services {
		declared = append(declared, s.Profiles...)
	}
	for _, profile := range profiles {
		if !slices.Contains(declared, profile) {
			t.Errorf(".env.example: no service has profile %q, only %v", profile, declared)
		}
	}
	for _, file := range []string{"datasources", "dashboards"} {
		name := path.Join("grafana", "provisioning", file, "loadtide.yaml")
		for _, m := range regexp.MustCompile(`\$__env\{(\w+)\}`).FindAllStringSubmatch(c.read(name), -1) {
			if _, ok := c.Services["grafana"].Environment[m[1]]; !ok {
				t.Errorf("%s reads %s, which grafana does not have", name, m[1])
			}
		}
	}
}
