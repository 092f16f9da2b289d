package endtoend

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/service"
)

// query is PromQL and where it stands.
type query struct{ where, text string }

// parsed is a query taken apart by .ci/promql.
type parsed struct {
	Error     string
	Selectors []struct {
		Metric   string
		Matchers []struct{ Label, Op, Value string }
	}
	Groupings []struct {
		Label   string
		Metrics []string
	}
}

// takeApart parses queries with Prometheus' own parser, which is in a module of its own under .ci.
func takeApart(t *testing.T, queries []query) []parsed {
	t.Helper()
	texts := make([]string, len(queries))
	for i := range queries {
		texts[i] = queries[i].text
	}
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	run := exec.CommandContext(t.Context(), "go", "run", ".")
	run.Dir, run.Stdin, run.Stderr = filepath.Join(root(t), ".ci", "promql"), bytes.NewReader(input), &said
	output, err := run.Output()
	if err != nil {
		t.Fatalf("parse PromQL by .ci/promql: %v\n%s", err, &said)
	}
	var all []parsed
	if err := json.Unmarshal(output, &all); err != nil || len(all) != len(queries) {
		t.Fatalf("%d answers to %d queries: %v", len(all), len(queries), err)
	}
	return all
}

// faults says what a query names that is not there.
func (v vocabulary) faults(p *parsed) []string {
	if p.Error != "" {
		return []string{p.Error}
	}
	var faults []string
	for _, s := range p.Selectors {
		m, err := v.find(s.Metric)
		if err != nil {
			faults = append(faults, err.Error())
			continue
		}
		for _, matcher := range s.Matchers {
			if fault := m.match(matcher.Label, matcher.Op, matcher.Value); fault != "" {
				faults = append(faults, s.Metric+": "+fault)
			}
		}
	}
	for _, g := range p.Groupings {
		if !slices.ContainsFunc(g.Metrics, func(name string) bool {
			m, err := v.find(name)
			return err != nil || slices.Contains(m.labels, g.Label)
		}) {
			faults = append(faults, fmt.Sprintf("none of %q has label %s to group by", g.Metrics, g.Label))
		}
	}
	return faults
}

// match says what is wrong with one matcher. What a dashboard's variable stands for is left alone.
func (m *metric) match(label, op, value string) string {
	if !slices.Contains(m.labels, label) {
		return "has no label " + label
	}
	if strings.Contains(value, "$") {
		return ""
	}
	values := m.values[label]
	if label == "le" {
		values = []string{"+Inf"}
		for _, b := range m.bounds {
			short := strconv.FormatFloat(b, 'g', -1, 64)
			values = append(values, short)
			if !strings.Contains(short, ".") {
				values = append(values, short+".0") // so writes Prometheus 3
			}
		}
	}
	if values == nil {
		return "" // an open set
	}
	alternatives := []string{value}
	if op == "=~" || op == "!~" {
		alternatives = strings.Split(value, "|")
	}
	for _, alternative := range alternatives {
		expression := regexp.QuoteMeta(alternative)
		if op == "=~" || op == "!~" {
			expression = alternative
		}
		form, err := regexp.Compile("^(?:" + expression + ")$")
		if err != nil || !slices.ContainsFunc(values, form.MatchString) {
			return fmt.Sprintf(
				"%s%s%q: it is never %q, but one of %q",
				label, op, value, alternative, values,
			)
		}
	}
	return ""
}

// addRecorded adds the series that rules keep: their labels are what they are given and what is
// grouped by on the way.
func (v vocabulary) addRecorded(rules []rule, parts []parsed) {
	for i, r := range rules {
		if r.Record == "" {
			continue
		}
		m, known := v[r.Record]
		if !known {
			m = metric{name: r.Record, kind: "gauge", values: map[string][]string{}}
		}
		for label, value := range r.Labels {
			m.labels = append(m.labels, label)
			m.values[label] = append(m.values[label], value)
		}
		for _, g := range parts[i].Groupings {
			m.labels = append(m.labels, g.Label)
			for _, of := range g.Metrics {
				if from, err := v.find(of); err == nil && from.values[g.Label] != nil {
					m.values[g.Label] = append(m.values[g.Label], from.values[g.Label]...)
				}
			}
		}
		for _, s := range parts[i].Selectors {
			// Without an aggregation the labels of what was recorded before go on.
			if from, ok := v[s.Metric]; ok && strings.Contains(s.Metric, ":") {
				m.labels = append(m.labels, from.labels...)
				for label, values := range from.values {
					m.values[label] = append(m.values[label], values...)
				}
			}
		}
		v[r.Record] = m
	}
}

// dashboardQueries are those of all panels, annotations and variables that ask Prometheus.
func dashboardQueries(t *testing.T) []query {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root(t), "grafana", "dashboards", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []query
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var document any
		if err := json.Unmarshal(data, &document); err != nil {
			t.Fatal(err)
		}
		walk(document, func(text string) { all = append(all, query{filepath.Base(name), plain(text)}) })
	}
	if len(all) == 0 {
		t.Fatal("no dashboard asks Prometheus anything")
	}
	return all
}

// walk finds the texts under `expr`, and the queries of variables: label_values(series, label) asks
// for that series.
func walk(node any, see func(text string)) {
	switch n := node.(type) {
	case []any:
		for _, child := range n {
			walk(child, see)
		}
	case map[string]any:
		for key, child := range n {
			text, isText := child.(string)
			if isText && key == "expr" && text != "" {
				see(text)
			}
			if m := labelValues.FindStringSubmatch(text); isText && key == "query" && m != nil {
				see("count by (" + m[2] + ") (" + m[1] + ")")
			}
			walk(child, see)
		}
	}
}

var (
	labelValues = regexp.MustCompile(`^label_values\((.+),\s*(\w+)\)$`)
	window      = regexp.MustCompile(`\[\$\{?\w+\}?`)
	duration    = regexp.MustCompile(`\$\{?__(?:rate_interval|interval|range)\}?`)
)

// plain puts durations in place of Grafana's variables for them.
func plain(text string) string {
	return duration.ReplaceAllString(window.ReplaceAllString(text, "[5m"), "5m")
}

// documentQueries are the lines of the promql blocks in the documents.
func documentQueries(t *testing.T) []query {
	t.Helper()
	var all []query
	for _, file := range trackedFiles(t) {
		if !strings.HasSuffix(file, ".md") {
			continue
		}
		inside := false
		for line := range strings.SplitSeq(readDocument(t, file), "\n") {
			switch {
			case strings.HasPrefix(line, "```"):
				inside = line == "```promql"
			case inside && strings.TrimSpace(line) != "":
				all = append(all, query{file, line})
			}
		}
	}
	return all
}

// TestDocumentsNameMetricsThatExist holds every name of a metric in the prose.
func TestDocumentsNameMetricsThatExist(t *testing.T) {
	t.Parallel()
	known, name := words(t), regexp.MustCompile(`\b`+service.Namespace+`_[a-z]+_[a-z0-9_]+`)
	for _, r := range allRules(t) {
		known[r.Record] = metric{name: r.Record}
	}
	recorded := regexp.MustCompile(`[a-z_]+:` + service.Namespace + `_[a-z0-9_]+:[a-z0-9_]+`)
	for _, file := range trackedFiles(t) {
		if !strings.HasSuffix(file, ".md") || file == "CHANGELOG.md" {
			continue
		}
		text := recorded.ReplaceAllString(readDocument(t, file), "")
		for _, found := range name.FindAllString(text, -1) {
			if _, err := known.find(found); err != nil && known[found].name == "" {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}
