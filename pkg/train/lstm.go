package train

import (
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/nn/kernel"
)

// sequence is what one shard of windows remembers of a pass through the LSTM: all
// that the way back in time needs.
type sequence[T kernel.Float] struct {
	rows, steps int // windows; steps taken by the last forward pass
	x           []T // [T][rows][Inputs]
	gates       []T // [T][rows][4*Hidden], after their activations; on the way back the gradient before them
	h, c        []T // [T+1][rows][Hidden], the state before each step and after the last
	tanhC       []T // [T][rows][Hidden]
	dh, dc      []T // [rows][Hidden]
	grad        []T // [LSTMParams]
}

func newSequence[T kernel.Float](s nn.Shape, steps, rows int) *sequence[T] {
	n := rows * s.Hidden
	return &sequence[T]{
		rows: rows, x: make([]T, steps*rows*s.Inputs), gates: make([]T, steps*4*n),
		h: make([]T, (steps+1)*n), c: make([]T, (steps+1)*n), tanhC: make([]T, steps*n),
		dh: make([]T, n), dc: make([]T, n), grad: make([]T, s.LSTMParams()),
	}
}

// forward runs the equations of nn.LSTM.Step over the given number of steps from
// the zero state, for the windows from..from+rows of x [T][batch][Inputs].
func (q *sequence[T]) forward(s nn.Shape, w nn.LSTMWeights[T], x []T, batch, from, steps int) {
	q.steps = steps
	hidden, wide, n := s.Hidden, 4*s.Hidden, q.rows*s.Hidden
	for t := range steps {
		xt := q.x[t*q.rows*s.Inputs : (t+1)*q.rows*s.Inputs]
		copy(xt, x[(t*batch+from)*s.Inputs:])
		gates := q.gates[t*4*n : (t+1)*4*n]
		kernel.FillRows(gates, w.B)
		kernel.Gemm(gates, xt, w.Wx, q.rows, s.Inputs, wide)
		kernel.Gemm(gates, q.h[t*n:(t+1)*n], w.Wh, q.rows, hidden, wide)
		for r := range q.rows {
			row := gates[r*wide : (r+1)*wide]
			kernel.Sigmoid(row[:2*hidden])
			kernel.Tanh(row[2*hidden : 3*hidden])
			kernel.Sigmoid(row[3*hidden:])
			i, f, g, o := row[:hidden], row[hidden:2*hidden], row[2*hidden:3*hidden], row[3*hidden:]
			at, next := t*n+r*hidden, (t+1)*n+r*hidden
			before, after := q.c[at:at+hidden], q.c[next:next+hidden]
			for j := range after {
				after[j] = f[j]*before[j] + i[j]*g[j]
			}
			tanhC, h := q.tanhC[at:at+hidden], q.h[next:next+hidden]
			copy(tanhC, after)
			kernel.Tanh(tanhC)
			for j := range h {
				h[j] = o[j] * tanhC[j]
			}
		}
	}
}

// backward goes back in time from the gradient of the hidden state at the loss
// positions, dHidden [S][batch][Hidden], and sets grad. whT is Wh transposed.
//
//	dc += dh*o*(1-tanh(c)^2)
//	di = dc*g*i*(1-i)   df = dc*c_before*f*(1-f)   dg = dc*i*(1-g^2)   do = dh*tanh(c)*o*(1-o)
//	dh_before = [di df dg do] Wh^T   dc_before = dc*f
//	dWx = x^T [di df dg do]   dWh = h_before^T [di df dg do]   db = their sum
//
// The weights' gradients are taken at the end, in one product over all steps.
func (q *sequence[T]) backward(s nn.Shape, whT, dHidden []T, positions []int, batch, from int) {
	hidden, wide, n := s.Hidden, 4*s.Hidden, q.rows*s.Hidden
	clear(q.dh)
	clear(q.dc)
	last := len(positions) - 1
	for t := q.steps - 1; t >= 0; t-- {
		if last >= 0 && positions[last] == t {
			add(q.dh, dHidden[(last*batch+from)*hidden:])
			last--
		}
		gates := q.gates[t*4*n : (t+1)*4*n]
		for r := range q.rows {
			row := gates[r*wide : (r+1)*wide]
			at := t*n + r*hidden
			cellGradient(row[:hidden], row[hidden:2*hidden], row[2*hidden:3*hidden], row[3*hidden:],
				q.c[at:at+hidden], q.tanhC[at:at+hidden], q.dh[r*hidden:(r+1)*hidden], q.dc[r*hidden:(r+1)*hidden])
		}
		clear(q.dh)
		kernel.Gemm(q.dh, gates, whT, q.rows, wide, hidden)
	}
	clear(q.grad)
	d := nn.SplitLSTM(s, q.grad)
	rows := q.steps * q.rows
	gates := q.gates[:rows*wide]
	kernel.GemmTransA(d.Wx, q.x, gates, s.Inputs, rows, wide)
	kernel.GemmTransA(d.Wh, q.h, gates, hidden, rows, wide)
	kernel.SumRows(d.B, gates)
}

// cellGradient replaces the gates of one row by the gradients before their
// activations, and dc by the gradient of the cell before the step.
func cellGradient[T kernel.Float](i, f, g, o, before, tanhC, dh, dc []T) {
	n := len(i)
	f, g, o, before, tanhC, dh, dc = f[:n], g[:n], o[:n], before[:n], tanhC[:n], dh[:n], dc[:n]
	for j := range i {
		ij, fj, gj, oj, tj := i[j], f[j], g[j], o[j], tanhC[j]
		d := dc[j] + dh[j]*oj*(1-tj*tj)
		i[j] = d * gj * ij * (1 - ij)
		f[j] = d * before[j] * fj * (1 - fj)
		g[j] = d * ij * (1 - gj*gj)
		o[j] = dh[j] * tj * oj * (1 - oj)
		dc[j] = d * fj
	}
}

// add adds src to dst over the length of dst.
func add[T kernel.Float](dst, src []T) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] += src[i]
	}
}
