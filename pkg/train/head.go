package train

import (
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/nn/kernel"
)

// headBlock is the number of rows that the head works on at a time, so that the values between its
// layers stay in the cache.
const headBlock = 8

// headWeights are weights of the head in the layouts that products need. set fills them in after
// each step of the solver.
type headWeights[T kernel.Float] struct {
	bias []T // [Horizon*Levels], the sum of the biases of the linear and of the shared part
	wcH  []T // [Width][Hidden], transposed: the rows of Wc for the hidden state
	wm   []T // [Width][Width], transposed
	wo   []T // [Levels][Width], transposed
	wl   []T // [Horizon*Levels][Hidden], transposed
}

func newHeadWeights[T kernel.Float](s nn.Shape) headWeights[T] {
	return headWeights[T]{
		bias: make([]T, s.Outputs()), wcH: make([]T, s.Width*s.Hidden),
		wm: make([]T, s.Width*s.Width),
		wo: make([]T, s.Levels*s.Width), wl: make([]T, s.Outputs()*s.Hidden),
	}
}

func (v headWeights[T]) set(s nn.Shape, w nn.HeadWeights[T]) {
	for o := range v.bias {
		v.bias[o] = w.Bl[o] + w.Bo[o%s.Levels]
	}
	kernel.Transpose(v.wcH, w.Wc[:s.Hidden*s.Width], s.Hidden, s.Width)
	kernel.Transpose(v.wm, w.Wm, s.Width, s.Width)
	kernel.Transpose(v.wo, w.Wo, s.Width, s.Levels)
	kernel.Transpose(v.wl, w.Wl, s.Hidden, s.Outputs())
}

// headRows is the memory of one shard of rows for a pass through the head. A row is a window at a
// loss position.
type headRows[T kernel.Float] struct {
	rows   int
	u1, u2 []T // [rows][Horizon][Width], after relu
	base   []T // [rows][Width]: forward, what the leads share; backward, its gradient
	d1, d2 []T // [headBlock][Horizon][Width], gradients of one block
	grad   []T // [HeadParams]
}

func newHeadRows[T kernel.Float](s nn.Shape, rows int) *headRows[T] {
	units := s.Horizon * s.Width
	return &headRows[T]{
		rows: rows, u1: make([]T, rows*units), u2: make([]T, rows*units),
		base: make([]T, rows*s.Width),
		d1:   make([]T, headBlock*units), d2: make([]T, headBlock*units),
		grad: make([]T, s.HeadParams()),
	}
}

// forward computes the equations of nn.Head.Forward for the rows of the shard.
func (q *headRows[T]) forward(
	s nn.Shape, w nn.HeadWeights[T], v headWeights[T], out, h, current, lead []T,
) {
	kernel.Linear(out, h, w.Wl, v.bias, q.rows, s.Hidden, s.Outputs())
	kernel.Linear(q.base, h, w.Wc[:s.Hidden*s.Width], w.Bc, q.rows, s.Hidden, s.Width)
	kernel.Gemm(q.base, current, w.Wc[s.Hidden*s.Width:], q.rows, s.Current, s.Width)
	units, leads := s.Horizon*s.Width, s.Horizon*s.LeadFeatures
	for from := 0; from < q.rows; from += headBlock {
		to := min(from+headBlock, q.rows)
		for r := from; r < to; r++ {
			kernel.LinearRelu(q.u1[r*units:], lead[r*leads:], w.Wf, q.base[r*s.Width:], s.Horizon,
				s.LeadFeatures, s.Width)
		}
		n := (to - from) * s.Horizon
		kernel.LinearRelu(q.u2[from*units:], q.u1[from*units:], w.Wm, w.Bm, n, s.Width, s.Width)
		kernel.Gemm(out[from*s.Outputs():], q.u2[from*units:], w.Wo, n, s.Width, s.Levels)
	}
}

// backward takes dOut [rows][Horizon*Levels], the gradient of the quantiles, and sets grad and
// dHidden [rows][Hidden]. h, current and lead are those of forward.
//
//	du2 = dOut Wo^T where u2 > 0      dWo = u2^T dOut   dbo = sum dOut
//	du1 = du2 Wm^T where u1 > 0       dWm = u1^T du2    dbm = sum du2   dWf = lead^T du1
//	dbase = sum over leads of du1     dWc = [h; current]^T dbase        dbc = sum dbase
//	dh = dOut Wl^T + dbase Wc_h^T     dWl = h^T dOut    dbl = sum dOut over rows
func (q *headRows[T]) backward(s nn.Shape, v headWeights[T], dHidden, dOut, h, current, lead []T) {
	clear(q.grad)
	clear(q.base)
	d := nn.SplitHead(s, q.grad)
	units, leads := s.Horizon*s.Width, s.Horizon*s.LeadFeatures
	for from := 0; from < q.rows; from += headBlock {
		to := min(from+headBlock, q.rows)
		n := (to - from) * s.Horizon
		u1, u2 := q.u1[from*units:to*units], q.u2[from*units:to*units]
		row := dOut[from*s.Outputs() : to*s.Outputs()]
		kernel.GemmTransA(d.Wo, u2, row, s.Width, n, s.Levels)
		kernel.SumRows(d.Bo, row)
		kernel.GemmGate(q.d2, row, v.wo, u2, n, s.Levels, s.Width)
		kernel.GemmTransA(d.Wm, u1, q.d2, s.Width, n, s.Width)
		kernel.SumRows(d.Bm, q.d2[:n*s.Width])
		kernel.GemmGate(q.d1, q.d2, v.wm, u1, n, s.Width, s.Width)
		kernel.GemmTransA(d.Wf, lead[from*leads:], q.d1, s.LeadFeatures, n, s.Width)
		for r := from; r < to; r++ {
			kernel.SumRows(q.base[r*s.Width:(r+1)*s.Width], q.d1[(r-from)*units:(r-from+1)*units])
		}
	}
	kernel.GemmTransA(d.Wc[:s.Hidden*s.Width], h, q.base, s.Hidden, q.rows, s.Width)
	kernel.GemmTransA(d.Wc[s.Hidden*s.Width:], current, q.base, s.Current, q.rows, s.Width)
	kernel.SumRows(d.Bc, q.base)
	kernel.GemmTransA(d.Wl, h, dOut, s.Hidden, q.rows, s.Outputs())
	kernel.SumRows(d.Bl, dOut)
	clear(dHidden)
	kernel.Gemm(dHidden, dOut, v.wl, q.rows, s.Outputs(), s.Hidden)
	kernel.Gemm(dHidden, q.base, v.wcH, q.rows, s.Width, s.Hidden)
}
