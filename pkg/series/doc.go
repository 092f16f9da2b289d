// Package series holds what is remembered of one series and what the network is shown of it: the
// ring of its cells, its causal scale and the features.
//
// Start with Ring. The engine (serving and backtest) and dataset (training) call WindowOf,
// Layout.Input, Layout.Lead and Layout.Current. There is no second way from readings to the numbers
// that the network reads (I5).
//
// Package series reads no clock, does no I/O and knows no model's weights.
package series
