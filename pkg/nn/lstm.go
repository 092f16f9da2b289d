package nn

import "github.com/loadtide/loadtide/pkg/nn/kernel"

// LSTM is one recurrent layer. It is immutable and may be used by many goroutines,
// each with its own Workspace.
type LSTM struct {
	shape  Shape
	panels []float32
}

// NewLSTM packs params [shape.LSTMParams()], laid out as SplitLSTM says. Panics
// on another length.
func NewLSTM(shape Shape, params []float32) *LSTM {
	w := SplitLSTM(shape, params)
	panels := make([]float32, kernel.PackedLen(shape.Inputs, shape.Hidden))
	kernel.PackLSTM(panels, w.Wx, w.Wh, w.B, shape.Inputs, shape.Hidden)
	return &LSTM{shape: shape, panels: panels}
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
	for from := 0; from < batch; from += stepRows {
		to := min(from+stepRows, batch)
		l.step(ws, x[from*inputs:to*inputs], h[from*hidden:to*hidden], c[from*hidden:to*hidden], to-from)
	}
}

// step works on a copy of the hidden state, which outlives the new one, and pads
// what does not fill whole panels.
func (l *LSTM) step(ws *Workspace, x, h, c []float32, rows int) {
	inputs, hidden := l.shape.Inputs, l.shape.Hidden
	padded := kernel.PadUnits(hidden)
	ws.step = kernel.LSTMForwardArgs[float32]{
		Panels: l.panels, X: x, HBefore: ws.before, Before: c, After: c, H: h,
		Rows: rows, Inputs: inputs, Hidden: padded, XRow: inputs, HBeforeRow: padded, HRow: padded,
	}
	if padded == hidden {
		copy(ws.before, h)
		kernel.LSTMForward(&ws.step)
		return
	}
	ws.step.Before, ws.step.After, ws.step.H = ws.c, ws.c, ws.h
	for r := range rows {
		for _, p := range [][2][]float32{{ws.before, h}, {ws.c, c}} {
			row := p[0][r*padded : (r+1)*padded]
			clear(row[copy(row, p[1][r*hidden:(r+1)*hidden]):])
		}
	}
	kernel.LSTMForward(&ws.step)
	for r := range rows {
		copy(c[r*hidden:(r+1)*hidden], ws.c[r*padded:])
		copy(h[r*hidden:(r+1)*hidden], ws.h[r*padded:])
	}
}
