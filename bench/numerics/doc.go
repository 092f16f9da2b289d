// Command numerics measures Loadtide's arithmetic beside onnxruntime and PyTorch:
// the LSTM's cell with a linear head, the whole default model, and training
// steps. It writes the section of bench/RESULTS.md between its marks, and
// bench/results/numerics.json.
//
// Start with plan.go. Every side is a process of its own that is told over its
// standard input what to prepare and run (side.go): this program again as a worker
// (worker.go), once for each family of kernels, and peers.py for the others. They
// get the same weights and inputs as files, must agree on the outputs before
// anything is timed, and then take turns in short blocks, so that whatever else
// the machine does meets all of them alike.
//
// Run it by `make bench-numerics`.
package main
