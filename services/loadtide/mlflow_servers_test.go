package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/mlflow"
	"github.com/loadtide/loadtide/pkg/mlflow/mlflowtest"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/pkg/service"
)

// readingsFile is a CSV of three households.
func readingsFile(t *testing.T) string {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	b.WriteString("series,timestamp,value\n")
	for m := range 3 {
		for i := range 50 * 24 {
			v := float64(m+1) * (2 + math.Sin(2*math.Pi*float64(i+m)/24) + 0.2*random.NormFloat64())
			fmt.Fprintf(&b, "home.m%d,%s,%.3f\n", m, time.Unix(1_700_006_400+int64(i)*3600, 0).UTC().Format(time.RFC3339), v)
		}
	}
	path := filepath.Join(t.TempDir(), "readings.csv")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTrainedModelOpensElsewhere trains into MLflow by the command, and lets Python load what is
// registered.
func TestTrainedModelOpensElsewhere(t *testing.T) {
	t.Parallel()
	url, client, ctx, data := mlflowtest.Server(t), mlflowtest.Client(t), t.Context(), t.TempDir()
	flags := []string{"--mlflow-url", url, "--mlflow-experiment", t.Name(), "--mlflow-timeout", "1m", "--data-dir", data}
	readings := readingsFile(t)
	stdout, stderr, code := said(slices.Concat([]string{"train", "--data", readings, "--register", "load-1h", "--quick", "--hidden", "8", "--iterations", "60"}, flags)...)
	if code != service.ExitOK && code != service.ExitNo {
		t.Fatalf("exit code %d: %s %s", code, stdout, stderr)
	}
	// Better than the base model or not: the champion is what is looked at.
	promote := slices.Concat([]string{"models", "promote", "1", "--name", "load-1h"}, flags)
	if stdout, stderr, code = said(promote...); code != service.ExitOK {
		t.Fatalf("exit code %d: %s %s", code, stdout, stderr)
	}
	if _, err := os.Stat(registryDir(data)); err == nil {
		t.Error("a local registry was made as well")
	}
	kept := registry.NewMLflow(client, t.TempDir(), nil)
	v, err := kept.ByAlias(ctx, "load-1h", registry.Champion)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := kept.Fetch(ctx, v)
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	checkRun(t, client, v)

	feeds := []map[string]tensor{randomFeed(m.Spec, 1, 1), randomFeed(m.Spec, 30, 5)}
	for _, uri := range []string{"models:/load-1h@champion", "models:/load-1h/" + v.Version, dir} {
		got := loadByPython(t, url, uri, feeds)
		for i, feed := range append(feeds, got.Example) {
			want := forecastOf(m, feed)
			for kind, all := range map[string][]map[string]tensor{"pyfunc": got.Function, "onnx": got.ONNX} {
				if i == len(feeds) {
					continue
				}
				if apart := mostApart(t, all[i]["quantiles"], want); !(apart <= 1e-5) {
					t.Errorf("%s of %s: feed %d is %.2g apart", kind, uri, i, apart)
				}
			}
		}
		if !slices.Equal(got.Signature.Outputs, []string{"c_out", "h_out", "quantiles"}) ||
			!slices.Contains(got.Signature.Inputs, "sequence") || len(got.Example) != len(feeds[0]) {
			t.Errorf("signature %+v, example of %d inputs", got.Signature, len(got.Example))
		}
	}

	for _, args := range [][]string{{"models", "list"}, {"models", "show"}, {"models", "promote", v.Version}, {"backtest", "--data", readings, "--model", "load-1h@champion"}, {"forecast", "--data", readings, "--series", "home.m1", "--model", "load-1h@champion"}} {
		if stdout, stderr, code := said(slices.Concat(args, flags)...); code != service.ExitOK ||
			!strings.Contains(stdout+stderr, "load-1h") && args[0] == "models" {
			t.Errorf("%v: exit code %d, %s %s", args, code, stdout, stderr)
		}
	}
}

// checkRun holds the run of a version against what a run has to have.
func checkRun(t *testing.T, c *mlflow.Client, v registry.Version) {
	t.Helper()
	ctx := t.Context()
	run, err := c.GetRun(ctx, v.Tags[registry.Run])
	if err != nil {
		t.Fatal(err)
	}
	if run.Info.Status != mlflow.StatusFinished || len(run.Data.Params) < 8 ||
		len(run.Outputs.Models) != 1 {
		t.Errorf("run %+v, %d params, outputs %v", run.Info, len(run.Data.Params), run.Outputs)
	}
	if len(run.Inputs.Datasets) != 1 || len(run.Inputs.Datasets[0].Dataset.Digest) != 32 || !strings.Contains(run.Inputs.Datasets[0].Dataset.Profile, `"readings":3600`) {
		t.Errorf("inputs %+v", run.Inputs)
	}
	final := map[string]bool{}
	for _, m := range run.Data.Metrics {
		final[m.Key] = true
	}
	for _, name := range []string{"train_loss", "valid_loss", "pinball", "coverage80", "skill_day", "gate_passed"} {
		if !final[name] {
			t.Errorf("no metric %s", name)
		}
	}
	losses, err := c.MetricHistory(ctx, run.Info.RunID, "train_loss")
	if err != nil || len(losses) < 2 || losses[len(losses)-1].Step <= losses[0].Step {
		t.Errorf("losses %v, %v", losses, err)
	}
	files, err := c.ListArtifacts(ctx, run.Info.ArtifactURI, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"loss_curve.png", "forecasts.png", "error_by_lead.png", "calibration.png", "evaluation.json", "evaluation.md", "card.md"} {
		if !slices.ContainsFunc(files, func(f mlflow.File) bool {
			return f.Path == name && f.Size > 100
		}) {
			t.Errorf("no artifact %s", name)
		}
	}
	if v.Tags[registry.Description] == "" || v.Tags["loadtide.gate"] == "" {
		t.Errorf("tags %v", v.Tags)
	}
}

// tensor is an array as testdata/mlflow_load.py reads and prints it.
type tensor struct {
	Shape []int     `json:"shape"`
	Data  []float64 `json:"data"`
}

// loaded is what the script prints.
type loaded struct {
	Example   map[string]tensor                  `json:"example"`
	Function  []map[string]tensor                `json:"pyfunc"`
	ONNX      []map[string]tensor                `json:"onnx"`
	Signature struct{ Inputs, Outputs []string } `json:"signature"`
}

func loadByPython(t *testing.T, tracking, uri string, feeds []map[string]tensor) loaded {
	t.Helper()
	in, err := json.Marshal(feeds)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	script := exec.CommandContext(ctx, mlflowtest.Python(t), filepath.Join("testdata", "mlflow_load.py"), uri)
	var said bytes.Buffer
	script.Stdin, script.Stderr = bytes.NewReader(in), &said
	script.Env = append(os.Environ(), "MLFLOW_TRACKING_URI="+tracking, "MLFLOW_DISABLE_TELEMETRY=true")
	out, err := script.Output()
	if err != nil {
		t.Fatalf("mlflow_load.py %s: %v\n%s", uri, err, said.String())
	}
	var got loaded
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("mlflow_load.py printed %.300q: %v", out, err)
	}
	return got
}

// randomFeed is inputs of the graph, as docs/format/model.md lays them out.
func randomFeed(s model.Spec, steps, batch int) map[string]tensor {
	n, random := s.Shape(), rand.New(rand.NewPCG(uint64(steps), 3))
	draw := func(low, high float64, shape ...int) tensor {
		t := tensor{Shape: shape, Data: make([]float64, product(shape))}
		for i := range t.Data {
			t.Data[i] = float64(float32(low + (high-low)*random.Float64()))
		}
		return t
	}
	feed := map[string]tensor{
		"sequence": draw(-2, 2, steps, batch, n.Inputs), "h": draw(0, 0, 1, batch, n.Hidden), "c": draw(0, 0, 1, batch, n.Hidden),
		"current": draw(-2, 2, batch, n.Current), "lead": draw(-2, 2, batch, n.Horizon, n.LeadFeatures),
		"center": draw(-1, 5, batch), "scale": draw(0.5, 3, batch),
	}
	if s.Scale == model.ScaleAsinh {
		feed["unit"] = draw(0.5, 2, batch)
	}
	return feed
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// forecastOf is what the layers that serve make of a feed: quantiles [B][Horizon][Levels] in the
// series' unit.
func forecastOf(m *model.Model, feed map[string]tensor) []float32 {
	s := m.Spec.Shape()
	floats := func(name string) []float32 {
		var out []float32
		for _, v := range feed[name].Data {
			out = append(out, float32(v))
		}
		return out
	}
	steps, batch := feed["sequence"].Shape[0], feed["sequence"].Shape[1]
	sequence, h, c, unit := floats("sequence"), floats("h"), floats("c"), floats("unit")
	ws := nn.NewWorkspace(s, batch)
	for t := range steps {
		m.LSTM.Step(ws, sequence[t*batch*s.Inputs:][:batch*s.Inputs], h, c, batch)
	}
	out := make([]float32, batch*s.Outputs())
	m.Head.Forward(ws, out, h, floats("current"), floats("lead"), batch)
	for b := range batch {
		scaler := series.Scaler{Center: floats("center")[b], Scale: floats("scale")[b]}
		if len(unit) > 0 {
			scaler.Unit = unit[b]
		}
		row := out[b*s.Outputs():][:s.Outputs()]
		for i, z := range row {
			row[i] = scaler.Inverse(z)
		}
		for k := range s.Horizon {
			slices.Sort(row[k*s.Levels:][:s.Levels])
		}
	}
	return out
}

// mostApart is the largest difference, relative to what is above 1.
func mostApart(t *testing.T, got tensor, want []float32) float64 {
	t.Helper()
	if len(got.Data) != len(want) {
		t.Fatalf("%d values, want %d", len(got.Data), len(want))
	}
	most := 0.0
	for i, v := range got.Data {
		most = max(most, math.Abs(v-float64(want[i]))/max(1, math.Abs(float64(want[i]))))
	}
	return most
}
