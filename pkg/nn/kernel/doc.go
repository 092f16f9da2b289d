// Package kernel holds the loops that nn and train spend their time in: matrix
// products over flat row-major slices, and the step of an LSTM, there and back.
//
// Start with Linear and LSTMForward. Callers are nn (serving) and train (the fused
// operations of the training graph). Assembly for AVX-512 and AVX2 is picked once, when
// the program starts; the Go twins beside it (*_generic.go) are the reference, serve
// every other machine and the tag purego, and compute in float64 where gradients are
// checked. _gen writes the assembly.
//
// A kernel never allocates, never starts a goroutine and never depends on how many rows
// it is handed: each sum runs upwards in one fixed order. AVX-512 and AVX2 do the same
// operations on each element, true divisions and fused multiply-adds, and so agree to
// the bit; the Go twins differ from them within 1e-5 (I8).
package kernel
