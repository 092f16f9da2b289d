package nn

import (
	"slices"

	"github.com/loadtide/loadtide/pkg/nn/kernel"
)

// LSTM is one recurrent layer. It is immutable and may be used by many goroutines,
// each with its own Workspace.
type LSTM struct {
	shape Shape
	w     LSTMWeights[float32]
}

// NewLSTM copies params [shape.LSTMParams()], laid out as SplitLSTM says. Panics
// on another length.
func NewLSTM(shape Shape, params []float32) *LSTM {
	return &LSTM{shape: shape, w: SplitLSTM(shape, slices.Clone(params))}
}

// Step takes one reading per row and moves the state on:
//
//	i = sigmoid(x Wxi + h Whi + bi)
//	f = sigmoid(x Wxf + h Whf + bf)
//	g = tanh(x Wxg + h Whg + bg)
//	o = sigmoid(x Wxo + h Who + bo)
//	c = f*c + i*g
//	h = o*tanh(c)
//
// x is [batch][Inputs]; h and c are [batch][Hidden] and updated in place. Panics
// if a slice is too short.
func (l *LSTM) Step(ws *Workspace, x, h, c []float32, batch int) {
	inputs, hidden := l.shape.Inputs, l.shape.Hidden
	checkAtLeast("x", len(x), batch*inputs)
	checkAtLeast("h", len(h), batch*hidden)
	checkAtLeast("c", len(c), batch*hidden)
	ws.reserve(l.shape, batch)
	for from := 0; from < batch; from += blockRows {
		to := min(from+blockRows, batch)
		l.step(ws, x[from*inputs:to*inputs], h[from*hidden:to*hidden], c[from*hidden:to*hidden], to-from)
	}
}

func (l *LSTM) step(ws *Workspace, x, h, c []float32, rows int) {
	inputs, hidden := l.shape.Inputs, l.shape.Hidden
	gates := ws.gates[:rows*4*hidden]
	kernel.FillRows(gates, l.w.B)
	kernel.Gemm(gates, x, l.w.Wx, rows, inputs, 4*hidden)
	kernel.Gemm(gates, h, l.w.Wh, rows, hidden, 4*hidden)
	for r := range rows {
		row := gates[r*4*hidden : (r+1)*4*hidden]
		kernel.Sigmoid(row[:2*hidden])
		kernel.Tanh(row[2*hidden : 3*hidden])
		kernel.Sigmoid(row[3*hidden:])
		i, f, g, o := row[:hidden], row[hidden:2*hidden], row[2*hidden:3*hidden], row[3*hidden:]
		c, h := c[r*hidden:(r+1)*hidden], h[r*hidden:(r+1)*hidden]
		for j := range c {
			c[j] = f[j]*c[j] + i[j]*g[j]
		}
		copy(h, c)
		kernel.Tanh(h)
		for j := range h {
			h[j] *= o[j]
		}
	}
}
