// Package model is a trained network on the disk and in memory: what it reads
// and forecasts (Spec), its weights, and the folder that holds both.
//
// Start with Load. The trainer makes a folder with Write; the forecaster,
// backtest and `loadtide forecast` get a Model from one with Load, whose layers
// the engine then runs. The folder is
//
//	spec.json     names, shape, levels, features, training range
//	weights.bin   the parameters, float32, with counts and a checksum
//	metrics.json  how good it was when it was judged, not covered by the digest
//	card.md       the same for people, when there is one
//	digest        sha256 over spec.json and weights.bin
//
// A folder comes from a registry, which is hostile input: Load bounds what it
// reads, follows no link, and refuses whatever is not exactly as written. The
// package must never know what a feature means (pkg/series does) nor where a
// folder came from, and reads no clock.
package model
