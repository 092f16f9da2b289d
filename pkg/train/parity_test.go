package train

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/nn"
)

// parity is what bench/pytorch/parity.py recorded: a problem, and PyTorch's loss
// before each step of its Adam.
type parity struct {
	Torch          string
	Shape          nn.Shape
	Levels         []float64
	Steps, Windows int
	Positions      []int
	Rate, Clip     float64
	Losses         []float64
}

// uniform is n numbers in [-1, 1) that a float32 holds exactly: splitmix64 of seed
// and index, its top 24 bits. The script has the same formula.
func uniform(seed uint64, n int) []float64 {
	all := make([]float64, n)
	for i := range all {
		z := (uint64(i) + 1 + seed<<32) * 0x9E3779B97F4A7C15
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		z ^= z >> 31
		all[i] = float64(z>>40)/(1<<23) - 1
	}
	return all
}

func singles(x []float64) []float32 {
	all := make([]float32, len(x))
	for i, v := range x {
		all[i] = float32(v)
	}
	return all
}

// weights are uniform within 1/sqrt(Hidden).
func (p *parity) weights(seed uint64, n int) []float32 {
	all := uniform(seed, n)
	for i := range all {
		all[i] /= math.Sqrt(float64(p.Shape.Hidden))
	}
	return singles(all)
}

// batch k: features and noise are random, the target follows the features, and
// about a fifth of the targets is missing.
func (p *parity) batch(k int) *dataset.Batch {
	s, rows, seed := p.Shape, len(p.Positions)*p.Windows, uint64(8*k+16)
	b := &dataset.Batch{
		T: p.Steps, B: p.Windows, S: len(p.Positions), Positions: p.Positions,
		X:       singles(uniform(seed, p.Steps*p.Windows*s.Inputs)),
		Current: singles(uniform(seed+1, rows*s.Current)),
		Lead:    singles(uniform(seed+2, rows*s.Horizon*s.LeadFeatures)),
		Target:  make([]float32, rows*s.Horizon), Weight: make([]float32, rows*s.Horizon),
	}
	noise, measured := uniform(seed+3, rows*s.Horizon), uniform(seed+4, rows*s.Horizon)
	for i := range b.Target {
		follows := b.Current[i/s.Horizon*s.Current]*0.5 + b.Lead[i*s.LeadFeatures]*0.5
		b.Target[i] = float32(float64(follows) + noise[i]*0.5)
		if measured[i] >= -0.6 {
			b.Weight[i] = 1
		}
	}
	return b
}

// From the same weights and on the same batches, 60 steps of the graph and the
// solver have PyTorch's losses.
func TestLossesArePyTorchs(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/parity.json")
	if err != nil {
		t.Fatal(err)
	}
	var p parity
	if err := json.Unmarshal(data, &p); err != nil {
		t.Fatal(err)
	}
	if len(p.Losses) != 60 {
		t.Fatalf("%d losses recorded, want 60", len(p.Losses))
	}
	cfg := DefaultConfig()
	cfg.Shape, cfg.Levels = p.Shape, p.Levels
	g, err := newGraph(cfg, p.batch(0), p.weights(1, p.Shape.LSTMParams()),
		p.weights(2, p.Shape.HeadParams()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	}()
	solver := &adam{clip: p.Clip}
	solver.rate = p.Rate
	worst := 0.0
	for k, want := range p.Losses {
		loss := run(t, g, p.batch(k))
		off := math.Abs(loss-want) / want
		worst = max(worst, off)
		if !(off <= 1e-4) {
			t.Errorf("step %d: loss %.8f, PyTorch %s has %.8f, %.1e apart", k+1, loss, p.Torch,
				want, off)
		}
		if err := solver.Step(g.parameters()); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("at most %.1e from PyTorch %s", worst, p.Torch)
}
