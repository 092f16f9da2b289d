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
	w := SplitHead(shape, slices.Clone(params))
	for o := range w.Bl { // one bias for both parts
		w.Bl[o] += w.Bo[o%shape.Levels]
	}
	return &Head{shape: shape, w: w}
}

// WithHorizon returns the head of the first leads, at least 1 and at most those of d. The part that
// all leads share is the same.
func (d *Head) WithHorizon(leads int) *Head {
	to := d.shape
	to.Horizon = leads
	w := d.w
	w.Wl, w.Bl = firstLeads(d.w, d.shape, to)
	return &Head{shape: to, w: w}
}

// HeadWithHorizon returns the parameters of a head of the first leads, from params
// [shape.HeadParams()], laid out as SplitHead says.
func HeadWithHorizon(shape Shape, params []float32, leads int) []float32 {
	to := shape
	to.Horizon = leads
	w := SplitHead(shape, params)
	linear, bias := firstLeads(w, shape, to)
	shared := params[:len(params)-len(w.Wl)-len(w.Bl)]
	return slices.Concat(shared, linear, bias)
}

// firstLeads are the weights of the leads that to has, of those that each lead has of its own.
func firstLeads(w HeadWeights[float32], from, to Shape) (linear, bias []float32) {
	linear = make([]float32, 0, to.Hidden*to.Outputs())
	for i := range to.Hidden {
		linear = append(linear, w.Wl[i*from.Outputs():][:to.Outputs()]...)
	}
	return linear, slices.Clone(w.Bl[:to.Outputs()])
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
	for from := 0; from < batch; from += headRows {
		to := min(from+headRows, batch)
		d.forward(ws, out[from*s.Outputs():to*s.Outputs()], h[from*s.Hidden:to*s.Hidden],
			current[from*s.Current:to*s.Current], lead[from*leads:to*leads], to-from)
	}
}

func (d *Head) forward(ws *Workspace, out, h, current, lead []float32, rows int) {
	s := d.shape
	// The state's part of the first layer is the same for all leads: computed once.
	kernel.Linear(ws.base, h, d.w.Wc[:s.Hidden*s.Width], d.w.Bc, rows, s.Hidden, s.Width)
	kernel.Gemm(ws.base, current, d.w.Wc[s.Hidden*s.Width:], rows, s.Current, s.Width)
	leads, units := s.Horizon*s.LeadFeatures, s.Horizon*s.Width
	for r := range rows {
		kernel.LinearRelu(ws.first[r*units:(r+1)*units], lead[r*leads:(r+1)*leads], d.w.Wf, ws.base[r*s.Width:],
			s.Horizon, s.LeadFeatures, s.Width)
	}
	kernel.LinearRelu(ws.inner, ws.first, d.w.Wm, d.w.Bm, rows*s.Horizon, s.Width, s.Width)
	kernel.Linear(out, h, d.w.Wl, d.w.Bl, rows, s.Hidden, s.Outputs())
	kernel.Gemm(out, ws.inner, d.w.Wo, rows*s.Horizon, s.Width, s.Levels)
}
