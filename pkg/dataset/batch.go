package dataset

// Batch is a set of training windows of one shape, time-major and in scaled units. It has T steps,
// B windows, and S loss positions in each window.
type Batch struct {
	T, B, S   int
	X         []float32 // [T][B][Inputs]
	Positions []int     // [S] steps of the losses, ascending, the same for all windows
	Current   []float32 // [S][B][Current]
	Lead      []float32 // [S][B][Horizon][LeadFeatures]
	Target    []float32 // [S][B][Horizon]
	Weight    []float32 // [S][B][Horizon], 0 where there is no measured value
}
