package endtoend

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/secret"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/forecaster"
	"github.com/loadtide/loadtide/services/gateway"
	"github.com/loadtide/loadtide/services/recorder"
	"github.com/loadtide/loadtide/services/simulator"
	"github.com/loadtide/loadtide/services/trainer"
	"github.com/loadtide/loadtide/streams"
)

// metric is one family as code or document describe it.
type metric struct {
	name, help string
	// counter, gauge or histogram; "" where the code has no series of it yet
	kind   string
	labels []string // sorted
	// of labels, sorted; of the code those that are there from the start
	values map[string][]string
	bounds []float64 // of a histogram that has a series
}

// registries builds every role as the commands do and returns what it registers, by role.
func registries(t *testing.T) map[string]*prometheus.Registry {
	t.Helper()
	all := map[string]*prometheus.Registry{}
	reg := func(role string) *prometheus.Registry {
		all[role] = prometheus.NewPedanticRegistry()
		return all[role]
	}
	if _, err := forecaster.New(flagtest.Defaults[forecaster.Config](t), forecaster.Deps{
		Metrics: reg("forecaster"), Now: time.Now,
	}); err != nil {
		t.Fatal(err)
	}
	recording := flagtest.Defaults[recorder.Config](t)
	recording.Influx.URL = "http://127.0.0.1:1"
	recording.Influx.Org, recording.Influx.Bucket, recording.Influx.Token = "o", "b", secret.New("t")
	if _, err := recorder.New(recording, recorder.Deps{
		NATS: recorder.FromBus(nil), Metrics: reg("recorder"), Now: time.Now,
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := gateway.New(flagtest.Defaults[gateway.Config](t), gateway.Deps{
		Store:      (*bus.Conn)(nil),
		OpenReader: func(context.Context) (gateway.Reader, error) { return nil, context.Canceled },
		Partitions: func(context.Context) (int, error) { return 0, context.Canceled },
		Metrics:    reg("gateway"), Now: time.Now,
	}); err != nil {
		t.Fatal(err)
	}
	played := simulator.Deps{
		Publisher: silent{}, Dir: t.TempDir(), Now: time.Now, Metrics: reg("simulator"),
	}
	if _, err := simulator.New(flagtest.Defaults[simulator.Config](t), played); err != nil {
		t.Fatal(err)
	}
	if _, err := trainer.New(trainer.DefaultConfig(), trainer.Deps{
		Metrics: reg("trainer"),
	}); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root(t), "services", "*", "metrics.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if role := filepath.Base(filepath.Dir(file)); all[role] == nil {
			t.Errorf("the metrics of the %s are held against nothing: build it here", role)
		}
	}
	return all
}

// silent is a publisher for a simulator that is not run.
type silent struct{}

func (silent) PublishReadings(context.Context, meter.ID, []streams.Reading) error {
	return context.Canceled
}

func (silent) PublishPayload(context.Context, meter.ID, []byte) error { return context.Canceled }

func (silent) Flush(context.Context) error { return context.Canceled }

// described reads what a registry holds: each family, with a series or without.
func described(t *testing.T, reg *prometheus.Registry) map[string]metric {
	t.Helper()
	descriptions := make(chan *prometheus.Desc)
	go func() { reg.Describe(descriptions); close(descriptions) }()
	form := regexp.MustCompile(`fqName: "([^"]+)", help: "([^"]*)".*constLabels: {([^}]*)}, variableLabels: {([^}]*)}`)
	constant := regexp.MustCompile(`([a-z_]+)="`)
	all := map[string]metric{}
	for d := range descriptions {
		m := form.FindStringSubmatch(d.String())
		if m == nil {
			t.Fatalf("cannot read %s", d)
		}
		one := metric{name: m[1], help: m[2], values: map[string][]string{}}
		if m[4] != "" {
			one.labels = strings.Split(m[4], ",")
		}
		for _, l := range constant.FindAllStringSubmatch(m[3], -1) {
			one.labels = append(one.labels, l[1])
		}
		slices.Sort(one.labels)
		all[one.name] = one
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		one, ok := all[f.GetName()]
		if !ok {
			t.Fatalf("%s is gathered and not described", f.GetName())
		}
		one.kind = strings.ToLower(f.GetType().String())
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if !slices.Contains(one.values[l.GetName()], l.GetValue()) {
					one.values[l.GetName()] = append(one.values[l.GetName()], l.GetValue())
				}
			}
			one.bounds = nil
			for _, b := range m.GetHistogram().GetBucket() {
				one.bounds = append(one.bounds, b.GetUpperBound())
			}
		}
		for _, values := range one.values {
			slices.Sort(values)
		}
		all[one.name] = one
	}
	return all
}

// documented reads the tables of docs/metrics.md, by role; what every role has is under "every
// role".
func documented(t *testing.T) map[string]map[string]metric {
	t.Helper()
	row := regexp.MustCompile("^\\| `(" + service.Namespace + "_[a-z0-9_]+)` \\| ([a-z]+) \\| ([^|]*)\\| ([^|]+) \\|$")
	label := regexp.MustCompile("^`([a-z]+)`(?:: ([A-Za-z0-9_, ]+))?$")
	all := map[string]map[string]metric{}
	role := ""
	for _, line := range strings.Split(readDocument(t, "docs/metrics.md"), "\n") {
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			role = strings.ToLower(heading)
			continue
		}
		m := row.FindStringSubmatch(line)
		if m == nil {
			if strings.HasPrefix(line, "| `"+service.Namespace) {
				t.Errorf("docs/metrics.md: a row is not | `name` | type | labels | meaning |: %s", line)
			}
			continue
		}
		one := metric{name: m[1], kind: m[2], help: m[4], values: map[string][]string{}}
		for part := range strings.SplitSeq(strings.TrimSpace(m[3]), "; ") {
			if part == "" {
				continue
			}
			l := label.FindStringSubmatch(part)
			if l == nil {
				t.Errorf("docs/metrics.md: %s: a label is not `name` or `name`: value, value: %s", one.name, part)
				continue
			}
			one.labels = append(one.labels, l[1])
			if l[2] != "" {
				one.values[l[1]] = slices.Sorted(slices.Values(strings.Split(l[2], ", ")))
			}
		}
		slices.Sort(one.labels)
		if all[role] == nil {
			all[role] = map[string]metric{}
		}
		if _, twice := all[role][one.name]; twice {
			t.Errorf("docs/metrics.md: %s is there twice", one.name)
		}
		all[role][one.name] = one
	}
	return all
}

// TestMetricsAreDocumented holds docs/metrics.md against what each role registers, both ways: names, types, labels and those
// of their values that are there from the start.
func TestMetricsAreDocumented(t *testing.T) {
	t.Parallel()
	document := documented(t)
	for role, reg := range registries(t) {
		code, written := described(t, reg), document[role]
		for _, name := range slices.Sorted(maps.Keys(code)) {
			have, said := code[name], written[name]
			switch {
			case said.name == "":
				t.Errorf("docs/metrics.md: section %q has no row for %s", role, name)
			case have.kind != "" && have.kind != said.kind:
				t.Errorf("docs/metrics.md: %s is a %s, says %s", name, have.kind, said.kind)
			case !slices.Equal(have.labels, said.labels):
				t.Errorf("docs/metrics.md: %s has labels %q, says %q", name, have.labels, said.labels)
			}
			for label, values := range have.values {
				if said.name != "" && !slices.Equal(values, said.values[label]) {
					t.Errorf("docs/metrics.md: %s begins with %s of %q, says %q", name, label, values, said.values[label])
				}
			}
		}
		for _, name := range slices.Sorted(maps.Keys(written)) {
			if code[name].name == "" {
				t.Errorf("docs/metrics.md: the %s has no %s", role, name)
			}
		}
	}
}

// TestMetricsFollowTheRules lints all families by Prometheus' own rules, and their names by the rules
// of this repository.
func TestMetricsFollowTheRules(t *testing.T) {
	t.Parallel()
	kinds := map[string]dto.MetricType{"counter": dto.MetricType_COUNTER, "gauge": dto.MetricType_GAUGE, "histogram": dto.MetricType_HISTOGRAM}
	document := documented(t)
	lint := func(families ...*dto.MetricFamily) []promlint.Problem {
		t.Helper()
		problems, err := promlint.NewWithMetricFamilies(families).Lint()
		if err != nil {
			t.Fatal(err)
		}
		return problems
	}
	text := func(s string) *string { return &s }
	bad := dto.MetricType_COUNTER
	if len(lint(&dto.MetricFamily{Name: text("loadtide_things"), Help: text("Things."), Type: &bad, Metric: []*dto.Metric{{}}})) == 0 {
		t.Fatal("the rule does not bite")
	}
	for role, reg := range registries(t) {
		for name, m := range described(t, reg) {
			if !strings.HasPrefix(name, service.Namespace+"_"+role+"_") {
				t.Errorf("%s: its name does not begin with %s_%s_", name, service.Namespace, role)
			}
			// A family without a series has no type yet; the document's is held against the code's where there is one.
			kind, ok := kinds[document[role][name].kind]
			if !ok {
				continue // told by TestMetricsAreDocumented
			}
			one := &dto.Metric{}
			for _, l := range m.labels {
				if l == "series" || l == "site" || l == "meter" {
					t.Errorf("%s: %s is a label; a series never is", name, l)
				}
				one.Label = append(one.Label, &dto.LabelPair{Name: text(l), Value: text("x")})
			}
			for _, problem := range lint(&dto.MetricFamily{Name: &name, Help: &m.help, Type: &kind, Metric: []*dto.Metric{one}}) {
				t.Errorf("%s: %s", problem.Metric, problem.Text)
			}
		}
	}
}

// vocabulary is all that a query may name.
type vocabulary map[string]metric

// words returns the metrics of all roles and of the libraries, with the values of labels as documented, and those that
// Prometheus makes of targets and alerts. Every one has the labels of its target.
func words(t *testing.T) vocabulary {
	t.Helper()
	document, all := documented(t), vocabulary{}
	for role, reg := range registries(t) {
		for name, m := range described(t, reg) {
			said := document[role][name]
			m.kind, m.values = said.kind, said.values // none where the document lacks it, which is told elsewhere
			if m.kind == "histogram" && m.bounds == nil {
				m.bounds = service.LatencyBuckets()
			}
			all[name] = m
		}
	}
	maps.Copy(all, document["every role"]) // made by services/loadtide
	for name, m := range described(t, service.NewRegistry()) {
		m.values = map[string][]string{}
		all[name] = m
	}
	for _, name := range []string{"up", "scrape_duration_seconds", "scrape_samples_scraped"} {
		all[name] = metric{name: name, kind: "gauge", values: map[string][]string{}}
	}
	ofTarget := targetLabels(t)
	for name, m := range all {
		values := map[string][]string{}
		maps.Copy(values, m.values)
		m.values = values
		for label, values := range ofTarget {
			m.labels = append(slices.Clone(m.labels), label)
			if values != nil {
				m.values[label] = values
			}
		}
		all[name] = m
	}
	for _, name := range []string{"ALERTS", "ALERTS_FOR_STATE"} {
		all[name] = metric{name: name, kind: "gauge", labels: []string{"alertname", "alertstate", "severity", "slo"}, values: map[string][]string{
			"alertstate": {"firing", "pending"}, "severity": {"page", "ticket"},
		}}
	}
	return all
}

// find returns the metric that a series belongs to: of a histogram its series do, and it itself does not.
func (v vocabulary) find(series string) (m metric, err error) {
	if m, ok := v[series]; ok {
		if m.kind == "histogram" {
			return m, fmt.Errorf("%s is a histogram: ask for its _bucket, _sum or _count", series)
		}
		return m, nil
	}
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		name, cut := strings.CutSuffix(series, suffix)
		if m, ok := v[name]; cut && ok && m.kind == "histogram" {
			if suffix == "_bucket" {
				m.labels = append(slices.Clone(m.labels), "le")
			}
			return m, nil
		}
	}
	return m, fmt.Errorf("no registry has %s", series)
}
