package model

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/nn"
)

func tinySpec() Spec {
	return Spec{
		Schema: SpecSchema, Name: "load-1h", Interval: "1h", Hidden: 3, Width: 4, Horizon: 2,
		Levels: []float64{0.1, 0.5, 0.9}, Inputs: []string{"z", "lag_1d"}, LeadFeatures: []string{"lead"},
		CurrentFeatures: []string{"z"}, Scale: ScalePlain, Seed: math.MaxUint64,
		TrainedFrom: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), TrainedUntil: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

func tinyArtifact() Artifact {
	s := tinySpec().Shape()
	a := Artifact{Spec: tinySpec(), LSTM: make([]float32, s.LSTMParams()), Head: make([]float32, s.HeadParams()),
		Metrics: map[string]float64{"pinball": 0.25, "mase24": math.NaN()}, Tags: map[string]string{"loadtide.gate": "passed"}, Card: "# load-1h\n"}
	for i := range a.LSTM {
		a.LSTM[i] = float32(math.Sin(float64(i)))
	}
	for i := range a.Head {
		a.Head[i] = float32(math.Cos(float64(i)))
	}
	return a
}

func write(t testing.TB, a Artifact) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "models", "m")
	if _, err := Write(dir, a); err != nil {
		t.Fatal(err)
	}
	return dir
}

func run(m *Model) []float32 {
	s := m.Spec.Shape()
	ws := nn.NewWorkspace(s, 1)
	h, c, out := make([]float32, s.Hidden), make([]float32, s.Hidden), make([]float32, s.Outputs())
	m.LSTM.Step(ws, []float32{0.5, -1}, h, c, 1)
	m.Head.Forward(ws, out, h, []float32{0.25}, []float32{0.5, 1}, 1)
	return out
}

func TestWhatIsWrittenIsLoaded(t *testing.T) {
	t.Parallel()
	a := tinyArtifact()
	dir := filepath.Join(t.TempDir(), "models", "m")
	digest, err := Write(dir, a)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.SelfTest(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(a.Spec, m.Spec); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
	again, err := digestIn(dir)
	if err != nil || m.Digest != digest || again != digest || !strings.HasPrefix(digest, "sha256:") {
		t.Errorf("digest %s, loaded %s, computed %s, %v", digest, m.Digest, again, err)
	}
	s := a.Spec.Shape()
	want := run(&Model{Spec: a.Spec, LSTM: nn.NewLSTM(s, a.LSTM), Head: nn.NewHead(s, a.Head)})
	if got := run(m); !slices.Equal(got, want) {
		t.Errorf("forecasts %v, want %v", got, want)
	}
	named := m.WithVersion("7")
	if named.Version != "7" || m.Version != "" || named.LSTM != m.LSTM {
		t.Errorf("version %q of %q", named.Version, m.Version)
	}
	var metrics map[string]float64
	b, err := os.ReadFile(filepath.Join(dir, "metrics.json"))
	if err != nil || json.Unmarshal(b, &metrics) != nil || len(metrics) != 1 ||
		metrics["pinball"] != 0.25 {
		t.Errorf("metrics %s, %v", b, err)
	}
	var tags map[string]string
	b, err = os.ReadFile(filepath.Join(dir, "tags.json"))
	if err != nil || json.Unmarshal(b, &tags) != nil || !maps.Equal(tags, a.Tags) {
		t.Errorf("tags %s, %v", b, err)
	}
	whole, err := LoadArtifact(dir)
	if diff := cmp.Diff(Artifact{Spec: a.Spec, LSTM: a.LSTM, Head: a.Head}, whole); diff != "" ||
		err != nil {
		t.Errorf("artifact (-want +got):\n%s %v", diff, err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "card.md")); err != nil || string(b) != a.Card {
		t.Errorf("card %q, %v", b, err)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(dir), ".tmp-*")); err != nil ||
		len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// digestIn is what the digest of a model folder must be.
func digestIn(dir string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, modelFile))
	return digestOf(b), err
}

// The digest is that of the bytes, so the same model has the same everywhere.
func TestDigestIsStable(t *testing.T) {
	t.Parallel()
	a := tinyArtifact()
	first, err := digestIn(write(t, a))
	if err != nil {
		t.Fatal(err)
	}
	a.Metrics, a.Card = nil, "another card"
	if second, err := digestIn(write(t, a)); err != nil || second != first {
		t.Errorf("metrics and card changed it: %s, %s, %v", first, second, err)
	}
	a.Head[3] += 1e-3
	if third, err := digestIn(write(t, a)); err != nil || third == first {
		t.Errorf("a weight did not change it: %s, %v", third, err)
	}
}

func TestSpecStepAndMedian(t *testing.T) {
	t.Parallel()
	s := tinySpec()
	if s.Step() != time.Hour || s.Median() != 1 {
		t.Errorf("step %v, median %d", s.Step(), s.Median())
	}
	if (Spec{Interval: "x"}).Step() != 0 || (Spec{}).Median() != -1 {
		t.Error("a spec without them has them")
	}
}
