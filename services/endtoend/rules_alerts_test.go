package endtoend

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// rule is one of deployments/prometheus/rules.
type rule struct {
	Record, Alert, Expr string
	Labels, Annotations map[string]string
}

// readYAML decodes a file strictly, so that a key that Prometheus would not take fails here too.
func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", filepath.Base(name), err)
	}
}

func prometheusFiles(t *testing.T, folder string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root(t), "deployments", "prometheus", folder, "*.yml"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no files in deployments/prometheus/%s: %v", folder, err)
	}
	return names
}

// allRules are the rules in the order in which Prometheus takes them.
func allRules(t *testing.T) []rule {
	t.Helper()
	var all []rule
	for _, name := range prometheusFiles(t, "rules") {
		var file struct {
			Groups []struct{ Rules []rule }
		}
		readYAML(t, name, &file)
		for _, g := range file.Groups {
			all = append(all, g.Rules...)
		}
	}
	return all
}

// ruleTest is one file of deployments/prometheus/tests, as far as the tests here look at it.
type ruleTest struct {
	Tests []struct {
		Name        string
		InputSeries []struct{ Series string } `yaml:"input_series"`
		Alerts      []struct {
			Name     string `yaml:"alertname"`
			Expected []struct {
				Labels      map[string]string `yaml:"exp_labels"`
				Annotations map[string]string `yaml:"exp_annotations"`
			} `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
		Expressions []struct{ Expr string } `yaml:"promql_expr_test"`
	}
}

func ruleTests(t *testing.T) []ruleTest {
	t.Helper()
	var all []ruleTest
	for _, name := range prometheusFiles(t, "tests") {
		var file ruleTest
		readYAML(t, name, &file)
		all = append(all, file)
	}
	return all
}

// ruleTestQueries are the series that tests of rules feed in and what they ask.
func ruleTestQueries(t *testing.T) []query {
	t.Helper()
	var all []query
	for _, file := range ruleTests(t) {
		for _, test := range file.Tests {
			for _, s := range test.InputSeries {
				all = append(all, query{"test of rules " + test.Name, s.Series})
			}
			for _, e := range test.Expressions {
				all = append(all, query{"test of rules " + test.Name, e.Expr})
			}
		}
	}
	return all
}

// targetLabels are the labels that Prometheus gives to what it scrapes, with their values; an open
// set has none.
func targetLabels(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{"instance": nil}
	for _, job := range scraped(t) {
		all["job"] = append(all["job"], job.Name)
		for _, target := range job.Static {
			for label, value := range target.Labels {
				all[label] = append(all[label], value)
			}
		}
	}
	return all
}

type scrapeJob struct {
	Name   string `yaml:"job_name"`
	Static []struct {
		Targets []string
		Labels  map[string]string
	} `yaml:"static_configs"`
}

func scraped(t *testing.T) []scrapeJob {
	t.Helper()
	var config struct {
		Jobs []scrapeJob `yaml:"scrape_configs"`
	}
	readYAML(t, filepath.Join(root(t), "deployments", "prometheus", "prometheus.yml"), &config)
	return config.Jobs
}

// TestScrapeConfigNamesThePortsOfTheRoles holds the targets against the addresses in
// docs/operations.md.
func TestScrapeConfigNamesThePortsOfTheRoles(t *testing.T) {
	t.Parallel()
	ports := map[string]string{} // by role
	document := readDocument(t, "docs/operations.md")
	if m := regexp.MustCompile("the same of `simulate`.* ([0-9]+) in Compose").FindStringSubmatch(document); m != nil {
		ports["simulator"] = m[1]
	}
	for _, m := range regexp.MustCompile(`(?m)^\| [0-9.]+:([0-9]+) \| (.*) \|`).FindAllStringSubmatch(document, -1) {
		for _, role := range regexp.MustCompile("/metrics[^;]*? of `([a-z]+)`|the same of `([a-z]+)`").FindAllStringSubmatch(m[2], -1) {
			ports[role[1]+role[2]] = m[1]
		}
	}
	seen := 0
	for _, job := range scraped(t) {
		for _, target := range job.Static {
			role := target.Labels["role"]
			if role == "" {
				continue
			}
			seen++
			for _, address := range target.Targets {
				if _, port, err := net.SplitHostPort(address); err != nil || port != ports[role] {
					t.Errorf(
						"prometheus.yml: target %s of role %s, docs/operations.md has port %q",
						address, role, ports[role],
					)
				}
			}
		}
	}
	if seen != 6 {
		t.Errorf(
			"prometheus.yml: %d roles, want up, forecaster, trainer, recorder, gateway and simulator",
			seen,
		)
	}
}

const runbooks = "https://github.com/loadtide/loadtide/blob/main/docs/alerts.md#"

// sections returns the text of each section of docs/alerts.md by its heading.
func sections(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, part := range strings.Split(readDocument(t, "docs/alerts.md"), "\n## ")[1:] {
		heading, text, _ := strings.Cut(part, "\n")
		all[heading] = text
	}
	return all
}

// TestAlertsAreComplete holds each alert to a severity, a description with numbers, and a section
// of docs/alerts.md; and each section of that page to an alert and to the five parts of a runbook.
func TestAlertsAreComplete(t *testing.T) {
	t.Parallel()
	written, alerts := sections(t), map[string]bool{}
	for _, r := range allRules(t) {
		if r.Alert == "" {
			continue
		}
		alerts[r.Alert] = true
		if s := r.Labels["severity"]; s != "page" && s != "ticket" {
			t.Errorf("%s: severity %q, want page or ticket", r.Alert, s)
		}
		if r.Annotations["summary"] == "" || !regexp.MustCompile(`[0-9]|\$value`).MatchString(r.Annotations["description"]) {
			t.Errorf("%s: wants a summary, and a description with numbers", r.Alert)
		}
		if want := runbooks + strings.ToLower(r.Alert); r.Annotations["runbook_url"] != want {
			t.Errorf("%s: runbook_url %q, want %q", r.Alert, r.Annotations["runbook_url"], want)
		}
		if written[r.Alert] == "" {
			t.Errorf("docs/alerts.md has no section %s", r.Alert)
		}
	}
	for heading, text := range written {
		if !alerts[heading] {
			t.Errorf("docs/alerts.md: no alert is named %s", heading)
		}
		at := 0
		for _, part := range []string{"**Means.**", "**Felt.**", "**Look.**", "**Do.**", "**Drill.**"} {
			i := strings.Index(text[at:], part)
			if i < 0 {
				t.Errorf("docs/alerts.md: section %s has no %s, or not in its order", heading, part)
				break
			}
			at += i
		}
	}
	if len(alerts) < 20 {
		t.Errorf("%d alerts found; the rules would hold of nothing", len(alerts))
	}
}

// TestAlertsAreTested: the tests of rules see each alert fire, at each severity, and see it silent;
// each recorded series is asked for by an alert or a test.
func TestAlertsAreTested(t *testing.T) {
	t.Parallel()
	fired, silent := map[string]bool{}, map[string]bool{}
	var asked strings.Builder
	for _, file := range ruleTests(t) {
		for _, test := range file.Tests {
			if test.Name == "" {
				t.Error("a test of rules has no name")
			}
			for _, a := range test.Alerts {
				silent[a.Name] = silent[a.Name] || len(a.Expected) == 0
				for _, e := range a.Expected {
					if e.Annotations["description"] == "" {
						t.Errorf("test of rules %q: %s is expected without its annotations", test.Name, a.Name)
					}
					fired[a.Name+" "+e.Labels["severity"]] = true
				}
			}
			for _, e := range test.Expressions {
				asked.WriteString(e.Expr + "\n")
			}
		}
	}
	rules := allRules(t)
	for _, r := range rules {
		if r.Alert != "" {
			asked.WriteString(r.Expr + "\n")
		}
	}
	for _, r := range rules {
		if r.Alert != "" && !fired[r.Alert+" "+r.Labels["severity"]] {
			t.Errorf("%s: no test sees it fire with severity %s", r.Alert, r.Labels["severity"])
		}
		if r.Alert != "" && !silent[r.Alert] {
			t.Errorf("%s: no test sees it silent", r.Alert)
		}
		if r.Record != "" && !slices.ContainsFunc(rules, func(o rule) bool {
			return strings.Contains(o.Expr, r.Record)
		}) && !strings.Contains(asked.String(), r.Record) {
			t.Errorf("%s: no test and no other rule asks for it", r.Record)
		}
	}
}

// TestBurnAlertsAreAlike: the thresholds that the tests of rules try on freshness are those of
// every service level.
func TestBurnAlertsAreAlike(t *testing.T) {
	t.Parallel()
	level := regexp.MustCompile(`slo="[a-z_]+"`)
	first := map[string]string{} // by severity
	seen := 0
	for _, r := range allRules(t) {
		if r.Alert == "" || !level.MatchString(r.Expr) {
			continue
		}
		seen++
		expr := strings.Join(strings.Fields(level.ReplaceAllString(r.Expr, `slo="x"`)), " ")
		if severity := r.Labels["severity"]; first[severity] == "" {
			first[severity] = expr
		} else if !strings.Contains(expr, first[severity]) {
			t.Errorf("%s of severity %s asks for other burn rates than the others", r.Alert, severity)
		}
	}
	if seen != 10 {
		t.Errorf("%d alerts on burn rates, want two for each of five service levels", seen)
	}
}
