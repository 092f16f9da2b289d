package train

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/nn"
)

// The graph in float64 says what the layers that serve say in float32.
func TestOutputsAreThoseOfTheLayers(t *testing.T) {
	t.Parallel()
	cfg := toyConfig()
	lstm, head := initialParams(cfg.Shape, 3)
	for i := range head { // the linear head starts at 0
		head[i] += float32(i%7-3) / 50
	}
	var b dataset.Batch
	newToy(5).Next(&b)
	got, err := Outputs(cfg, Params{LSTM: lstm, Head: head}, &b)
	if err != nil || len(got) != b.S*b.B*cfg.Shape.Outputs() {
		t.Fatalf("%d outputs, %v", len(got), err)
	}
	l, d, ws := nn.NewLSTM(cfg.Shape, lstm), nn.NewHead(cfg.Shape, head),
		nn.NewWorkspace(cfg.Shape, b.B)
	h, c := make([]float32, b.B*cfg.Shape.Hidden), make([]float32, b.B*cfg.Shape.Hidden)
	out := make([]float32, b.B*cfg.Shape.Outputs())
	for step := range b.T {
		l.Step(ws, b.X[step*b.B:(step+1)*b.B], h, c, b.B)
		if k := slices.Index(b.Positions, step); k >= 0 {
			rows, leads := k*b.B, cfg.Shape.Horizon
			d.Forward(ws, out, h, b.Current[rows:rows+b.B], b.Lead[rows*leads:(rows+b.B)*leads],
				b.B)
			for i, v := range out {
				if want := got[rows*cfg.Shape.Outputs()+i]; math.Abs(float64(v)-want) > 1e-5*max(1,
					math.Abs(want)) {
					t.Fatalf("position %d, output %d: %v, the graph %v", k, i, v, want)
				}
			}
		}
	}
	if _, err := Outputs(cfg, Params{LSTM: lstm[1:], Head: head}, &b); err == nil ||
		!strings.Contains(err.Error(), "initial: ") {
		t.Errorf("one weight too few: %v", err)
	}
}

// A fit from weights that are good already is better at once than one from the
// seed; the weights handed over stay as they are.
func TestFitStartsWhereItIsTold(t *testing.T) {
	t.Parallel()
	cfg := toyConfig()
	valid := batches(newToy(9), 2)
	first, err := Fit(t.Context(), cfg, newToy(1), valid, nil)
	if err != nil {
		t.Fatal(err)
	}
	short := cfg
	short.Iterations, short.LearningRate = 5, 1e-4
	cold, err := Fit(t.Context(), short, newToy(2), valid, nil)
	if err != nil {
		t.Fatal(err)
	}
	before := slices.Clone(first.LSTM)
	short.Initial = &Params{LSTM: first.LSTM, Head: first.Head}
	warm, err := Fit(t.Context(), short, newToy(2), valid, nil)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(warm.Valid/first.Valid-1) > 0.02 || cold.Valid < 1.2*warm.Valid {
		t.Errorf("validation loss %v; after five more iterations from there %v, from the seed %v",
			first.Valid, warm.Valid, cold.Valid)
	}
	if !slices.Equal(before, first.LSTM) {
		t.Error("the weights handed over were changed")
	}
	short.Initial = &Params{LSTM: first.LSTM, Head: first.Head[1:]}
	if _, err := Fit(t.Context(), short, newToy(2), valid, nil); err == nil ||
		!strings.Contains(err.Error(), "same shape") {
		t.Errorf("weights of another shape: %v", err)
	}
}

func batches(s *toy, n int) []*dataset.Batch {
	all := make([]*dataset.Batch, n)
	for i := range all {
		all[i] = &dataset.Batch{}
		s.Next(all[i])
	}
	return all
}
