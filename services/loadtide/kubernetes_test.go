package main

import (
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"

	"github.com/loadtide/loadtide/pkg/servertest"
)

// workload is what is read of a Deployment or StatefulSet.
type workload struct {
	Spec struct {
		Template struct {
			Metadata struct{ Annotations map[string]string }
			Spec     struct{ Containers []container }
		}
	}
}

type container struct {
	Name, Image  string
	Args         []string
	Env          []struct{ Name, Value string }
	Ports        []containerPort
	VolumeMounts []struct {
		MountPath string `yaml:"mountPath"`
	} `yaml:"volumeMounts"`
	StartupProbe   probe `yaml:"startupProbe"`
	LivenessProbe  probe `yaml:"livenessProbe"`
	ReadinessProbe probe `yaml:"readinessProbe"`
}

type containerPort struct {
	Name          string
	ContainerPort int `yaml:"containerPort"`
}

type probe struct {
	HTTPGet struct{ Path, Port string } `yaml:"httpGet"`
}

// TestKubernetesCommands parses the arguments of every container of ours as the program does, and
// holds ports, probes and folders against them.
func TestKubernetesCommands(t *testing.T) {
	root, err := servertest.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	manifests := filepath.Join(root, "deployments", "kubernetes")
	config, err := os.ReadFile(filepath.Join(manifests, "overlays", "roles", "config.env"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	err = filepath.WalkDir(manifests, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".yaml" {
			return err
		}
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		for documents := yaml.NewDecoder(file); ; {
			var document yaml.Node
			if err := documents.Decode(&document); err == io.EOF {
				return nil
			} else if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			var w workload
			if err := document.Decode(&w); err != nil {
				continue // a list of patches, which has no containers
			}
			for _, c := range w.Spec.Template.Spec.Containers {
				if c.Image == "loadtide" {
					found++
					checkContainer(t, c, w, string(config))
				}
			}
		}
	})
	if err != nil || found < 5 {
		t.Errorf("%d containers of ours, %v", found, err)
	}
}

func checkContainer(t *testing.T, c container, w workload, config string) {
	t.Helper()
	for _, line := range slices.Collect(strings.Lines(config)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && c.Args[0] != "up" {
			t.Setenv(key, value)
		} else if ok {
			t.Setenv(key, "")
			_ = os.Unsetenv(key)
		}
	}
	for _, v := range c.Env {
		t.Setenv(v.Name, v.Value)
	}
	var parsed cli
	parser, err := kong.New(&parsed, kongOptions(&env{stdout: io.Discard, stderr: io.Discard})...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(c.Args); err != nil {
		t.Errorf("%s: %v: %v", c.Name, c.Args, err)
	}
	var listens, ports []string
	for _, arg := range c.Args {
		flag, value, _ := strings.Cut(arg, "=")
		switch {
		case strings.HasSuffix(flag, "-listen"):
			host, port, err := net.SplitHostPort(value)
			if err != nil || host != "0.0.0.0" {
				t.Errorf("%s: %s is not to be reached", c.Name, arg)
			}
			listens = append(listens, port)
		case flag == "--data-dir":
			mounted := false
			for _, m := range c.VolumeMounts {
				mounted = mounted || m.MountPath == value
			}
			if !mounted {
				t.Errorf("%s: nothing is mounted at %s", c.Name, arg)
			}
		}
	}
	names := map[string]string{}
	for _, p := range c.Ports {
		names[p.Name] = strconv.Itoa(p.ContainerPort)
		ports = append(ports, names[p.Name])
	}
	slices.Sort(listens)
	slices.Sort(ports)
	if !slices.Equal(listens, ports) {
		t.Errorf("%s listens at %v and declares %v", c.Name, listens, ports)
	}
	if port := w.Spec.Template.Metadata.Annotations["prometheus.io/port"]; !slices.Contains(listens, port) {
		t.Errorf("%s: metrics are scraped at %s, it listens at %v", c.Name, port, listens)
	}
	for want, p := range map[string][]probe{"/healthz": {c.StartupProbe, c.LivenessProbe}, "/readyz": {c.ReadinessProbe}} {
		for _, probe := range p {
			if names[probe.HTTPGet.Port] == "" || probe.HTTPGet.Path != want {
				t.Errorf("%s: probe %+v, want %s at one of %v", c.Name, probe, want, names)
			}
		}
	}
}
