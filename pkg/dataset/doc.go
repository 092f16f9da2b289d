// Package dataset turns past readings into histories on a grid, cuts time into ranges, and draws
// training windows in the layout of a network.
//
// Start with Builder, which takes readings in any order and builds histories. Files adds readings
// from CSV files. Sampler draws training windows from histories; every number in a window comes
// from pkg/series, the functions that serve (I5). The trainer's cycle, the backtest and pkg/train
// use this package.
//
// A sampler must never read a cell later than its range.
package dataset
