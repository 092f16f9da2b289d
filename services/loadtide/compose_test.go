package main

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"

	"github.com/loadtide/loadtide/pkg/servertest"
)

// compose is docker-compose.yml with what it mounts.
type compose struct {
	t        *testing.T
	root     string
	text     string
	Services map[string]composeService
	Volumes  map[string]any
	listens  map[string][]string // ports by service
}

type composeService struct {
	Image       string
	Profiles    []string
	Command     []string
	Environment map[string]string
	Ports       []string
	Volumes     []string
	Tmpfs       []string
	Healthcheck struct{ Test []string }
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
}

// ours says that the service runs this program.
func (s composeService) ours() bool { return strings.HasPrefix(s.Image, "loadtide:") }

func readCompose(t *testing.T) *compose {
	t.Helper()
	root, err := servertest.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	c := &compose{t: t, root: root, listens: map[string][]string{}}
	c.text = c.read("docker-compose.yml")
	if err := yaml.Unmarshal([]byte(c.text), c); err != nil {
		t.Fatal(err)
	}
	for name, s := range c.Services {
		c.listens[name] = c.portsOf(name, s)
	}
	return c
}

func (c *compose) read(name string) string {
	c.t.Helper()
	data, err := os.ReadFile(filepath.Join(c.root, name))
	if err != nil {
		c.t.Fatal(err)
	}
	return string(data)
}

// portsOf is where a service listens: by its flags, by its configuration, or as its image does.
func (c *compose) portsOf(name string, s composeService) (ports []string) {
	image, _, _ := strings.Cut(path.Base(s.Image), ":")
	switch {
	case s.ours():
		for _, arg := range s.Command {
			if flag, address, ok := strings.Cut(arg, "="); ok && strings.HasSuffix(flag, "-listen") {
				host, port, err := net.SplitHostPort(address)
				if err != nil || host != "0.0.0.0" {
					c.t.Errorf("%s: %s is not to be reached by other services", name, arg)
				}
				ports = append(ports, port)
			}
		}
	case image == "nats":
		for _, m := range regexp.MustCompile(`(?m)^(?:listen|http): 0\.0\.0\.0:(\d+)$`).FindAllStringSubmatch(c.read("deployments/nats/nats.conf"), -1) {
			ports = append(ports, m[1])
		}
	case image == "mlflow":
		for _, arg := range s.Command {
			if port, ok := strings.CutPrefix(arg, "--port="); ok {
				ports = append(ports, port)
			}
		}
	default:
		ports = map[string][]string{"influxdb": {"8086"}, "prometheus": {"9090"}, "grafana": {"3000"}}[image]
	}
	if len(ports) == 0 {
		c.t.Errorf("%s: nobody knows where %s listens", name, s.Image)
	}
	return ports
}

// reaches checks that an address which a service calls is one that a service listens at.
func (c *compose) reaches(from, address string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		c.t.Errorf("%s: address %q: %v", from, address, err)
		return
	}
	if host == "127.0.0.1" {
		host = from
	}
	if !slices.Contains(c.listens[host], port) {
		c.t.Errorf("%s: nobody listens at %s; %s has %v", from, address, host, c.listens[host])
	}
}

// TestComposeCommands parses every command line of ours as the program does, with the service's
// environment.
func TestComposeCommands(t *testing.T) {
	c := readCompose(t)
	known := map[string]bool{}
	for _, command := range commands(t) {
		for _, group := range command.AllFlags(false) {
			for _, f := range group {
				for _, name := range f.Envs {
					known[name] = true
				}
			}
		}
	}
	roles := map[string]string{}
	for name, s := range c.Services {
		if !s.ours() {
			continue
		}
		for _, variable := range os.Environ() {
			if key, _, _ := strings.Cut(variable, "="); strings.HasPrefix(key, "LOADTIDE_") {
				t.Setenv(key, "")
				_ = os.Unsetenv(key)
			}
		}
		for key, value := range s.Environment {
			if strings.HasPrefix(key, "LOADTIDE_") && !known[key] {
				t.Errorf("%s: no flag is set by %s", name, key)
			}
			t.Setenv(key, value)
		}
		for what, args := range map[string][]string{"command": s.Command, "health check": s.Healthcheck.Test[2:]} {
			var parsed cli
			parser, err := kong.New(&parsed, kongOptions(&env{stdout: io.Discard, stderr: io.Discard})...)
			if err != nil {
				t.Fatal(err)
			}
			ctx, err := parser.Parse(args)
			if err != nil {
				t.Errorf("%s: %s %v: %v", name, what, args, err)
				continue
			}
			if what == "command" {
				roles[ctx.Command()] = name
			}
		}
		if test := s.Healthcheck.Test; test[0] != "CMD" || test[1] != "/loadtide" || test[2] != "health" {
			t.Errorf("%s: health check %v", name, test)
		}
	}
	for command, name := range map[string]string{"forecaster": "forecaster", "trainer": "trainer", "recorder": "recorder", "gateway": "gateway", "simulate": "simulator"} {
		if roles[command] != name {
			t.Errorf(
				"command %s is service %q, want %s: addresses and dashboards use that name",
				command, roles[command], name,
			)
		}
	}
}

// TestComposeAddresses: each address in it, and in what is mounted, is one that a service listens
// at.
func TestComposeAddresses(t *testing.T) {
	t.Parallel()
	c := readCompose(t)
	address := regexp.MustCompile(`(?:http|nats)://([^/\s'"?]+)`)
	published := map[string]string{}
	for name, s := range c.Services {
		for _, text := range slices.Concat(s.Command, s.Healthcheck.Test, values(s.Environment)) {
			for _, m := range address.FindAllStringSubmatch(text, -1) {
				c.reaches(name, m[1])
			}
		}
		for _, p := range s.Ports {
			part := strings.Split(p, ":")
			if len(part) != 3 || part[0] != "127.0.0.1" {
				t.Errorf("%s: port %q is not published on 127.0.0.1 alone", name, p)
				continue
			}
			c.reaches(name, "127.0.0.1:"+part[2])
			if other, taken := published[part[1]]; taken {
				t.Errorf("%s and %s publish port %s", name, other, part[1])
			}
			published[part[1]] = name
		}
		for other, need := range s.DependsOn {
			if it, ok := c.Services[other]; !ok || need.Condition != "service_healthy" ||
				len(it.Healthcheck.Test) == 0 || len(it.Profiles) > 0 {
				t.Errorf("%s waits for %s to be %q, which it never is", name, other, need.Condition)
			}
		}
	}
	if allowed := "--allowed-hosts=mlflow:5000,"; !slices.ContainsFunc(c.Services["mlflow"].Command, func(arg string) bool { return strings.HasPrefix(arg, allowed) }) {
		t.Errorf("mlflow refuses the name that it has here: no %s", allowed)
	}

	var scraped struct {
		ScrapeConfigs []struct {
			StaticConfigs []struct {
				Targets []string
			} `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	if err := yaml.Unmarshal([]byte(c.read("deployments/prometheus/prometheus.yml")), &scraped); err != nil {
		t.Fatal(err)
	}
	for _, job := range scraped.ScrapeConfigs {
		for _, static := range job.StaticConfigs {
			for _, target := range static.Targets {
				// all roles in one process: another deployment
				if host, _, _ := net.SplitHostPort(target); host != "loadtide" {
					c.reaches("prometheus", target)
				}
			}
		}
	}

	var sources struct{ Datasources []struct{ URL string } }
	if err := yaml.Unmarshal(
		[]byte(c.read("grafana/provisioning/datasources/loadtide.yaml")), &sources,
	); err != nil || len(sources.Datasources) == 0 {
		t.Fatal(err, sources)
	}
	for _, d := range sources.Datasources {
		u, err := url.Parse(d.URL)
		if err != nil {
			t.Fatal(err)
		}
		c.reaches("grafana", u.Host)
	}
}

func values(m map[string]string) (all []string) {
	for key, value := range m {
		all = append(all, fmt.Sprintf("%s=%s", key, value))
	}
	return all
}
