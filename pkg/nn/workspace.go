package nn

// blockRows is how many rows a layer works on at a time: what lies between its
// kernels stays in the cache. Results do not depend on it.
const blockRows = 16

// Workspace is the scratch memory of Step and Forward. One goroutine uses it at a
// time; it holds nothing between calls, so layers of different shapes share one.
type Workspace struct {
	gates []float32 // [rows][4*Hidden]
	base  []float32 // [rows][Width], what the leads of a row share
	first []float32 // [Horizon][Width]
	inner []float32 // [Horizon][Width]
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
	rows := min(batch, blockRows)
	grow(&ws.gates, rows*4*s.Hidden)
	grow(&ws.base, rows*s.Width)
	grow(&ws.first, s.Horizon*s.Width)
	grow(&ws.inner, s.Horizon*s.Width)
}

func grow(x *[]float32, n int) {
	if len(*x) < n {
		*x = make([]float32, n)
	}
}
