package endtoend

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/loadtide/loadtide/streams"
)

// dashboard is the part of Grafana's format that the rules are about.
type dashboard struct {
	UID        string
	Panels     []dashboardPanel
	Templating struct {
		List []struct{ Datasource *datasource }
	}
	Annotations struct {
		List []struct{ Datasource *datasource }
	}
}

type dashboardPanel struct {
	ID          int
	Title       string
	Description string
	Datasource  *datasource
	TimeFrom    string
	GridPos     struct{ X, Y, W, H int }
	Targets     []struct {
		Datasource  *datasource
		Expr, Query string
	}
	FieldConfig struct {
		Defaults  struct{ Unit, NoValue string }
		Overrides []struct {
			Properties []struct {
				ID    string
				Value any
			}
		}
	}
}

type datasource struct{ Type, UID string }

// dashboards reads grafana/dashboards; what is no JSON fails here.
func dashboards(t *testing.T) map[string]dashboard {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root(t), "grafana", "dashboards", "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no dashboards found: %v", err)
	}
	all := map[string]dashboard{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var d dashboard
		if err := json.Unmarshal(data, &d); err != nil {
			t.Fatalf("%s: %v", filepath.Base(name), err)
		}
		all[filepath.Base(name)] = d
	}
	return all
}

func TestDashboardsUseProvisionedDatasources(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join(root(t), "grafana", "provisioning", "datasources", "loadtide.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var provisioned struct {
		Datasources []struct{ UID, Type string }
	}
	if err := yaml.Unmarshal(data, &provisioned); err != nil {
		t.Fatal(err)
	}
	types := map[string]string{"-- Grafana --": "grafana"} // Grafana's own
	for _, d := range provisioned.Datasources {
		types[d.UID] = d.Type
	}
	for name, d := range dashboards(t) {
		check := func(where string, source *datasource) {
			switch {
			case source == nil:
				t.Errorf("%s: %s names no data source", name, where)
			case types[source.UID] != source.Type || source.Type == "":
				t.Errorf("%s: %s uses data source %q of type %q, provisioned is type %q", name, where, source.UID, source.Type, types[source.UID])
			}
		}
		for _, p := range d.Panels {
			check(fmt.Sprintf("panel %q", p.Title), p.Datasource)
			for _, target := range p.Targets {
				check(fmt.Sprintf("a target of panel %q", p.Title), target.Datasource)
			}
		}
		for _, a := range d.Annotations.List {
			check("an annotation", a.Datasource)
		}
		for _, v := range d.Templating.List {
			if v.Datasource != nil { // a variable of fixed values has none
				check("a variable", v.Datasource)
			}
		}
	}
}

func TestDashboardsAreWellFormed(t *testing.T) {
	t.Parallel()
	uids := map[string]string{}
	for name, d := range dashboards(t) {
		if other := uids[d.UID]; d.UID == "" || other != "" {
			t.Errorf("%s: uid %q, other dashboard with it: %q", name, d.UID, other)
		}
		uids[d.UID] = name
		ids, cells := map[int]bool{}, map[[2]int]string{}
		for _, p := range d.Panels {
			if ids[p.ID] {
				t.Errorf("%s: panel %q: id %d is there twice", name, p.Title, p.ID)
			}
			ids[p.ID] = true
			if p.Description == "" || p.FieldConfig.Defaults.Unit == "" || p.FieldConfig.Defaults.NoValue == "" {
				t.Errorf("%s: panel %q lacks a description, a unit or words for no data", name, p.Title)
			}
			if len(p.Targets) == 0 {
				t.Errorf("%s: panel %q asks nothing", name, p.Title)
			}
			for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
				for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
					if other, taken := cells[[2]int{x, y}]; taken {
						t.Fatalf("%s: panels %q and %q overlap", name, other, p.Title)
					}
					cells[[2]int{x, y}] = p.Title
				}
			}
			for _, target := range p.Targets {
				// The range ends in the future, where Prometheus has nothing.
				if target.Datasource != nil && target.Datasource.Type == "prometheus" && p.TimeFrom == "" {
					t.Errorf("%s: panel %q asks Prometheus about the future: give it a timeFrom", name, p.Title)
				}
			}
			checkFill(t, name, p)
		}
	}
}

// checkFill holds the bands of a fan chart against the columns of its queries.
func checkFill(t *testing.T, name string, p dashboardPanel) {
	t.Helper()
	columns := regexp.MustCompile(`p\d+: "([^"]+)"`)
	var have []string
	for _, target := range p.Targets {
		for _, m := range columns.FindAllStringSubmatch(target.Query, -1) {
			have = append(have, m[1])
		}
	}
	for _, o := range p.FieldConfig.Overrides {
		for _, property := range o.Properties {
			if to, ok := property.Value.(string); property.ID == "custom.fillBelowTo" && (!ok || !slices.Contains(have, to)) {
				t.Errorf("%s: panel %q fills below to %v, its queries return %q", name, p.Title, property.Value, have)
			}
		}
	}
}

func TestOperationsNamesEveryReason(t *testing.T) {
	t.Parallel()
	operations := readDocument(t, "docs/operations.md")
	for _, reason := range streams.Reasons() {
		if !strings.Contains(operations, "| `"+string(reason)+"` |") {
			t.Errorf("docs/operations.md: its table of reasons has no %q", reason)
		}
	}
}

func readDocument(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))
}
