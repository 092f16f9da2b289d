package train

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/nn"
)

var (
	smallShape = nn.Shape{Inputs: 3, Hidden: 5, Width: 4, Current: 2, LeadFeatures: 3, Horizon: 4,
		Levels: 3}
	smallLevels = []float64{0.1, 0.5, 0.9}
)

func smallConfig() Config {
	c := DefaultConfig()
	c.Shape, c.Levels, c.Seed = smallShape, smallLevels, 1
	return c
}

// randomBatch has positions that neither start nor end the sequence, and weights
// of which some are 0.
func randomBatch(s nn.Shape, steps, windows int, positions []int, seed uint64) *dataset.Batch {
	r := rand.New(rand.NewPCG(seed, 9))
	fill := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		return x
	}
	rows := len(positions) * windows
	b := &dataset.Batch{
		T: steps, B: windows, S: len(positions), Positions: positions,
		X: fill(steps * windows * s.Inputs), Current: fill(rows * s.Current),
		Lead: fill(rows * s.Horizon * s.LeadFeatures), Target: fill(rows * s.Horizon),
		Weight: make([]float32, rows*s.Horizon),
	}
	for i := range b.Weight {
		b.Weight[i] = float32(r.IntN(4)) / 2
	}
	return b
}

func TestCheckBatchNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(b *dataset.Batch)
		want  string
	}{
		"no windows": {func(b *dataset.Batch) { b.B = 0 }, "0 windows"},
		"x short":    {func(b *dataset.Batch) { b.X = b.X[1:] }, "x has"},
		"current long": {func(b *dataset.Batch) { b.Current = append(b.Current, 0) },
			"current has"},
		"lead short":        {func(b *dataset.Batch) { b.Lead = nil }, "lead has 0"},
		"target short":      {func(b *dataset.Batch) { b.Target = b.Target[2:] }, "target has"},
		"weight short":      {func(b *dataset.Batch) { b.Weight = b.Weight[2:] }, "weight has"},
		"position past end": {func(b *dataset.Batch) { b.Positions = []int{1, 6} }, "position 6"},
		"positions descend": {func(b *dataset.Batch) { b.Positions = []int{3, 2} }, "position 2"},
		"position twice":    {func(b *dataset.Batch) { b.Positions = []int{3, 3} }, "position 3"},
		"position before": {func(b *dataset.Batch) { b.Positions = []int{-1, 3} },
			"position -1"},
		"positions too few": {func(b *dataset.Batch) { b.Positions = b.Positions[:1] },
			"positions has 1"},
		"steps do not fit":    {func(b *dataset.Batch) { b.T = 9 }, "x has"},
		"another shape's row": {func(b *dataset.Batch) { b.S = 3 }, "positions has 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := randomBatch(smallShape, 6, 2, []int{1, 4}, 1)
			if err := checkBatch(smallShape, b); err != nil {
				t.Fatalf("a good batch: %v", err)
			}
			c.spoil(b)
			if err := checkBatch(smallShape, b); err == nil ||
				!strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
		})
	}
	if checkBatch(smallShape, nil) == nil {
		t.Error("a nil batch was taken")
	}
}

func TestConfigValidate(t *testing.T) {
	t.Parallel()
	if err := smallConfig().Validate(); err != nil {
		t.Fatalf("a good configuration: %v", err)
	}
	for want, spoil := range map[string]func(c *Config){
		"hidden":        func(c *Config) { c.Shape.Hidden = 0 },
		"levels: 2":     func(c *Config) { c.Levels = c.Levels[:2] },
		"ascend":        func(c *Config) { c.Levels = []float64{0.5, 0.1, 0.9} },
		"levels: 1 at":  func(c *Config) { c.Levels = []float64{0.1, 0.5, 1} },
		"iterations":    func(c *Config) { c.Iterations = 0 },
		"learning_rate": func(c *Config) { c.LearningRate = 0 },
		"clip_norm":     func(c *Config) { c.ClipNorm = -1 },
		"workers":       func(c *Config) { c.Workers = 0 },
		"valid_every":   func(c *Config) { c.ValidEvery = 0 },
		"patience":      func(c *Config) { c.Patience = -1 },
	} {
		c := smallConfig()
		spoil(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
