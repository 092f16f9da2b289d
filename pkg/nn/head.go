package nn

import (
	"slices"

	"github.com/loadtide/loadtide/pkg/nn/kernel"
)

// Head turns the state of a row into quantiles: a small network shared by all
// leads, that sees the features of the target hour, plus a linear map with weights
// of its own for each lead. It is immutable and may be used by many goroutines,
// each with its own Workspace.
type Head struct {
	shape Shape
	w     HeadWeights[float32]
}

// NewHead copies params [shape.HeadParams()], laid out as SplitHead says. Panics
// on another length.
func NewHead(shape Shape, params []float32) *Head {
	return &Head{shape: shape, w: SplitHead(shape, slices.Clone(params))}
}

// Forward computes for every row and lead k:
//
//	u1  = relu([h; current] Wc + bc + lead_k Wf)
//	u2  = relu(u1 Wm + bm)
//	out = u2 Wo + bo + (h Wl + bl)_k
//
// h is [batch][Hidden], current [batch][Current], lead [batch][Horizon][LeadFeatures],
// out [batch][Horizon*Levels]: the levels of lead 1, then of lead 2, in scaled
// units and not sorted. Panics if a slice is too short.
func (d *Head) Forward(ws *Workspace, out, h, current, lead []float32, batch int) {
	s := d.shape
	checkAtLeast("out", len(out), batch*s.Outputs())
	checkAtLeast("h", len(h), batch*s.Hidden)
	checkAtLeast("current", len(current), batch*s.Current)
	checkAtLeast("lead", len(lead), batch*s.Horizon*s.LeadFeatures)
	ws.reserve(s, batch)
	leads := s.Horizon * s.LeadFeatures
	for from := 0; from < batch; from += blockRows {
		to := min(from+blockRows, batch)
		d.forward(ws, out[from*s.Outputs():to*s.Outputs()], h[from*s.Hidden:to*s.Hidden],
			current[from*s.Current:to*s.Current], lead[from*leads:to*leads], to-from)
	}
}

func (d *Head) forward(ws *Workspace, out, h, current, lead []float32, rows int) {
	s := d.shape
	kernel.FillRows(out, d.w.Bl)
	kernel.Gemm(out, h, d.w.Wl, rows, s.Hidden, s.Outputs())

	base := ws.base[:rows*s.Width] // the same for all leads: computed once
	kernel.FillRows(base, d.w.Bc)
	kernel.Gemm(base, h, d.w.Wc[:s.Hidden*s.Width], rows, s.Hidden, s.Width)
	kernel.Gemm(base, current, d.w.Wc[s.Hidden*s.Width:], rows, s.Current, s.Width)

	u1, u2 := ws.first[:s.Horizon*s.Width], ws.inner[:s.Horizon*s.Width]
	leads := s.Horizon * s.LeadFeatures
	for r := range rows {
		kernel.FillRows(u1, base[r*s.Width:(r+1)*s.Width])
		kernel.Gemm(u1, lead[r*leads:(r+1)*leads], d.w.Wf, s.Horizon, s.LeadFeatures, s.Width)
		kernel.Relu(u1)

		kernel.FillRows(u2, d.w.Bm)
		kernel.Gemm(u2, u1, d.w.Wm, s.Horizon, s.Width, s.Width)
		kernel.Relu(u2)

		row := out[r*s.Outputs() : (r+1)*s.Outputs()]
		for k := range s.Horizon {
			for q, b := range d.w.Bo {
				row[k*s.Levels+q] += b
			}
		}
		kernel.Gemm(row, u2, d.w.Wo, s.Horizon, s.Width, s.Levels)
	}
}
