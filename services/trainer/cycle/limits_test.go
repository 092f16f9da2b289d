package cycle

import (
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/dataset"
)

// Three weeks are the least, and they are enough with the windows of the
// reference, however time is cut.
func TestThreeWeeksAreEnough(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	cfg.Hidden, cfg.Iterations, cfg.Batch, cfg.Model, cfg.Choose = 4, 1, 4, "", false
	for name, cut := range map[string]func(dataset.Extent) (dataset.Cut, error){
		"default": dataset.DefaultCut,
		"before": func(e dataset.Extent) (dataset.Cut, error) {
			return dataset.CutBefore(e, e.Last+e.Interval)
		},
	} {
		for _, days := range []int64{dataset.LeastDays, 37} {
			for _, cfg := range []Config{cfg, cfg.Quick()} {
				c := cycle(t, cfg, nil)
				c.Source, c.Cut = meters{2, days, nil}, cut
				if out, err := c.Run(t.Context()); err != nil || out.Report.Forecasts == 0 {
					t.Errorf("%s cut of %d days, windows of %d: %d forecasts, %v", name, days,
						cfg.Window, out.Report.Forecasts, err)
				}
			}
		}
	}
}

// A horizon of a week is trained on the least history that is asked for, and judged on whole
// forecasts.
func TestAWeekAheadIsTrainedOnAMonth(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	cfg.Hidden, cfg.Iterations, cfg.Batch, cfg.Choose = 4, 1, 4, false
	if err := cfg.Horizon.UnmarshalText([]byte("7d")); err != nil {
		t.Fatal(err)
	}
	for _, cfg := range []Config{cfg, cfg.Quick()} {
		c := cycle(t, cfg, nil)
		c.Source = meters{2, 31, nil}
		out, err := c.Run(t.Context())
		if err != nil || out.Report.Forecasts == 0 || len(out.Report.ByDay) != 7 {
			t.Errorf("windows of %d: %d forecasts of %d days, %v", cfg.Window, out.Report.Forecasts,
				len(out.Report.ByDay), err)
		}
	}
	c := cycle(t, cfg, nil)
	c.Source = meters{2, 30, nil}
	want := "training needs 31 for a horizon of 7 days"
	if _, err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want it to say %q", err, want)
	}
}

func TestCycleThatCannotTrainSaysWhy(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	for name, c := range map[string]struct {
		change func(c *Cycle)
		says   []string
	}{
		"too little": {func(c *Cycle) { c.Source = meters{3, 9, nil} },
			[]string{"spans 9.0 days", "needs 21", "add history"}},
		"nothing": {func(c *Cycle) { c.Source = meters{} },
			[]string{"no readings to train on", "publish some"}},
		"source": {func(c *Cycle) { c.Source = meters{3, 50, broken} },
			[]string{"the disk is gone"}},
		"config": {func(c *Cycle) { c.Config.Hidden = 1 },
			[]string{"hidden: 1 is outside 4 to 512"}},
		"no training range": {func(c *Cycle) { c.Cut = cutAt(6, 20, 20, 50) },
			[]string{"training range", "no series has enough readings"}},
		"no validation": {func(c *Cycle) { c.Cut = cutAt(30, 31, 31, 50) },
			[]string{"validation range", "no series has enough readings"}},
		"no test": {func(c *Cycle) { c.Cut = cutAt(30, 40, 60, 70) },
			[]string{"lies outside of the data"}},
		"folder": {func(c *Cycle) { c.Out = os.DevNull + "/below" },
			[]string{"cannot be written"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reg := local(t)
			cfg := tiny()
			cfg.Iterations = 2
			cy := cycle(t, cfg, reg)
			c.change(cy)
			_, err := cy.Run(t.Context())
			if err == nil {
				t.Fatal("it ran")
			}
			for _, part := range c.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v, want it to say %q", err, part)
				}
			}
			if versions, err := reg.Versions(t.Context(), "load-1h"); err != nil ||
				len(versions) != 0 {
				t.Errorf("registered %v, %v", versions, err)
			}
			if left, err := os.ReadDir(cy.Scratch); err != nil || len(left) != 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// cutAt cuts at days after the epoch.
func cutAt(train, valid, test, until int64) func(dataset.Extent) (dataset.Cut, error) {
	return func(e dataset.Extent) (dataset.Cut, error) {
		return dataset.Cut{First: e.First, TrainUntil: epoch + train*day,
			ValidUntil: epoch + valid*day, TestFrom: epoch + test*day, TestUntil: epoch + until*day}, nil
	}
}

func TestSampleIsEvenOverTheScales(t *testing.T) {
	t.Parallel()
	b := dataset.NewBuilder()
	if err := (meters{20, 21, nil}).Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	all := b.Build()
	if got := sample(slices.Clone(all), 20); !slices.Equal(got, all) {
		t.Error("a sample of all is not all")
	}
	random := slices.Clone(all)
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(random),
		func(i, j int) { random[i], random[j] = random[j], random[i] })
	var names []string
	for _, h := range sample(random, 4) {
		names = append(names, h.ID.Meter)
	}
	if want := []string{"m00", "m05", "m10", "m15"}; !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
	cfg := tiny()
	cfg.Iterations, cfg.MaxSeries = 1, 2
	if out := run(t, cycle(t, cfg, nil)); out.Series != 2 {
		t.Errorf("trained on %d series", out.Series)
	}
}

func TestConfigNamesItsFaults(t *testing.T) {
	t.Parallel()
	for _, good := range []Config{DefaultConfig(), DefaultConfig().Quick(), tiny()} {
		if err := good.Validate(); err != nil {
			t.Errorf("%+v: %v", good, err)
		}
	}
	bad := DefaultConfig()
	bad.Hidden, bad.Iterations, bad.BurnIn, bad.MaxSeries, bad.Workers, bad.Batch = 513, 0, 400, 0,
		65, -1
	err := bad.Validate()
	for _, part := range []string{"hidden: 513", "iterations: 0", "burn-in: 400", "max-series: 0",
		"workers: 65", "batch: -1", "window: 336 steps do not hold"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not say %q", err, part)
		}
	}
	for _, levels := range [][]float64{
		{0.1, 0.5, 0.5, 0.9}, {0.1, 0.9, 0.5}, {0.1, 0.9}, {0, 0.1, 0.5, 0.9}, {0.1, 0.5, 0.9, 1},
	} {
		bad := DefaultConfig()
		bad.Levels = levels
		if err := bad.Validate(); err == nil || !strings.Contains(err.Error(), "levels: ") {
			t.Errorf("levels %v: %v", levels, err)
		}
	}
	if q := DefaultConfig().Quick(); q.Iterations > 150 || q.Window >= DefaultConfig().Window {
		t.Errorf("quick: %+v", q)
	}
}
