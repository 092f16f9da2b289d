// Package nn is the network as it serves: one LSTM layer that takes a step per
// reading, and a head that turns its state into quantiles for every lead. Batch
// first, float32, flat row-major slices, no allocation per step.
//
// Start with LSTM and Shape. pkg/model loads the weights and pkg/engine calls
// Step and Forward; pkg/train lays out its parameters with SplitLSTM and
// SplitHead and validates with the same layers that serve.
//
// The result of a row never depends on how many rows it comes with. Nothing here
// reads a clock, starts a goroutine, does I/O or knows what an input means; a
// wrong shape panics, for it is a mistake in code.
package nn
