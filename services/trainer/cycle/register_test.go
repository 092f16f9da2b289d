package cycle

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/registry"
)

// The verdict is with the version: tags, description, numbers.
func TestVerdictIsWithTheVersion(t *testing.T) {
	t.Parallel()
	reg := local(t)
	out := run(t, cycle(t, tiny(), reg))
	v, err := reg.ByAlias(t.Context(), "load-1h", registry.Champion)
	if err != nil {
		t.Fatal(err)
	}
	if v.Tags["loadtide.gate"] != "first" || v.Tags["loadtide.start"] != "scratch" ||
		!strings.HasPrefix(v.Tags["loadtide.gate.kernels"], "ok: ") ||
		!strings.Contains(v.Tags[registry.Description], "seasonal naive") ||
		v.Metrics["gate_passed"] != 1 || v.Metrics["gate_kernels"] > maxDifference {
		t.Errorf("%+v\n%+v", v.Tags, v.Metrics)
	}
	if !out.Verdict.Passed || len(out.Verdict.Refusals()) != 0 || out.Start != "scratch" {
		t.Errorf("%+v", out)
	}
}

// A registry that goes away while a model is ready is waited for, and a version
// whose answer was lost is not registered twice.
func TestRegistryAwayIsWaitedFor(t *testing.T) {
	t.Parallel()
	cfg := tiny()
	cfg.Iterations = 2
	for name, c := range map[string]struct {
		patience time.Duration
		lost     int32
		fails    bool
	}{"waited for": {10 * time.Second, 2, false}, "not waited for": {0, 1, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reg := &flaky{Registry: local(t)}
			reg.lose.Store(c.lost)
			cy := cycle(t, cfg, reg)
			waits := 0
			cy.Patience = c.patience
			cy.Tell = func(e Event) {
				if e.Kind != Waiting {
					return
				}
				if waits++; !errors.Is(e.Err, errAway) {
					t.Errorf("waits for %v", e.Err)
				}
			}
			out, err := cy.Run(t.Context())
			if (err != nil) != c.fails || c.fails && !errors.Is(err, errAway) {
				t.Fatalf("%v", err)
			}
			versions, err := reg.Versions(t.Context(), "load-1h")
			if err != nil || len(versions) != 1 ||
				!c.fails && (out.Version != "1" || !out.Champion || waits != 1) {
				t.Errorf("%d versions, %v; %d waits, %+v", len(versions), err, waits, out.Event())
			}
		})
	}
}

// flaky is a registry that loses answers.
type flaky struct {
	registry.Registry
	lose atomic.Int32 // so many answers of Register are lost
}

var (
	errAway  = errors.New("connection refused")
	errTaken = errors.New("another trainer has taken this cycle over")
)

func (f *flaky) Register(ctx context.Context, name, dir string) (registry.Version, error) {
	v, err := f.Registry.Register(ctx, name, dir)
	if err == nil && f.lose.Add(-1) >= 0 {
		return registry.Version{}, errAway
	}
	return v, err
}

// Who has lost the cycle writes nothing.
func TestNothingIsRegisteredWithoutTheLease(t *testing.T) {
	t.Parallel()
	cfg := tiny()
	cfg.Iterations = 2
	for allowed, versions := range []int{0, 1} {
		reg := local(t)
		c := cycle(t, cfg, reg)
		asked := 0
		c.Holds = func(context.Context) error {
			if asked++; asked > allowed {
				return errTaken
			}
			return nil
		}
		if _, err := c.Run(t.Context()); !errors.Is(err, errTaken) {
			t.Errorf("%v", err)
		}
		all, err := reg.Versions(t.Context(), "load-1h")
		if err != nil || len(all) != versions || champion(t, reg, registry.Champion) != "" {
			t.Errorf("lost after %d questions: %d versions, %v", allowed, len(all), err)
		}
	}
}

// restless is a registry whose champion is changed by another hand while it is
// judged.
type restless struct {
	*registry.Local
	t     *testing.T
	moves int
}

func (r *restless) Fetch(ctx context.Context, v registry.Version) (string, error) {
	if r.moves > 0 {
		r.moves--
		next := map[string]string{"1": "2", "2": "1"}[v.Version]
		if err := r.SetAlias(ctx, v.Name, registry.Champion, next); err != nil {
			r.t.Error(err)
		}
	}
	return r.Local.Fetch(ctx, v)
}

func TestChampionChangedMeanwhileIsJudgedAnew(t *testing.T) {
	t.Parallel()
	cfg := tiny()
	for moves, words := range map[int]string{1: "", maxComparisons: "was changed 3 times"} {
		reg := &restless{Local: local(t), t: t}
		cfg.Iterations = 1
		run(t, cycle(t, cfg, reg))
		cfg.Seed++
		if v := run(t, cycle(t, cfg, reg)); v.Version != "2" {
			t.Fatalf("%+v", v)
		}
		was := champion(t, reg, registry.Champion)
		reg.moves, cfg.Iterations = moves, 80
		out, err := cycle(t, cfg, reg).Run(t.Context())
		if words != "" {
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("%d moves: %v", moves, err)
			}
			continue
		}
		if err != nil || out.Verdict.Champion == was || !out.Champion {
			t.Errorf("%d moves: held against v%s, champion was v%s: %+v, %v", moves,
				out.Verdict.Champion, was, out.Event(), err)
		}
	}
}

// A fit that starts from the champion goes on where it stood, on its scale; where
// it cannot, it says why and starts from scratch.
func TestWarmStart(t *testing.T) {
	t.Parallel()
	reg := local(t)
	cfg := tiny()
	cfg.Start, cfg.Iterations = StartChampion, 60
	if out := run(t, cycle(t, cfg, reg)); out.Start != "scratch: there is no champion yet" {
		t.Errorf("%q", out.Start)
	}
	short := cfg
	short.Iterations = 2
	warm := run(t, cycle(t, short, reg))
	short.Start = StartScratch
	cold := run(t, cycle(t, short, reg))
	if warm.Start != "champion v1" || cold.Start != StartScratch ||
		warm.Report.Overall.Pinball > 0.9*cold.Report.Overall.Pinball {
		t.Errorf("two iterations from the %s: wQL %v, from %s: %v", warm.Start,
			warm.Report.Overall.Pinball, cold.Start, cold.Report.Overall.Pinball)
	}
	short.Start, short.Choose = StartChampion, true
	if out := run(t, cycle(t, short, reg)); out.Start != "champion v1" ||
		out.Scale != model.ScalePlain {
		t.Errorf("with a choice: from %s, scale %s", out.Start, out.Scale)
	}
	short.Hidden++ // the network of the champion keeps its size
	if out := run(t, cycle(t, short, reg)); !strings.HasPrefix(out.Start, "champion v") {
		t.Errorf("%q", out.Start)
	}
	short.Levels = []float64{0.1, 0.5, 0.9}
	if out := run(t, cycle(t, short, reg)); !strings.Contains(out.Start, " has the levels [0.1 0.25 0.5") {
		t.Errorf("%q", out.Start)
	}
	short.Levels = cfg.Levels
	short.Start = "sideways"
	if _, err := cycle(t, short, reg).Run(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "start") {
		t.Errorf("%v", err)
	}
}

// What a killed cycle left behind is taken away, what another process writes just
// now is not.
func TestScratchIsSwept(t *testing.T) {
	t.Parallel()
	cfg := tiny()
	cfg.Iterations = 1
	c := cycle(t, cfg, local(t))
	for name, age := range map[string]time.Duration{"train-1": 2 * scratchAge,
		"train-2": time.Minute, "kept": 2 * scratchAge} {
		dir := filepath.Join(c.Scratch, name)
		if err := os.MkdirAll(dir, 0o750); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(dir, at, at); err != nil {
			t.Fatal(err)
		}
	}
	run(t, c)
	left, err := filepath.Glob(filepath.Join(c.Scratch, "*"))
	if err != nil || len(left) != 2 || filepath.Base(left[0]) != "kept" ||
		filepath.Base(left[1]) != "train-2" {
		t.Errorf("%v, %v", left, err)
	}
}
