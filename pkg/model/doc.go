// Package model is a trained network on the disk and in memory: what it reads
// and forecasts (Spec), its weights, and the folder that holds both.
//
// Start with Load. The trainer makes a folder with Write; the forecaster,
// backtest and `loadtide forecast` get a Model from one with Load, whose layers
// the engine then runs. The folder is
//
//	model.onnx    network, scale and spec, as docs/format/model.md lays them out
//	metrics.json  how good it was when it was judged, not covered by the digest
//	card.md       the same for people, when there is one
//	digest        sha256 of model.onnx
//
// A folder comes from a registry, which is hostile input: Load bounds what it
// reads, follows no link, and refuses whatever is not exactly as written. The
// graph in the file is for others to run; here it is compared with the one that
// the spec asks for, and pkg/nn computes. The package must never know what a
// feature means (pkg/series does) nor where a folder came from, and reads no clock.
package model
