package endtoend

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/series"
)

const modelName = "load-1h"

// registerChampion puts a network with random weights into a registry as champion: its forecasts
// are nonsense, but every bit of its state counts.
func registerChampion(t *testing.T, dir string) registry.Version {
	t.Helper()
	return registerRandom(t, dir, 7)
}

// registerRandom is registerChampion with weights drawn from a seed.
func registerRandom(t *testing.T, dir string, seed uint64) registry.Version {
	t.Helper()
	layout := series.DefaultLayout(false)
	now := time.Now().UTC().Truncate(time.Second)
	artifact := model.Artifact{Spec: model.Spec{
		Schema: model.SpecSchema, Name: modelName, Interval: "1h", Hidden: 16, Width: 16, Horizon: 24, Levels: []float64{0.1, 0.25, 0.5, 0.75, 0.9},
		Inputs: layout.InputNames(), LeadFeatures: layout.LeadNames(), CurrentFeatures: layout.CurrentNames(), Scale: model.ScalePlain,
		TrainedFrom: now.AddDate(-1, 0, 0), TrainedUntil: now,
	}}
	shape := artifact.Spec.Shape()
	random := rand.New(rand.NewPCG(seed, 7))
	for _, w := range []struct {
		to    *[]float32
		count int
	}{{&artifact.LSTM, shape.LSTMParams()}, {&artifact.Head, shape.HeadParams()}} {
		*w.to = make([]float32, w.count)
		for i := range *w.to {
			(*w.to)[i] = float32(random.NormFloat64() / math.Sqrt(16))
		}
	}
	folder := filepath.Join(t.TempDir(), "model")
	if _, err := model.Write(folder, artifact); err != nil {
		t.Fatal(err)
	}
	models, err := registry.NewLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	version, err := models.Register(t.Context(), modelName, folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := models.SetAlias(t.Context(), modelName, registry.Champion, version.Version); err != nil {
		t.Fatal(err)
	}
	return version
}
