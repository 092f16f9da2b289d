// Package series holds what is remembered of one metered thing and what the
// network is shown of it: its name, its ring of readings, its causal scale and
// THE feature function.
//
// Start with Ring. The engine (serving, backtest) and dataset (training) call
// Window, Layout.Input, Layout.Lead and Layout.Current; there is no second way
// from readings to numbers the network sees (I5).
//
// Nothing here reads a clock, does I/O or knows a model's weights.
package series
