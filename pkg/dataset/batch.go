package dataset

// Batch is a set of training windows of one shape, time-major and in scaled
// units. T steps, B windows, S loss positions in each window.
type Batch struct {
	T, B, S   int
	X         []float32 // [T][B][Inputs]
	Positions []int     // [S] ascending step indices at which the loss is taken, the same for all windows
	Current   []float32 // [S][B][Current]
	Lead      []float32 // [S][B][Horizon][LeadFeatures]
	Target    []float32 // [S][B][Horizon]
	Weight    []float32 // [S][B][Horizon], 0 where there is no measured value
}
