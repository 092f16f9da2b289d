package mlflow_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/loadtide/loadtide/pkg/mlflow"
	"github.com/loadtide/loadtide/pkg/mlflow/mlflowtest"
)

func TestMain(m *testing.M) { os.Exit(mlflowtest.Main(m)) }

var start = time.Date(2026, 1, 31, 14, 0, 0, 0, time.UTC)

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newRun(t *testing.T, c *mlflow.Client, tags ...mlflow.Tag) mlflow.Run {
	t.Helper()
	id := must[string](t)(c.EnsureExperiment(t.Context(), t.Name()))
	return must[mlflow.Run](t)(c.CreateRun(t.Context(), id, "first", start, tags))
}

func TestRun(t *testing.T) {
	t.Parallel()
	c, ctx := mlflowtest.Client(t), t.Context()
	run := newRun(t, c, mlflow.Tag{Key: "mlflow.source.name", Value: "loadtide"})
	id := run.Info.RunID
	if again := must[string](t)(c.EnsureExperiment(ctx, t.Name())); again != run.Info.ExperimentID {
		t.Errorf("experiment %s, then %s", run.Info.ExperimentID, again)
	}

	// More than one request holds, and every value that JSON has no number for.
	var metrics []mlflow.Metric
	for i := range 2500 {
		metrics = append(
			metrics,
			mlflow.Metric{
				Key: "loss", Value: mlflow.Number(1 / float64(i+1)), Timestamp: start.UnixMilli(),
				Step: int64(i),
			},
		)
	}
	special := map[string]float64{
		"nan": math.NaN(), "up": math.Inf(1), "down": math.Inf(-1), "tiny": 5e-324, "big": 1e300,
		"zero": 0,
	}
	for key, v := range special {
		metrics = append(
			metrics, mlflow.Metric{Key: key, Value: mlflow.Number(v), Timestamp: start.UnixMilli()},
		)
	}
	var params, tags []mlflow.Tag
	for i := range 130 {
		params = append(params, mlflow.Tag{Key: fmt.Sprintf("p%03d", i), Value: fmt.Sprint(i)})
		tags = append(tags, mlflow.Tag{Key: fmt.Sprintf("t%03d", i), Value: "ü 'quoted' \"twice\""})
	}
	for range 2 { // a repeat changes nothing
		ok(t, c.LogBatch(ctx, id, metrics, params, tags))
	}
	inputs := []mlflow.DatasetInput{{
		Dataset: mlflow.Dataset{
			Name: "readings", Digest: "0123456789abcdef", SourceType: "loadtide", Source: `{"from":"files"}`,
			Schema: "{}", Profile: `{"series":3}`,
		},
		Tags: []mlflow.Tag{{Key: "mlflow.data.context", Value: "training"}},
	}}
	for range 2 {
		ok(t, c.LogInputs(ctx, id, inputs))
	}
	ok(t, c.EndRun(ctx, id, mlflow.StatusFinished, start.Add(time.Hour)))

	got := must[mlflow.Run](t)(c.GetRun(ctx, id))
	if got.Info.Status != mlflow.StatusFinished || got.Info.Name != "first" ||
		got.Info.StartTime != start.UnixMilli() {
		t.Errorf("run %+v", got.Info)
	}
	if len(got.Data.Params) != len(params) {
		t.Errorf("%d params", len(got.Data.Params))
	}
	if diff := cmp.Diff(inputs, got.Inputs.Datasets); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
	last := map[string]float64{}
	for _, m := range got.Data.Metrics {
		last[m.Key] = float64(m.Value)
	}
	// what the server's database keeps of an infinity
	special["up"], special["down"] = math.MaxFloat64, -math.MaxFloat64
	delete(last, "loss")
	if diff := cmp.Diff(
		special, last, cmpopts.EquateNaNs(), cmpopts.EquateApprox(1e-9, 0),
	); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	history := must[[]mlflow.Metric](t)(c.MetricHistory(ctx, id, "loss"))
	if len(history) != 2500 || history[2499].Step != 2499 || history[9].Value != 0.1 {
		t.Errorf("%d values of loss", len(history))
	}

	err := c.LogBatch(ctx, id, nil, []mlflow.Tag{{Key: "p001", Value: "another"}}, nil)
	if !mlflow.Is(err, mlflow.KindRefused) || !strings.Contains(err.Error(), "p001") {
		t.Errorf("a param with another value: %v", err)
	}
	if _, err := c.GetRun(ctx, "nope"); !mlflow.Is(err, mlflow.KindNotFound) {
		t.Errorf("an unknown run: %v", err)
	}
}

func TestArtifacts(t *testing.T) {
	t.Parallel()
	c, ctx := mlflowtest.Client(t), t.Context()
	uri := newRun(t, c).Info.ArtifactURI
	files := map[string]string{
		"report.md": "# ü\n", "plots/a b+c&d.png": "\x89PNG\x00\xff", "plots/empty": "",
	}
	for name, text := range files {
		ok(t, c.Upload(ctx, uri, name, []byte("older, and longer than what comes")))
		ok(t, c.Upload(ctx, uri, name, []byte(text)))
	}
	for name, text := range files {
		if b := must[[]byte](t)(c.Download(ctx, uri, name, 100)); string(b) != text {
			t.Errorf("%s: %q", name, b)
		}
	}
	list := must[[]mlflow.File](t)(c.ListArtifacts(ctx, uri, "plots"))
	if len(list) != 2 || list[0].Path != "a b+c&d.png" || list[0].Size != 6 {
		t.Errorf("plots: %+v", list)
	}
	if _, err := c.Download(ctx, uri, "report.md", 3); err == nil ||
		!strings.Contains(err.Error(), "more than 3 bytes") {
		t.Errorf("more than was asked for: %v", err)
	}
	if _, err := c.Download(ctx, uri, "nope", 100); !mlflow.Is(err, mlflow.KindNotFound) {
		t.Errorf("a missing file: %v", err)
	}
	for _, name := range []string{"../x", "a/../../x", "/x", "a//b", ".", "a%20b"} {
		if err := c.Upload(ctx, uri, name, nil); !mlflow.Is(err, mlflow.KindRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := c.Upload(ctx, "s3://bucket/x", "a", nil); !mlflow.Is(err, mlflow.KindConfig) ||
		!strings.Contains(err.Error(), "--serve-artifacts") {
		t.Errorf("storage that is not the server's: %v", err)
	}
}

func TestRegisteredModels(t *testing.T) {
	t.Parallel()
	c, ctx := mlflowtest.Client(t), t.Context()
	const name = "TestRegisteredModels"
	if _, err := c.ByAlias(ctx, name, "champion"); !mlflow.Is(err, mlflow.KindNotFound) {
		t.Errorf("alias of no model: %v", err)
	}
	if all := must[[]mlflow.ModelVersion](t)(c.Versions(ctx, name)); len(all) != 0 {
		t.Errorf("versions of no model: %v", all)
	}
	ok(t, c.CreateRegisteredModel(ctx, name, "loads", []mlflow.Tag{{Key: "a", Value: "b"}}))
	if err := c.CreateRegisteredModel(ctx, name, "", nil); !mlflow.Is(err, mlflow.KindExists) {
		t.Errorf("twice: %v", err)
	}
	ok(t, c.UpdateRegisteredModel(ctx, name, "loads of an hour"))
	ok(t, c.SetRegisteredModelTag(ctx, name, mlflow.Tag{Key: "c", Value: "d"}))
	m := must[mlflow.RegisteredModel](t)(c.GetRegisteredModel(ctx, name))
	if m.Description != "loads of an hour" || len(m.Tags) != 2 || len(m.Aliases) != 0 {
		t.Errorf("model %+v", m)
	}
	_, err := c.ByAlias(ctx, name, "champion")
	var e *mlflow.Error
	if !errors.As(err, &e) || e.Kind != mlflow.KindNotFound || e.Status != http.StatusBadRequest ||
		e.Code != "INVALID_PARAMETER_VALUE" {
		t.Errorf("a missing alias: %v", err)
	}
	if _, err := c.Versions(ctx, "a'b"); !mlflow.Is(err, mlflow.KindRefused) {
		t.Errorf("a quote in a name: %v", err)
	}
}

// logModel logs a model of a run, with one file.
func logModel(t *testing.T, c *mlflow.Client, run mlflow.Run, name string) mlflow.LoggedModel {
	t.Helper()
	logged := must[mlflow.LoggedModel](t)(c.CreateLoggedModel(
		t.Context(), run.Info.ExperimentID, name, run.Info.RunID,
		[]mlflow.Tag{{Key: "hidden", Value: "64"}}, nil,
	))
	ok(t, c.Upload(t.Context(), logged.Info.ArtifactURI, "MLmodel", []byte("flavors: {}\n")))
	ok(t, c.FinalizeLoggedModel(t.Context(), logged.Info.ModelID, mlflow.ModelReady))
	return logged
}

func TestLoggedModels(t *testing.T) {
	t.Parallel()
	c, ctx := mlflowtest.Client(t), t.Context()
	run := newRun(t, c)
	id := logModel(t, c, run, "TestLoggedModels").Info.ModelID
	ok(t, c.SetLoggedModelTags(ctx, id, []mlflow.Tag{{Key: "x", Value: "y"}}))
	ok(t, c.LogOutput(ctx, run.Info.RunID, id, 3))
	m := must[mlflow.LoggedModel](t)(c.GetLoggedModel(ctx, id))
	if m.Info.Status != mlflow.ModelReady || m.Info.SourceRunID != run.Info.RunID {
		t.Errorf("logged model %+v", m)
	}
	got := must[mlflow.Run](t)(c.GetRun(ctx, run.Info.RunID))
	if len(got.Outputs.Models) != 1 || got.Outputs.Models[0].ModelID != id {
		t.Errorf("outputs %+v", got.Outputs)
	}
	other := must[mlflow.LoggedModel](t)(
		c.CreateLoggedModel(ctx, run.Info.ExperimentID, "TestLoggedModels", "", nil, nil),
	)
	ok(t, c.DeleteLoggedModel(ctx, other.Info.ModelID))
	if _, err := c.GetLoggedModel(ctx, other.Info.ModelID); !mlflow.Is(err, mlflow.KindNotFound) {
		t.Errorf("a model that is gone: %v", err)
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	c, ctx := mlflowtest.Client(t), t.Context()
	run := newRun(t, c)
	const name = "TestVersions"
	ok(t, c.CreateRegisteredModel(ctx, name, "", nil))
	logged := logModel(t, c, run, name)
	want := mlflow.NewVersion{
		Name: name, ModelID: logged.Info.ModelID, RunID: run.Info.RunID, Description: "first",
		Tags: []mlflow.Tag{{Key: "verdict", Value: "promoted"}},
	}
	for i := range 3 {
		if v := must[mlflow.ModelVersion](t)(c.CreateVersion(ctx, want)); v.Version != fmt.Sprint(i+1) {
			t.Errorf("version %s", v.Version)
		}
	}
	ok(t, c.SetAlias(ctx, name, "champion", "2"))
	ok(t, c.SetVersionTag(ctx, name, "2", mlflow.Tag{Key: "late", Value: "1"}))
	ok(t, c.UpdateVersion(ctx, name, "2", "second"))
	v := must[mlflow.ModelVersion](t)(c.ByAlias(ctx, name, "champion"))
	late, _ := v.Tag("late")
	verdict, _ := v.Tag("verdict")
	if v.Version != "2" || v.RunID != run.Info.RunID || v.Description != "second" || late != "1" ||
		verdict != "promoted" || v.Status != "READY" {
		t.Errorf("champion %+v", v)
	}
	if v := must[mlflow.ModelVersion](t)(c.Version(ctx, name, "3")); v.Description != "first" {
		t.Errorf("version 3 %+v", v)
	}
	if uri := must[string](t)(c.DownloadURI(ctx, name, "2")); uri != logged.Info.ArtifactURI {
		t.Errorf("lies at %s, was put to %s", uri, logged.Info.ArtifactURI)
	}
	if all := must[[]mlflow.ModelVersion](t)(c.Versions(ctx, name)); len(all) != 3 ||
		all[0].Version != "3" || all[2].Version != "1" {
		t.Errorf("versions %v", all)
	}
	m := must[mlflow.RegisteredModel](t)(c.GetRegisteredModel(ctx, name))
	if len(m.Aliases) != 1 || m.Aliases[0].Version != "2" {
		t.Errorf("model %+v", m)
	}
	ok(t, c.DeleteAlias(ctx, name, "champion"))
	if _, err := c.ByAlias(ctx, name, "champion"); !mlflow.Is(err, mlflow.KindNotFound) {
		t.Errorf("an alias that is gone: %v", err)
	}
}

// TestWrongHost calls the server by a host that it does not allow, such as the name of a container.
func TestWrongHost(t *testing.T) {
	t.Parallel()
	proxy := faulty(t, func(_ int, r *http.Request) bool { r.Host = "mlflow:5000"; return true }, nil)
	c := client(t, proxy, nil)
	err := c.Health(t.Context())
	if !mlflow.Is(err, mlflow.KindConfig) || !strings.Contains(err.Error(), "--allowed-hosts") ||
		strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}

func TestEndedContext(t *testing.T) {
	t.Parallel()
	c := mlflowtest.Client(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Health(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	ok(t, c.Health(t.Context()))
}

// Runs that have not ended are found by their tag.
func TestOpenRuns(t *testing.T) {
	t.Parallel()
	c, ctx := mlflowtest.Client(t), t.Context()
	experiment := must[string](t)(c.EnsureExperiment(ctx, t.Name()))
	tag := mlflow.Tag{Key: "loadtide.cycle", Value: "A B-1"}
	run := must[mlflow.Run](t)(c.CreateRun(ctx, experiment, "one", start, []mlflow.Tag{tag}))
	must[mlflow.Run](t)(
		c.CreateRun(ctx, experiment, "other", start, []mlflow.Tag{{Key: tag.Key, Value: "C"}}),
	)
	if open := must[[]mlflow.Run](t)(c.OpenRuns(ctx, experiment, tag)); len(open) != 1 ||
		open[0].Info.RunID != run.Info.RunID {
		t.Errorf("open: %+v", open)
	}
	if err := c.EndRun(ctx, run.Info.RunID, mlflow.StatusKilled, start.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if open := must[[]mlflow.Run](t)(c.OpenRuns(ctx, experiment, tag)); len(open) != 0 {
		t.Errorf("after its end: %+v", open)
	}
	if _, err := c.OpenRuns(
		ctx, experiment, mlflow.Tag{Key: "k", Value: "' or 'a' = 'a"},
	); err == nil {
		t.Error("a quote was searched for")
	}
}
