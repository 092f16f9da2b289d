package endtoend

import (
	"regexp"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/servertest"
	"github.com/loadtide/loadtide/pkg/service"
)

// TestQueriesNameWhatIsExported holds every query of dashboards, rules, tests of rules and
// documents against the code: metrics, labels and those of their values that are known beforehand.
func TestQueriesNameWhatIsExported(t *testing.T) {
	t.Parallel()
	servertest.Require(t, servertest.Long)
	rules := allRules(t)
	queries := make([]query, 0, len(rules))
	for _, r := range rules {
		queries = append(queries, query{"rule " + r.Record + r.Alert, r.Expr})
	}
	queries = append(queries, dashboardQueries(t)...)
	queries = append(queries, ruleTestQueries(t)...)
	queries = append(queries, documentQueries(t)...)
	known, parts := words(t), takeApart(t, queries)
	known.addRecorded(rules, parts)
	for i := range parts {
		for _, fault := range known.faults(&parts[i]) {
			t.Errorf("%s: %s\n\t%s", queries[i].where, fault, queries[i].text)
		}
	}
	document := readDocument(t, "docs/metrics.md")
	for _, r := range rules {
		if r.Record != "" && !strings.Contains(document, "`"+r.Record+"`") {
			t.Errorf("docs/metrics.md does not name %s", r.Record)
		}
	}
	for _, m := range regexp.MustCompile("`([a-z_]+:"+service.Namespace+"_[a-z_]+:[a-z0-9_]+)`").FindAllStringSubmatch(document, -1) {
		if known[m[1]].name == "" {
			t.Errorf("docs/metrics.md: no rule records %s", m[1])
		}
	}
}

// TestQueryRulesBite holds the rules of this file against queries that are wrong.
func TestQueryRulesBite(t *testing.T) {
	t.Parallel()
	servertest.Require(t, servertest.Long)
	known := words(t)
	wrong := map[string]string{
		`loadtide_forecaster_readings`:                                               "no registry has",
		`sum(rate(loadtide_forecaster_reading_age_seconds[5m]))`:                     "is a histogram",
		`loadtide_forecaster_readings_total_count`:                                   "no registry has",
		`loadtide_forecaster_readings_total{result="applied"}`:                       "has no label result",
		`loadtide_forecaster_readings_total{outcome="apllied"}`:                      "it is never",
		`loadtide_forecaster_readings_total{outcome=~"applied|lost"}`:                "it is never",
		`loadtide_forecaster_readings_total{role="forcaster"}`:                       "it is never",
		`rate(loadtide_forecaster_reading_age_seconds_bucket{le="3"}[5m])`:           "it is never",
		`sum by (series) (loadtide_forecaster_readings_total)`:                       "to group by",
		`loadtide_gateway_series * on (route) loadtide_forecaster_readings_total`:    "to group by",
		`histogram_quantile(0.9, sum by (le) (rate(process_cpu_seconds_total[5m])))`: "to group by",
		`sum(`:                  "parse error",
		`{outcome="applied"}`:   "without a metric's name",
		`increase(up[5m]) > 0.`: "",
	}
	var queries []query
	for text := range wrong {
		queries = append(queries, query{"", text})
	}
	for i, p := range takeApart(t, queries) {
		faults := strings.Join(known.faults(&p), "; ")
		if want := wrong[queries[i].text]; !strings.Contains(faults, want) || want == "" && faults != "" {
			t.Errorf("%s: faults %q, want one with %q", queries[i].text, faults, want)
		}
	}
}
