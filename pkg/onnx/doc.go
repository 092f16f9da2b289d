// Package onnx reads and writes the part of ONNX's protobuf that a network of
// plain operations needs: IR version 8, opset 17 of the default domain, float32
// and int64 tensors inside the file.
//
// Start with Model, Read and Append. pkg/model makes and takes its files with
// them. Read is fed hostile input: it is bounded in memory, never panics, and
// refuses by name what it does not read, rather than pass over it.
//
// The package must never know what a graph computes, and does no I/O.
package onnx
