package endtoend

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// models is a registry as the roles are told of it, and as a test sees it.
type models struct {
	registry.Registry
	flags []string // of forecaster and trainer
}

// localModels is the registry in the place's data dir.
func localModels(p place) models {
	p.t.Helper()
	r, err := registry.NewLocal(filepath.Join(p.dir, "registry"))
	if err != nil {
		p.t.Fatal(err)
	}
	return models{Registry: r}
}

// alias is the version an alias points at, "" when there is none.
func (m models) alias(t *testing.T, name string) string {
	t.Helper()
	v, err := m.ByAlias(t.Context(), modelName, name)
	if errors.Is(err, registry.ErrNotFound) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	return v.Version
}

// loop is a forecaster and a server, with a trainer to come.
type loop struct {
	t      *testing.T
	place  place
	models models
	conn   *bus.Conn
	admin  string // of the trainer
}

// newLoop starts a server and a forecaster on months of real readings.
func newLoop(t *testing.T, open func(place) models, history realFile) *loop {
	t.Helper()
	server := bustest.Start(t)
	p := newPlace(t)
	p.nats = strings.TrimPrefix(server.URL(), "nats://")
	l := &loop{t: t, place: p, models: open(p), admin: freeAddress(t)}
	admin := freeAddress(t)
	t.Cleanup(p.role(slices.Concat([]string{"forecaster", "--nats-url", p.url(), "--data-dir", p.dir, "--admin-listen", admin}, l.models.flags)...))
	answers(t, "http://"+admin+"/readyz")
	l.conn = p.connect()
	p.must(publishing, "publish", history.path, "--history", "--nats-url", p.url(), "--unit", "kWh")
	return l
}

// trainer starts a trainer that nothing but a request or a missing champion moves.
func (l *loop) trainer(args ...string) *roleProcess {
	l.t.Helper()
	args = slices.Concat([]string{"trainer", "--nats-url", l.place.url(), "--data-dir", l.place.dir, "--admin-listen", l.admin, "--train-schedule", "0 0 1 1 *"}, l.models.flags, args)
	r := l.place.spawn(args...)
	answers(l.t, "http://"+l.admin+"/readyz")
	return r
}

// request asks for a cycle.
func (l *loop) request(payload string) streams.TrainingAnswer {
	l.t.Helper()
	m, err := l.conn.Request(l.t.Context(), streams.TrainingSubject, []byte(payload))
	if err != nil {
		l.t.Fatal(err)
	}
	a, err := streams.DecodeTrainingAnswer(m.Data)
	if err != nil {
		l.t.Fatal(err)
	}
	return a
}

// told waits for the event of a kind that tells of a cycle ("" of any).
func (l *loop) told(kind, cycle string, attempt int) streams.Event {
	l.t.Helper()
	var found streams.Event
	eventually(l.t, 3*time.Minute, kind, func() (bool, string) {
		noTrainingFailed(l.t, l.conn)
		m, ok, err := l.conn.LastBySubject(l.t.Context(), topology.Events, streams.EventSubject(kind))
		if err != nil || !ok {
			return false, fmt.Sprint("none, ", err)
		}
		if found, err = streams.DecodeEvent(m.Data); err != nil {
			l.t.Fatal(err)
		}
		return (cycle == "" || found.Training.Cycle == cycle) && found.Training.Attempt == attempt, string(m.Data)
	})
	return found
}

// served publishes the next hour of a series and waits until a version forecasts from it.
func (l *loop) served(series string, hour time.Time, version string) {
	l.t.Helper()
	id, _ := meter.ParseID(series)
	if _, err := l.conn.Publish(l.t.Context(), streams.PublicReadingSubject(id), hourly(hour, 1.25), ""); err != nil {
		l.t.Fatal(err)
	}
	f := awaitOrigin(l.t, l.conn, series, hour.Add(time.Hour))
	if f.Model == nil || f.Model.Version != version || f.Source != meter.SourceLSTM {
		l.t.Errorf("%s is forecast by %s, model %+v, want v%s", series, f.Source, f.Model, version)
	}
}

// inForce waits until the forecaster has put a version into all logs.
func (l *loop) inForce(version string) {
	l.t.Helper()
	eventually(l.t, patience, "v"+version+" in force", func() (bool, string) {
		m, ok, err := l.conn.LastBySubject(l.t.Context(), topology.Events, streams.EventSubject(streams.EventModelPromoted))
		return err == nil && ok && strings.Contains(string(m.Data), `"version":"`+version+`"`), string(m.Data)
	})
}

// trainingLoop is TestTrainingLoop with any registry; it returns the versions in their order.
func trainingLoop(t *testing.T, open func(place) models) []registry.Version {
	t.Helper()
	history := openReal(t, "citylearn.csv.gz")
	l := newLoop(t, open, history)
	const series = "citylearn.7"
	next := history.last[series].Add(time.Hour)

	first := l.trainer("--hidden", "16", "--iterations", "8")
	if e := l.told(streams.EventTrainingFinished, "", 1); e.Training.Trigger != streams.TriggerFirst || e.Model.Version != "1" || !strings.Contains(e.Text, "is champion: the first model") {
		t.Errorf("%+v", e)
	}
	l.inForce("1")
	l.served(series, next, "1")
	first.end()

	// One iteration from random weights: registered, refused, the champion serves on.
	second := l.trainer("--hidden", "4", "--iterations", "1")
	a := l.request(`{"start":"scratch","reason":"a worse one"}`)
	if a.Answer != streams.TrainingAccepted {
		t.Fatalf("%+v", a)
	}
	if b := l.request(``); b.Answer != streams.TrainingBusy || b.Cycle != a.Cycle {
		t.Errorf("while it runs: %+v", b)
	}
	if e := l.told(streams.EventTrainingFinished, a.Cycle, 1); e.Model.Version != "2" || !strings.Contains(e.Text, "does not serve") {
		t.Errorf("%+v", e)
	}
	if champion := l.models.alias(t, registry.Champion); champion != "1" {
		t.Errorf("champion is v%s", champion)
	}
	l.served(series, next.Add(time.Hour), "1")
	if got := trainerMetric(t, l.admin, `loadtide_trainer_training_runs_total{outcome="refused"}`); got != 1 {
		t.Errorf("%v cycles refused by the metric", got)
	}
	second.end()

	third := l.trainer("--hidden", "16", "--iterations", "100")
	a = l.request(``)
	if e := l.told(streams.EventTrainingFinished, a.Cycle, 1); e.Model.Version != "3" || !strings.Contains(e.Text, "is champion: seasonal naive: better by") {
		t.Errorf("%+v", e)
	}
	l.inForce("3")
	l.served(series, next.Add(2*time.Hour), "3")
	third.end()

	if champion, previous := l.models.alias(t, registry.Champion), l.models.alias(t, registry.Previous); champion != "3" || previous != "1" {
		t.Errorf("champion is v%s, previous v%s", champion, previous)
	}
	versions, err := l.models.Versions(t.Context(), modelName)
	if err != nil || len(versions) != 3 {
		t.Fatalf("%d versions, %v", len(versions), err)
	}
	for i, want := range []string{"first", "refused", "passed"} {
		v := versions[i]
		if v.Tags["loadtide.gate"] != want || v.Tags["loadtide.gate.naive"] == "" || v.Tags[registry.Description] == "" || (v.Metrics["gate_passed"] == 1) != (want != "refused") {
			t.Errorf("v%s: tags %v, metrics %v", v.Version, v.Tags, v.Metrics)
		}
		dir, err := l.models.Fetch(t.Context(), v)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := model.Load(dir); err != nil || m.Digest != v.Digest {
			t.Errorf("v%s: %v", v.Version, err)
		}
	}
	return versions
}

// trainerMetric reads one sample of a trainer's metrics.
func trainerMetric(t *testing.T, admin, sample string) float64 {
	t.Helper()
	code, body, err := fetch("http://" + admin + "/metrics")
	if err != nil || code != http.StatusOK {
		t.Fatalf("%d %v", code, err)
	}
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(sample) + ` (\S+)$`).FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("no %s in\n%s", sample, body)
	}
	value, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return value
}
