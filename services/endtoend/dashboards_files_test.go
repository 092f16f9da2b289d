package endtoend

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// dashboard is the part of Grafana's format that the rules are about.
type dashboard struct {
	UID, Description string
	Time             struct{ From, To string }
	Panels           []dashboardPanel
	Templating       struct{ List []dashboardVariable }
	Annotations      struct{ List []dashboardAnnotation }
}

type dashboardVariable struct {
	Name, Type string
	Datasource *datasource
	Query      any
	Current    struct{ Value string }
}

type dashboardAnnotation struct {
	Name       string
	Datasource *datasource
	Filter     struct{ IDs []int }
	Target     struct{ Query string }
}

type dashboardPanel struct {
	ID                       int
	Type, Title, Description string
	Datasource               *datasource
	TimeFrom                 string
	HideTimeOverride         bool
	GridPos                  struct{ X, Y, W, H int }
	Targets                  []dashboardTarget
	Links                    []struct{ URL string }
	Transformations          []struct {
		ID      string
		Options struct{ Include struct{ Names []string } }
	}
	FieldConfig struct {
		Defaults struct {
			Unit, NoValue string
			Thresholds    struct{ Steps []struct{ Color string } }
		}
		Overrides []struct {
			Matcher    struct{ ID, Options string }
			Properties []struct {
				ID    string
				Value any
			}
		}
	}
}

type dashboardTarget struct {
	Datasource                        *datasource
	Expr, Query, Format, LegendFormat string
	Instant                           bool
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
	var provisioned struct {
		Datasources []struct{ UID, Type string }
	}
	if err := yaml.Unmarshal(
		[]byte(readDocument(t, "grafana/provisioning/datasources/loadtide.yaml")), &provisioned,
	); err != nil {
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
				t.Errorf(
					"%s: %s uses data source %q of type %q, provisioned is type %q",
					name, where, source.UID, source.Type, types[source.UID],
				)
			}
		}
		for _, p := range d.Panels {
			if p.Type == "row" {
				continue
			}
			check(fmt.Sprintf("panel %q", p.Title), p.Datasource)
			for _, target := range p.Targets {
				check(fmt.Sprintf("a target of panel %q", p.Title), target.Datasource)
			}
		}
		for _, a := range d.Annotations.List {
			check("an annotation", a.Datasource)
		}
		for _, v := range d.Templating.List {
			if v.Type == "query" {
				check("variable "+v.Name, v.Datasource)
			}
		}
	}
}

func TestDashboardsAreFourAndTheFirstIsHome(t *testing.T) {
	t.Parallel()
	all := dashboards(t)
	if names := slices.Sorted(maps.Keys(all)); !slices.Equal(names, []string{
		"fleet.json", "models.json", "pipeline.json", "series.json",
	}) {
		t.Errorf("dashboards are %v", names)
	}
	for name, d := range all {
		if want := "loadtide-" + strings.TrimSuffix(name, ".json"); d.UID != want || d.Description == "" {
			t.Errorf("%s: uid %q, want %q; description %q", name, d.UID, want, d.Description)
		}
	}
	if home := "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: /etc/grafana/dashboards/fleet.json\n"; !strings.Contains(readDocument(t, "docker-compose.yml"), home) {
		t.Errorf("docker-compose.yml has no %q", home)
	}
}

func TestDashboardsAreWellFormed(t *testing.T) {
	t.Parallel()
	for name, d := range dashboards(t) {
		ids, cells := map[int]bool{}, map[[2]int]string{}
		for _, p := range d.Panels {
			if ids[p.ID] {
				t.Errorf("%s: panel %q: id %d is there twice", name, p.Title, p.ID)
			}
			ids[p.ID] = true
			for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
				for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
					if other, taken := cells[[2]int{x, y}]; taken || x > 23 {
						t.Fatalf("%s: panel %q lies outside or over %q", name, p.Title, other)
					}
					cells[[2]int{x, y}] = p.Title
				}
			}
			if p.Type != "row" {
				checkPanel(t, name, d, p)
			}
		}
		for _, a := range d.Annotations.List {
			for _, id := range a.Filter.IDs {
				if !ids[id] {
					t.Errorf("%s: annotation %q is for panel %d, which is not there", name, a.Name, id)
				}
			}
		}
	}
}

func checkPanel(t *testing.T, name string, d dashboard, p dashboardPanel) {
	t.Helper()
	if p.Description == "" || p.FieldConfig.Defaults.Unit == "" ||
		p.FieldConfig.Defaults.NoValue == "" {
		t.Errorf("%s: panel %q lacks a description, a unit or words for no data", name, p.Title)
	}
	if len(p.Targets) == 0 {
		t.Errorf("%s: panel %q asks nothing", name, p.Title)
	}
	for _, target := range p.Targets {
		// Prometheus has nothing in the future: an instant query there is asked at the range's end.
		if strings.Contains(d.Time.To, "+") && target.Expr != "" &&
			(p.TimeFrom == "" || !p.HideTimeOverride) {
			t.Errorf(
				"%s: panel %q asks Prometheus about the future: give it a timeFrom and hide that",
				name, p.Title,
			)
		}
		if (target.Expr == "") == (target.Query == "") {
			t.Errorf(
				"%s: panel %q: a target asks %q of Prometheus and %q of InfluxDB",
				name, p.Title, target.Expr, target.Query,
			)
		}
	}
	// A red number says what to do about it.
	const bad = "#d1334f"
	red := false
	for _, step := range p.FieldConfig.Defaults.Thresholds.Steps {
		red = red || step.Color == bad
	}
	if red && p.Type == "stat" && len(p.Links) == 0 {
		t.Errorf("%s: panel %q may be red and links to no runbook", name, p.Title)
	}
	// What Prometheus returns is named by the legend; InfluxDB's columns are held against a real
	// server.
	for _, o := range p.FieldConfig.Overrides {
		if p.Targets[0].Expr != "" &&
			!slices.ContainsFunc(p.Targets, func(target dashboardTarget) bool {
				return mayReturn(p, target, o.Matcher.Options)
			}) {
			t.Errorf(
				"%s: panel %q overrides %q, which no query of it returns",
				name, p.Title, o.Matcher.Options,
			)
		}
	}
}

// mayReturn says whether a query of Prometheus can return a series of this name, or a column of it
// in a table.
func mayReturn(p dashboardPanel, target dashboardTarget, name string) bool {
	if target.Format == "table" {
		for _, step := range p.Transformations {
			if slices.Contains(step.Options.Include.Names, name) {
				return true
			}
		}
		return false
	}
	legend := regexp.MustCompile(`\\\{\\\{\w+\\\}\\\}`).ReplaceAllString(regexp.QuoteMeta(target.LegendFormat), `.+`)
	return regexp.MustCompile(`^` + legend + `$`).MatchString(name)
}

// TestDashboardsLinkToRunbooks follows each link of a panel to its page and heading.
func TestDashboardsLinkToRunbooks(t *testing.T) {
	t.Parallel()
	sections := map[string]bool{}
	for _, page := range []string{"alerts.md", "operations.md"} {
		for _, heading := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(readDocument(t, "docs/"+page), -1) {
			sections[page+"#"+anchor(heading[1])] = true
		}
	}
	for name, d := range dashboards(t) {
		linked := 0
		for _, p := range d.Panels {
			for _, l := range p.Links {
				linked++
				_, to, ok := strings.Cut(l.URL, "https://github.com/loadtide/loadtide/blob/main/docs/")
				if !ok || !sections[to] {
					t.Errorf("%s: panel %q links to %s, which is no heading of docs/", name, p.Title, l.URL)
				}
			}
		}
		if linked == 0 {
			t.Errorf("%s: links to no runbook", name)
		}
	}
}
