package endtoend

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/loadtide/loadtide/pkg/servertest"
)

// prometheusServer is a real Prometheus under the configuration that is shipped.
type prometheusServer struct {
	t   *testing.T
	url string
}

// startPrometheus starts Prometheus on the shipped configuration and rules with seconds in place of
// minutes, and with each address in the place of the target before it, as in "loadtide:8080",
// address.
func startPrometheus(t *testing.T, places ...string) *prometheusServer {
	t.Helper()
	servertest.Require(t, servertest.Servers)
	binary, err := exec.LookPath("prometheus")
	if err != nil {
		servertest.Missing(t, "", errors.New("prometheus is not installed: apt-get install prometheus"))
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "rules"), 0o700); err != nil {
		t.Fatal(err)
	}
	often := regexp.MustCompile(`(?m)((?:scrape_|evaluation_|^ {4})(?:interval|timeout)): \w+$`)
	shipped := filepath.Join(root(t), "deployments", "prometheus")
	for _, from := range append(
		prometheusFiles(t, "rules"), filepath.Join(shipped, "prometheus.yml"),
	) {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(shipped, from)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer(places...).Replace(often.ReplaceAllString(string(data), "$1: 1s"))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	own := freeAddress(t)
	server := &servertest.Process{
		Name: "prometheus", Ready: "http://" + own + "/-/ready", Limit: patience,
	}
	if err := server.Start(binary, "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+own); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return &prometheusServer{t: t, url: "http://" + own}
}

// ask gets a page of its API and decodes the data.
func (s *prometheusServer) ask(path string, into any) error {
	code, body, err := fetch(s.url + path)
	if err != nil || code != http.StatusOK {
		return fmt.Errorf("GET %s: %d %s %w", path, code, body, err)
	}
	answer := struct{ Data any }{into}
	return json.Unmarshal([]byte(body), &answer)
}

// sample is one element of the answer to an instant query.
type sample struct {
	Metric map[string]string
	Value  [2]any // time and value, the latter as text
}

func (s *prometheusServer) query(promql string) []sample {
	s.t.Helper()
	var data struct{ Result []sample }
	if err := s.ask("/api/v1/query?query="+url.QueryEscape(promql), &data); err != nil {
		s.t.Fatal(err)
	}
	return data.Result
}

// TestPrometheusRunsWhatIsShipped lets a real Prometheus scrape a running demo and judge it by the
// shipped rules: all of them are evaluated without an error, those of what runs here have values,
// and no alert fires, whatever does not run.
func TestPrometheusRunsWhatIsShipped(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := startPrometheus(t, "loadtide:8080", p.http)
	p.up("--demo", "--train-schedule", "off", "--simulate-meters", "6", "--simulate-step", "200ms")

	// What never ran is down and no alert; what runs has its values and every rule its turn.
	for _, want := range []string{
		`up{role="up"} == 1`,
		`slo:loadtide_events:per_minute{slo="latency"} > 0`,
		`slo:loadtide_burn:ratio5m{slo="latency"}`,
		`fleet:loadtide_forecaster_pending_messages:sum >= 0`,
		`fleet:loadtide_readings_rejected:ratio15m == 0`,
	} {
		eventually(t, patience, want, func() (bool, string) {
			return len(s.query(want)) == 1, fmt.Sprint(s.query(want))
		})
	}
	eventually(t, patience, "every rule is evaluated", func() (bool, string) {
		var data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
		if err := s.ask("/api/v1/rules", &data); err != nil {
			return false, err.Error()
		}
		rules := 0
		for _, g := range data.Groups {
			for _, r := range g.Rules {
				rules++
				if r.LastError != "" {
					t.Fatalf("rule %s: %s", r.Name, r.LastError)
				}
				if r.Health != "ok" {
					return false, r.Name + " is " + r.Health
				}
			}
		}
		return rules == len(allRules(t)), fmt.Sprintf("%d rules", rules)
	})
	if firing := s.query(`ALERTS{alertstate="firing"}`); len(firing) > 0 {
		t.Errorf("alerts of a healthy demo: %v", firing)
	}

	problems, err := promlint.New(strings.NewReader(p.page("/metrics"))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
}
