package train

import (
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/nn/kernel"
)

// headRows is what one shard of rows (a row is a window at a loss position)
// remembers of a pass through the head.
type headRows[T kernel.Float] struct {
	rows   int
	u1, u2 []T // [rows][Horizon][Width], after relu
	base   []T // [rows][Width], what the leads share; on the way back its gradient
	d1, d2 []T // [Horizon][Width], gradients of one row
	grad   []T // [HeadParams]
}

func newHeadRows[T kernel.Float](s nn.Shape, rows int) *headRows[T] {
	return &headRows[T]{
		rows: rows, u1: make([]T, rows*s.Horizon*s.Width), u2: make([]T, rows*s.Horizon*s.Width),
		base: make([]T, rows*s.Width), d1: make([]T, s.Horizon*s.Width), d2: make([]T, s.Horizon*s.Width),
		grad: make([]T, s.HeadParams()),
	}
}

// forward computes the equations of nn.Head.Forward for the rows of the shard.
func (q *headRows[T]) forward(s nn.Shape, w nn.HeadWeights[T], out, h, current, lead []T) {
	kernel.FillRows(out, w.Bl)
	kernel.Gemm(out, h, w.Wl, q.rows, s.Hidden, s.Outputs())
	kernel.FillRows(q.base, w.Bc)
	kernel.Gemm(q.base, h, w.Wc[:s.Hidden*s.Width], q.rows, s.Hidden, s.Width)
	kernel.Gemm(q.base, current, w.Wc[s.Hidden*s.Width:], q.rows, s.Current, s.Width)
	n, leads := s.Horizon*s.Width, s.Horizon*s.LeadFeatures
	for r := range q.rows {
		u1, u2 := q.u1[r*n:(r+1)*n], q.u2[r*n:(r+1)*n]
		kernel.FillRows(u1, q.base[r*s.Width:(r+1)*s.Width])
		kernel.Gemm(u1, lead[r*leads:(r+1)*leads], w.Wf, s.Horizon, s.LeadFeatures, s.Width)
		kernel.Relu(u1)
		kernel.FillRows(u2, w.Bm)
		kernel.Gemm(u2, u1, w.Wm, s.Horizon, s.Width, s.Width)
		kernel.Relu(u2)
		row := out[r*s.Outputs() : (r+1)*s.Outputs()]
		for k := range s.Horizon {
			add(row[k*s.Levels:(k+1)*s.Levels], w.Bo)
		}
		kernel.Gemm(row, u2, w.Wo, s.Horizon, s.Width, s.Levels)
	}
}

// headTransposed is the head's weights as the way back multiplies with them.
type headTransposed[T kernel.Float] struct {
	wcH []T // [Width][Hidden], the part of Wc that takes the state
	wm  []T // [Width][Width]
	wo  []T // [Levels][Width]
	wl  []T // [Horizon*Levels][Hidden]
}

func newHeadTransposed[T kernel.Float](s nn.Shape) headTransposed[T] {
	return headTransposed[T]{
		wcH: make([]T, s.Width*s.Hidden), wm: make([]T, s.Width*s.Width),
		wo: make([]T, s.Levels*s.Width), wl: make([]T, s.Outputs()*s.Hidden),
	}
}

func (v headTransposed[T]) set(s nn.Shape, w nn.HeadWeights[T]) {
	kernel.Transpose(v.wcH, w.Wc[:s.Hidden*s.Width], s.Hidden, s.Width)
	kernel.Transpose(v.wm, w.Wm, s.Width, s.Width)
	kernel.Transpose(v.wo, w.Wo, s.Width, s.Levels)
	kernel.Transpose(v.wl, w.Wl, s.Hidden, s.Outputs())
}

// backward takes dOut [rows][Horizon*Levels], the gradient of the quantiles, sets
// grad and dHidden [rows][Hidden]. h, current and lead are those of forward.
//
//	du2 = dOut Wo^T where u2 > 0      dWo = u2^T dOut   dbo = sum dOut
//	du1 = du2 Wm^T where u1 > 0       dWm = u1^T du2    dbm = sum du2   dWf = lead^T du1
//	dbase = sum over leads of du1     dWc = [h; current]^T dbase        dbc = sum dbase
//	dh = dOut Wl^T + dbase Wc_h^T     dWl = h^T dOut    dbl = sum dOut over rows
func (q *headRows[T]) backward(s nn.Shape, v headTransposed[T], dHidden, dOut, h, current, lead []T) {
	clear(q.grad)
	d := nn.SplitHead(s, q.grad)
	n, leads := s.Horizon*s.Width, s.Horizon*s.LeadFeatures
	for r := range q.rows {
		u1, u2 := q.u1[r*n:(r+1)*n], q.u2[r*n:(r+1)*n]
		row := dOut[r*s.Outputs() : (r+1)*s.Outputs()]
		kernel.GemmTransA(d.Wo, u2, row, s.Width, s.Horizon, s.Levels)
		kernel.SumRows(d.Bo, row)
		clear(q.d2)
		kernel.Gemm(q.d2, row, v.wo, s.Horizon, s.Levels, s.Width)
		kernel.ReluGrad(q.d2, u2)
		kernel.GemmTransA(d.Wm, u1, q.d2, s.Width, s.Horizon, s.Width)
		kernel.SumRows(d.Bm, q.d2)
		clear(q.d1)
		kernel.Gemm(q.d1, q.d2, v.wm, s.Horizon, s.Width, s.Width)
		kernel.ReluGrad(q.d1, u1)
		kernel.GemmTransA(d.Wf, lead[r*leads:(r+1)*leads], q.d1, s.LeadFeatures, s.Horizon, s.Width)
		base := q.base[r*s.Width : (r+1)*s.Width]
		clear(base)
		kernel.SumRows(base, q.d1)
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
