package cycle

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/registry"
)

const (
	hour  = meter.HourSeconds
	day   = 24 * hour
	epoch = 480_000 * hour
)

// meters is a source in memory: households with a day and a week in them.
type meters struct {
	count int
	days  int64
	err   error
}

func (s meters) Load(_ context.Context, b *dataset.Builder) error {
	random := rand.New(rand.NewPCG(1, 2))
	for m := range s.count {
		id := meter.ID{Site: "site", Meter: fmt.Sprintf("m%02d", m)}
		for i := range s.days * 24 {
			v := 2 + math.Sin(2*math.Pi*float64(i+int64(m))/24) + 0.2*random.NormFloat64()
			if i/24%7 >= 5 {
				v /= 2
			}
			b.Add(id, "kWh", epoch+i*hour, v*float64(m+1))
		}
	}
	return s.err
}

// tiny is a training of a second.
func tiny() Config {
	c := DefaultConfig()
	c.Model, c.Hidden, c.Iterations, c.Workers = "load-1h", 8, 40, 1
	c.Window, c.BurnIn, c.Positions, c.Batch, c.Choose = 60, 30, 4, 8, false
	return c
}

func cycle(t testing.TB, cfg Config, reg registry.Registry) *Cycle {
	t.Helper()
	return &Cycle{
		Config: cfg, Source: meters{3, 50, nil}, Cut: dataset.DefaultCut, Registry: reg,
		Scratch: t.TempDir(),
	}
}

// iterations calls f with the progress of a fit only.
func iterations(f func(Event)) func(Event) {
	return func(e Event) {
		if e.Kind == Progress {
			f(e)
		}
	}
}

// warnings gathers the warnings of a cycle.
func warnings(into *[]string) func(Event) {
	return func(e Event) {
		if e.Kind == Warning {
			*into = append(*into, e.Text)
		}
	}
}

func run(t testing.TB, c *Cycle) Outcome {
	t.Helper()
	out, err := c.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func local(t testing.TB) *registry.Local {
	t.Helper()
	reg, err := registry.NewLocal(filepath.Join(t.TempDir(), "registry"))
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

func champion(t testing.TB, reg registry.Registry, alias string) string {
	t.Helper()
	v, err := reg.ByAlias(t.Context(), "load-1h", alias)
	if errors.Is(err, registry.ErrNotFound) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	return v.Version
}

// The first model serves whatever it is worth; a better one takes over; a worse
// one is kept and does not serve.
func TestGateLetsTheBetterModelServe(t *testing.T) {
	t.Parallel()
	reg := local(t)
	poor := tiny()
	poor.Iterations = 1
	better := tiny()
	better.Iterations = 80
	var pinball []float64
	for i, c := range []struct {
		cfg           Config
		champion, was string
		serves        bool
		why           string
	}{
		{poor, "1", "", true, "the first model"},
		{better, "2", "1", true, "champion v1"},
		{poor, "2", "1", false, "champion v2"},
	} {
		cy := cycle(t, c.cfg, reg)
		out := run(t, cy)
		if out.Name != "load-1h" || out.Version != fmt.Sprint(i+1) || out.Champion != c.serves ||
			!strings.Contains(out.Why, c.why) || out.Series != 3 {
			t.Errorf("cycle %d: %+v", i+1, out)
		}
		if got, was := champion(t, reg, registry.Champion), champion(t, reg,
			registry.Previous); got != c.champion || was != c.was {
			t.Errorf("after cycle %d the champion is %q, before it %q; want %q, %q", i+1, got, was,
				c.champion, c.was)
		}
		pinball = append(pinball, out.Report.Overall.Pinball)
		if left, err := os.ReadDir(cy.Scratch); err != nil || len(left) != 0 {
			t.Errorf("cycle %d leaves %v, %v", i+1, left, err)
		}
	}
	if !(pinball[1] < pinball[0]) {
		t.Errorf("wQL after 1, 80 and 1 iterations: %v", pinball)
	}
	versions, err := reg.Versions(t.Context(), "load-1h")
	if err != nil || len(versions) != 3 {
		t.Fatalf("%d versions, %v", len(versions), err)
	}
	for i, v := range versions {
		if got := v.Metrics["pinball"]; math.Abs(got-pinball[i]) > 1e-12 {
			t.Errorf("version %s says wQL %v, the cycle %v", v.Version, got, pinball[i])
		}
		if _, ok := v.Metrics["skill_day"]; !ok {
			t.Errorf("version %s has no skill: %v", v.Version, v.Metrics)
		}
		dir, err := reg.Fetch(t.Context(), v)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := model.Load(dir); err != nil || m.Digest != v.Digest || m.SelfTest() != nil {
			t.Errorf("version %s: %v", v.Version, err)
		}
	}
}

// A trained model beats the rule that costs nothing.
func TestTrainingBeatsTheSeasonalNaiveRule(t *testing.T) {
	t.Parallel()
	cfg := tiny()
	cfg.Iterations, cfg.Hidden = 150, 12
	c := cycle(t, cfg, nil)
	var told []Event
	c.Tell = iterations(func(e Event) { told = append(told, e) })
	out := run(t, c)
	if skill := evaluate.Skill(out.Report.Overall, out.Baselines.SeasonalNaive()); skill < 0.1 {
		t.Errorf("skill %v over the seasonal naive rule: wQL %v and %v", skill,
			out.Report.Overall.Pinball, out.Baselines.SeasonalNaive().Pinball)
	}
	if len(told) == 0 || told[0].Iteration != 1 || told[len(told)-1].Iteration > cfg.Iterations ||
		told[0].Iterations != cfg.Iterations {
		t.Errorf("told of %d iterations", len(told))
	}
	if out.Best < 1 || out.Best > told[len(told)-1].Iteration {
		t.Errorf("the weights are those of iteration %d", out.Best)
	}
}

// A seed gives the same model, another seed another one.
func TestSeedGivesTheSameModel(t *testing.T) {
	t.Parallel()
	cfg := tiny()
	cfg.Iterations = 3
	digest := func(seed uint64, workers int) string {
		cfg := cfg
		cfg.Seed, cfg.Workers = seed, workers
		return run(t, cycle(t, cfg, nil)).Digest
	}
	if a, b := digest(1, 1), digest(1, 2); a != b {
		t.Errorf("seed 1 gives %s and %s", a, b)
	}
	if a, b := digest(1, 1), digest(2, 1); a == b {
		t.Errorf("seeds 1 and 2 give %s", a)
	}
}

func TestModelFolderIsLeftWhereAsked(t *testing.T) {
	t.Parallel()
	cfg := tiny()
	cfg.Iterations, cfg.Model = 2, ""
	c := cycle(t, cfg, nil)
	c.Out = filepath.Join(t.TempDir(), "models", "mine")
	var cut dataset.Cut
	c.Tell = func(e Event) {
		if e.Kind != Loaded {
			return
		}
		if e.Series != 3 || e.Hours != 50*24 {
			t.Errorf("%d series of %d hours", e.Series, e.Hours)
		}
		cut = e.Cut
	}
	out := run(t, c)
	m, err := model.Load(c.Out)
	if err != nil || m.Digest != out.Digest || out.Version != "" || out.Champion ||
		out.Why != "not registered" || out.Name != "load-1h" {
		t.Fatalf("%+v, %v", out, err)
	}
	s := m.Spec
	if s.Hidden != 8 || s.Horizon != 24 || s.Seed != 1 || s.TrainedFrom.Unix() != epoch ||
		s.TrainedUntil.Unix() != cut.ValidUntil || cut.ValidUntil != epoch+45*day {
		t.Errorf("spec %+v, cut %s", s, cut)
	}
	if slices.Contains(s.Inputs, "year_sin") {
		t.Error("a year of fifty days")
	}
	// What is there already is never overwritten.
	_, err = c.Run(t.Context())
	if again, e := model.Load(c.Out); err == nil ||
		!strings.Contains(err.Error(), "nothing was overwritten") || e != nil ||
		again.Digest != out.Digest {
		t.Errorf("%v, %v", err, e)
	}
}

func TestCycleStopsWhenTold(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	c := cycle(t, tiny(), local(t))
	c.Tell = iterations(func(e Event) {
		if e.Iteration == 2 {
			stop()
		}
	})
	if _, err := c.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// A champion that cannot be read does not keep its place.
func TestBrokenChampionIsReplaced(t *testing.T) {
	t.Parallel()
	reg := local(t)
	cfg := tiny()
	cfg.Iterations = 2
	run(t, cycle(t, cfg, reg))
	v, err := reg.ByAlias(t.Context(), "load-1h", registry.Champion)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := reg.Fetch(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	weights := filepath.Join(dir, "model.onnx")
	b, err := os.ReadFile(weights)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(weights, b, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Iterations = 1
	if out := run(t, cycle(t, cfg, reg)); !out.Champion ||
		!strings.Contains(out.Why, "cannot be read") ||
		champion(t, reg, registry.Champion) != out.Version {
		t.Errorf("%+v", out)
	}
}
