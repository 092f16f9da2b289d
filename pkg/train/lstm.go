package train

import (
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/nn/kernel"
)

// lstmWeights are the weights of the LSTM in the layout of the kernels. set packs them after each
// step of the solver.
type lstmWeights[T kernel.Float] struct {
	forward []T // see kernel.PackLSTM
	back    []T // see kernel.PackLSTMBack
}

func newLSTMWeights[T kernel.Float](s nn.Shape) lstmWeights[T] {
	padded := kernel.PadUnits(s.Hidden)
	return lstmWeights[T]{
		forward: make([]T, kernel.PackedLen(s.Inputs, s.Hidden)),
		back:    make([]T, 4*padded*padded),
	}
}

func (p lstmWeights[T]) set(s nn.Shape, w nn.LSTMWeights[T]) {
	kernel.PackLSTM(p.forward, w.Wx, w.Wh, w.B, s.Inputs, s.Hidden)
	kernel.PackLSTMBack(p.back, w.Wh, s.Hidden)
}

// sequence is the memory of one shard of windows for a pass through the LSTM. It keeps what
// backward needs of forward. units is Hidden in whole panels; k is the number of inputs and units.
type sequence[T kernel.Float] struct {
	rows, steps int // windows; steps of the last forward pass
	units, k    int
	x           []T // [T+1][rows][k], the inputs of each step and the hidden state before it
	c           []T // [T+1][rows][units], the cell state before each step and after the last step
	gates       []T // [panels][T][rows][PanelWidth]: activations; in backward their gradients
	tanhC       []T // [T][rows][units]
	dh, dc      []T // [rows][units]
	weights     []T // [panels][k][PanelWidth], gradient
	bias        []T // [panels][PanelWidth], gradient
	grad        []T // [LSTMParams], weights and bias in the layout of the parameters
}

func newSequence[T kernel.Float](s nn.Shape, steps, rows int) *sequence[T] {
	units := kernel.PadUnits(s.Hidden)
	n, k := rows*units, s.Inputs+units
	return &sequence[T]{
		rows: rows, units: units, k: k, x: make([]T, (steps+1)*rows*k), c: make([]T, (steps+1)*n),
		gates: make([]T, steps*4*n), tanhC: make([]T, steps*n), dh: make([]T, n), dc: make([]T, n),
		weights: make([]T, 4*units*k), bias: make([]T, 4*units), grad: make([]T, s.LSTMParams()),
	}
}

// panelSize is the distance between the gates of two panels.
func (q *sequence[T]) panelSize() int { return len(q.tanhC) / q.units * kernel.PanelWidth }

// forward runs the equations of nn.LSTM.Step from the zero state, over steps of the windows
// from..from+rows of x [T][batch][Inputs].
func (q *sequence[T]) forward(s nn.Shape, w lstmWeights[T], x []T, batch, from, steps int) {
	q.steps = steps
	for t := range steps {
		for r := range q.rows {
			copy(q.x[(t*q.rows+r)*q.k:][:s.Inputs], x[(t*batch+from+r)*s.Inputs:])
		}
	}
	n, gates := q.rows*q.units, q.rows*kernel.PanelWidth
	step := kernel.LSTMForwardArgs[T]{
		Panels: w.forward, Rows: q.rows, Inputs: s.Inputs, Hidden: q.units, XRow: q.k,
		HBeforeRow: q.k, HRow: q.k, GatesPanel: q.panelSize(),
	}
	for t := range steps {
		step.X, step.HBefore, step.H = q.x[t*q.rows*q.k:], q.x[t*q.rows*q.k+s.Inputs:],
			q.x[(t+1)*q.rows*q.k+s.Inputs:]
		step.Before, step.After = q.c[t*n:], q.c[(t+1)*n:]
		step.Gates, step.Tanh = q.gates[t*gates:], q.tanhC[t*n:]
		kernel.LSTMForward(&step)
	}
}

// hidden returns the hidden state of window r after step t.
func (q *sequence[T]) hidden(s nn.Shape, t, r int) []T {
	at := ((t+1)*q.rows+r)*q.k + s.Inputs
	return q.x[at : at+s.Hidden]
}

// backward goes back in time from the gradient of the hidden state at the loss positions, dHidden
// [S][batch][Hidden], and sets grad. Each step is kernel.LSTMBackward, then
//
//	dh_before = [di df dg do] Wh^T
//	dWx = x^T [di df dg do]   dWh = h_before^T [di df dg do]   db = their sum
//
// The gradients of the weights are one product over all steps, at the end.
func (q *sequence[T]) backward(
	s nn.Shape, w lstmWeights[T], dHidden []T, positions []int, batch, from int,
) {
	clear(q.dh)
	clear(q.dc)
	n, gates, size := q.rows*q.units, q.rows*kernel.PanelWidth, q.panelSize()
	step := kernel.LSTMBackwardArgs[T]{DH: q.dh, DC: q.dc, Rows: q.rows, Hidden: q.units,
		GatesPanel: size}
	last := len(positions) - 1
	for t := q.steps - 1; t >= 0; t-- {
		if last >= 0 && positions[last] == t {
			for r := range q.rows {
				add(q.dh[r*q.units:][:s.Hidden], dHidden[(last*batch+from+r)*s.Hidden:])
			}
			last--
		}
		step.Gates, step.Before, step.Tanh = q.gates[t*gates:], q.c[t*n:], q.tanhC[t*n:]
		kernel.LSTMBackward(&step)
		clear(q.dh)
		for p := range kernel.Panels(s.Hidden) {
			back := w.back[p*kernel.PanelWidth*q.units:]
			kernel.Gemm(q.dh, q.gates[p*size+t*gates:], back, q.rows, kernel.PanelWidth, q.units)
		}
	}
	clear(q.weights)
	clear(q.bias)
	rows := q.steps * q.rows
	for p := range kernel.Panels(s.Hidden) {
		d := q.gates[p*size:][:rows*kernel.PanelWidth]
		kernel.GemmTransA(q.weights[p*q.k*kernel.PanelWidth:], q.x, d, q.k, rows, kernel.PanelWidth)
		kernel.SumRows(q.bias[p*kernel.PanelWidth:][:kernel.PanelWidth], d)
	}
	d := nn.SplitLSTM(s, q.grad)
	kernel.UnpackLSTMGradient(d.Wx, d.Wh, d.B, q.weights, q.bias, s.Inputs, s.Hidden)
}

// add adds src to dst over the length of dst.
func add[T kernel.Float](dst, src []T) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] += src[i]
	}
}
