package nn_test

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/nn"
)

func Example() {
	shape := nn.Shape{Inputs: 2, Hidden: 3, Width: 4, Current: 1, LeadFeatures: 1, Horizon: 2, Levels: 3}
	headParams := make([]float32, shape.HeadParams())
	copy(nn.SplitHead(shape, headParams).Bl, []float32{-1, 0, 1, -2, 0, 2})
	lstm, head := nn.NewLSTM(shape, make([]float32, shape.LSTMParams())), nn.NewHead(shape, headParams)

	const batch = 1
	ws := nn.NewWorkspace(shape, batch)
	h, c := make([]float32, batch*shape.Hidden), make([]float32, batch*shape.Hidden)
	lstm.Step(ws, []float32{0.5, 1}, h, c, batch)

	quantiles := make([]float32, batch*shape.Outputs())
	head.Forward(ws, quantiles, h, []float32{0.5}, []float32{0.5, 1}, batch)
	fmt.Println("lead 1:", quantiles[:shape.Levels])
	fmt.Println("lead 2:", quantiles[shape.Levels:])
	// Output:
	// lead 1: [-1 0 1]
	// lead 2: [-2 0 2]
}
