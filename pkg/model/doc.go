// Package model is a trained network on the disk and in memory: its inputs and outputs (Spec), its
// weights, and the folder that holds both.
//
// Start with Load. The trainer makes a folder with Write. The forecaster, the backtest and
// `loadtide forecast` load a Model, whose layers the engine runs. The folder has these files:
//
//	model.onnx    network, scale and spec; docs/format/model.md has the layout
//	metrics.json  measures of the model; the digest does not cover them
//	card.md       a description for people; may be missing
//	digest        sha256 of model.onnx
//
// A folder comes from a registry and may be hostile: Load bounds what it reads, follows no link,
// and refuses everything that is not exactly as written. The graph in the file is for other
// programs. Load compares it with the graph that the spec asks for; package nn computes. This
// package does not know what a feature means (package series does) nor where a folder came from,
// and it reads no clock.
package model
