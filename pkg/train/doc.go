// Package train fits the network of pkg/nn to windows of scaled history with Gorgonia.
//
// The graph has three fused operations: the LSTM over a whole sequence, the head, and the pinball
// loss. Gorgonia differentiates the graph and chains their gradients. (A graph unrolled over time
// has tens of thousands of nodes and takes a minute to compile.)
//
// Start with Fit; a training cycle calls it. The graph is in graph.go. The mathematics of the
// operations is in lstm.go, head.go and loss.go, generic in the element type, so that tests check
// the gradients in float64.
//
// No other package imports gorgonia. This package never reads a clock or a file, and sees no data
// but the batches it is given. A seed gives the same bytes on one machine, for any number of
// workers.
package train
