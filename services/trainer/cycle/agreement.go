package cycle

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/train"
)

// agreement runs a batch of real windows through the layers that serve and through the training
// graph in float64.
//
// difference is the largest difference between their outputs, relative to the largest value that an
// output is made from: a reading of an idle meter is a million of its scales, and float32 has seven
// digits. difference is NaN when an output is. crossed is the share of leads whose quantiles at the
// default levels are out of order before they are sorted. Quantiles of closer levels lie closer than
// a sound network is exact, so a model of nine levels is judged by those that it has of the five.
func agreement(
	m *model.Model, r train.Result, b *dataset.Batch,
) (difference, crossed float64, err error) {
	shape := m.Spec.Shape()
	cfg, params := train.Config{Shape: shape, Levels: m.Spec.Levels},
		train.Params{LSTM: r.LSTM, Head: r.Head}
	want, err := train.Outputs(cfg, params, b)
	if err != nil {
		return 0, 0, fmt.Errorf("compare serving with training: %w", err)
	}
	got, sizes := outputs(m, b), inputSizes(shape, b)
	leads, out := 0, 0
	checked := defaultLevels(m.Spec.Levels)
	for i, v := range got {
		d := math.Abs(float64(v)-want[i]) / max(sizes[i/shape.Outputs()], math.Abs(want[i]))
		if math.IsNaN(d) {
			return math.NaN(), 0, nil
		}
		difference = max(difference, d)
		if i%shape.Levels == 0 {
			leads++
			if !ascend(got[i:i+shape.Levels], checked) {
				out++
			}
		}
	}
	return difference, float64(out) / float64(max(leads, 1)), nil
}

// defaultLevels returns the places of the default levels among levels.
func defaultLevels(levels []float64) []int {
	var places []int
	for i, level := range levels {
		if slices.Contains(model.DefaultLevels(), level) {
			places = append(places, i)
		}
	}
	return places
}

// ascend reports whether the quantiles at places ascend.
func ascend(quantiles []float32, places []int) bool {
	return slices.IsSortedFunc(places, func(a, b int) int {
		return cmp.Compare(quantiles[a], quantiles[b])
	})
}

// inputSizes is the largest absolute value that each row [S*B] of a batch reads, at least 1.
func inputSizes(s nn.Shape, b *dataset.Batch) []float64 {
	largest := func(from float64, x []float32) float64 {
		for _, v := range x {
			from = max(from, math.Abs(float64(v)))
		}
		return from
	}
	sizes := make([]float64, b.S*b.B)
	for w := range b.B {
		sequence := 1.
		for t := range b.T {
			sequence = largest(sequence, b.X[(t*b.B+w)*s.Inputs:][:s.Inputs])
		}
		for k := range b.S {
			row, lead := k*b.B+w, s.Horizon*s.LeadFeatures
			size := largest(sequence, b.Current[row*s.Current:][:s.Current])
			sizes[row] = largest(size, b.Lead[row*lead:][:lead])
		}
	}
	return sizes
}

// outputs are the outputs of the layers that serve for a batch, [S*B][Horizon*Levels], not sorted.
func outputs(m *model.Model, b *dataset.Batch) []float32 {
	s := m.Spec.Shape()
	ws := nn.NewWorkspace(s, b.B)
	h, c := make([]float32, b.B*s.Hidden), make([]float32, b.B*s.Hidden)
	out := make([]float32, b.S*b.B*s.Outputs())
	lead := s.Horizon * s.LeadFeatures
	for t, k := 0, 0; k < b.S; t++ {
		m.LSTM.Step(ws, b.X[t*b.B*s.Inputs:(t+1)*b.B*s.Inputs], h, c, b.B)
		if b.Positions[k] != t {
			continue
		}
		row, end := k*b.B, (k+1)*b.B
		m.Head.Forward(ws, out[row*s.Outputs():end*s.Outputs()], h,
			b.Current[row*s.Current:end*s.Current], b.Lead[row*lead:end*lead], b.B)
		k++
	}
	return out
}
