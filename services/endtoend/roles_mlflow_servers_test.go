package endtoend

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/mlflow/mlflowtest"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/servertest"
	"github.com/loadtide/loadtide/streams"
)

// TestServesWhileMLflowIsAway takes MLflow away from a process that serves its champion, kills and
// starts that process meanwhile, and brings MLflow back with another champion: forecasts by the
// model in force go on, the other one is taken over with nothing done by hand, and little is said.
func TestServesWhileMLflowIsAway(t *testing.T) {
	t.Parallel()
	proxy := servertest.NewProxy(t, mlflowtest.Server(t))
	kept := registry.NewMLflow(mlflowtest.Client(t), t.TempDir(), nil)
	register := func(seed uint64) registry.Version {
		t.Helper()
		dir := t.TempDir()
		made := registerRandom(t, dir, seed)
		models, err := registry.NewLocal(dir)
		if err != nil {
			t.Fatal(err)
		}
		folder, err := models.Fetch(t.Context(), made)
		if err != nil {
			t.Fatal(err)
		}
		v, err := kept.Register(t.Context(), modelName, folder)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	promote := func(v registry.Version) {
		t.Helper()
		if err := kept.SetAlias(t.Context(), modelName, registry.Champion, v.Version); err != nil {
			t.Fatal(err)
		}
	}
	first, second := register(7), register(8)
	promote(first)

	p := newPlace(t)
	flags := []string{"--train-schedule", "off", "--mlflow-url", proxy.URL(), "--mlflow-timeout", "2s", "--mlflow-retries", "1"}
	process := p.up(flags...)
	conn := p.connect()
	past, hour := pastHours(200)
	publish := func(readings []byte) {
		t.Helper()
		if _, err := conn.Publish(t.Context(), streams.PublicReadingSubject(meter.ID{Site: "away", Meter: "m1"}), readings, ""); err != nil {
			t.Fatal(err)
		}
	}
	publish(streams.AppendReadings(nil, past))
	serves := func(when string, v registry.Version) {
		t.Helper()
		publish(hourly(hour, 2))
		hour = hour.Add(time.Hour)
		f := awaitOrigin(t, conn, "away.m1", hour)
		if f.Source != meter.SourceLSTM || f.Model == nil || f.Model.Digest != v.Digest ||
			f.Model.Version != v.Version {
			t.Fatalf("%s: %s forecast by %+v, want v%s %s", when, f.Source, f.Model, v.Version, v.Digest)
		}
	}
	serves("at first", first)
	models := func(words ...string) {
		t.Helper()
		eventually(t, patience, "GET /v1/models says "+strings.Join(words, " "), func() (bool, string) {
			code, page, err := fetch("http://" + p.http + "/v1/models")
			missing := slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(page, word) })
			return err == nil && code == http.StatusOK && !missing, page
		})
	}
	models(`"registry":"ok"`, first.Digest) // the gateway has asked once

	refused := proxy.Refuse()
	away := func() int { return strings.Count(process.said.String(), "registry is away") }
	eventually(t, patience, "it is told", func() (bool, string) { return away() > 0, process.said.String() })
	before := refused()
	eventually(t, patience, "more looks at the registry", func() (bool, string) {
		return refused() >= before+6, fmt.Sprint(refused()) // a look is a call and a retry
	})
	serves("away", first)
	if said := away(); said != 1 {
		t.Errorf("told %d times that the registry is away", said)
	}
	models(`"registry":"away"`, first.Digest)
	process.kill()
	p.up(flags...)
	conn = p.connect()
	serves("started again without MLflow", first)
	if text, code := p.run(
		patience, "models", "list", "--data-dir", p.dir, "--mlflow-url", proxy.URL(), "--mlflow-retries",
		"0",
	); code != 1 || !strings.Contains(text, "unavailable") {
		t.Errorf("models list: %d %s", code, text)
	}

	promote(second)
	proxy.On()
	eventually(t, patience, "the other champion is taken over", func() (bool, string) {
		return p.metric(`loadtide_forecaster_model_info{alias="champion",interval="1h",version="`+second.Version+`"}`) == 1, "not there"
	})
	serves("back", second)
	models(`"registry":"ok"`, `"version":"`+second.Version+`","digest":"`+second.Digest+`"`, `"aliases":["champion"]`)
}

// TestFirstStartWaitsForMLflow begins with neither streams nor MLflow: the start waits, for no
// reading may precede the first model, and goes on by itself.
func TestFirstStartWaitsForMLflow(t *testing.T) {
	t.Parallel()
	proxy := servertest.NewProxy(t, mlflowtest.Server(t))
	proxy.Off()
	p := newPlace(t)
	process := p.begin("--train-schedule", "off", "--mlflow-url", proxy.URL(), "--mlflow-retries", "0")
	eventually(t, patience, "it says what it waits for", func() (bool, string) {
		process.alive()
		return strings.Contains(process.said.String(), "waits for the registry"), process.said.String()
	})
	proxy.On()
	process.ready()
}
