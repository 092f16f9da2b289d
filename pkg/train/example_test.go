package train_test

import (
	"context"
	"fmt"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/train"
)

// always hands out the same window: two steps, and then a 1.
type always struct{}

func (always) Next(b *dataset.Batch) {
	*b = dataset.Batch{
		T: 2, B: 1, S: 1, X: []float32{0, 1}, Positions: []int{1}, Current: []float32{1},
		Lead:   []float32{1},
		Target: []float32{1}, Weight: []float32{1},
	}
}

func ExampleFit() {
	cfg := train.DefaultConfig()
	cfg.Shape = nn.Shape{Inputs: 1, Hidden: 4, Width: 4, Current: 1, LeadFeatures: 1, Horizon: 1,
		Levels: 1}
	cfg.Levels = []float64{0.5}
	cfg.Iterations = 200

	var valid dataset.Batch
	always{}.Next(&valid)
	result, err := train.Fit(context.Background(), cfg, always{}, []*dataset.Batch{&valid}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d and %d parameters, off by less than 0.05: %v\n", len(result.LSTM),
		len(result.Head), result.Valid < 0.05)
	// Output: 96 and 58 parameters, off by less than 0.05: true
}
