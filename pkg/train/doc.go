// Package train fits the network of pkg/nn to windows of scaled history with
// Gorgonia: a graph of three fused operations, the LSTM over a whole sequence, the
// head, and the pinball loss, whose gradients Gorgonia's own differentiation
// chains. (A graph unrolled over time has tens of thousands of nodes and takes a
// minute to compile.)
//
// Start with Fit; the trainer and the train command call it. The operations are in
// graph.go, their mathematics in lstm.go, head.go and loss.go, generic in the
// element type so that gradients are checked in float64.
//
// No other package imports gorgonia. Nothing here reads a clock or a file, knows
// what a feature means, or looks past the batches it is handed. A seed gives the
// same bytes on one machine, for any number of workers.
package train
