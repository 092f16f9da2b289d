package nn

import "github.com/loadtide/loadtide/pkg/nn/kernel"

// How many rows a layer works on at a time: what lies between its kernels stays in
// the cache. Results do not depend on it.
const (
	stepRows = 48
	headRows = 8
)

// Workspace is the scratch memory of Step and Forward. One goroutine uses it at a
// time; it holds nothing between calls, so layers of different shapes share one.
type Workspace struct {
	before []float32 // [rows][padded Hidden], the hidden state before the step
	h, c   []float32 // [rows][padded Hidden], states that do not fill whole panels
	base   []float32 // [rows][Width], what the leads of a row share
	first  []float32 // [rows][Horizon][Width]
	inner  []float32 // [rows][Horizon][Width]
	step   kernel.LSTMForwardArgs[float32]
}

// NewWorkspace makes scratch memory for batches of up to maxBatch rows. Larger
// batches and other shapes work too: it grows at the first of them.
func NewWorkspace(shape Shape, maxBatch int) *Workspace {
	ws := &Workspace{}
	ws.reserve(shape, maxBatch)
	return ws
}

// reserve grows the workspace to what a block of a batch of this many rows needs.
func (ws *Workspace) reserve(s Shape, batch int) {
	rows, padded := min(batch, stepRows), kernel.PadUnits(s.Hidden)
	grow(&ws.before, rows*padded)
	if padded != s.Hidden {
		grow(&ws.h, rows*padded)
		grow(&ws.c, rows*padded)
	}
	rows = min(batch, headRows)
	grow(&ws.base, rows*s.Width)
	grow(&ws.first, rows*s.Horizon*s.Width)
	grow(&ws.inner, rows*s.Horizon*s.Width)
}

func grow(x *[]float32, n int) {
	if len(*x) < n {
		*x = make([]float32, n)
	}
}
