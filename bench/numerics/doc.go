// Command numerics is the side of Loadtide in a comparison of arithmetic with onnxruntime and
// PyTorch: the LSTM's cell with a linear head, the whole default model, and training steps.
//
// numerics.py runs the comparison. It starts this program once for each task and family of kernels.
// The program reads weights and inputs from files and writes its outputs, which the script compares
// with those of the others. Then, for each line that it reads, it times a block of calls.
//
// Run it by `make bench-numerics`.
package main
