// Command pytorch shows that Loadtide serves a model that was trained elsewhere: it
// hands the windows that the trainer would draw from a file to PyTorch, and a model
// folder for PyTorch to put its weights into. The features are those of pkg/series,
// for there is no second place where they are made.
//
// Start with train.py, which starts this program and reads its standard output:
// a line of JSON, then batches of float32, the first few of them for validation.
// network.py is the network of pkg/nn in PyTorch, parity.py records its losses for
// the test of pkg/train.
package main
