// Package engine is the pure heart of a partition: it takes readings in the
// order of their log and gives forecasts. The forecaster, the backtest and the
// trainer's judge all run it.
//
// Start with Engine.Step. State lives in slabs, one row a series; a batch is
// cut into waves that hold at most one reading of a series, and every wave goes
// through the network at once. What comes out is a function of the log alone:
// it depends neither on how the readings were cut into batches nor on other
// series (I4).
//
// It must never do I/O, read a clock or start a goroutine.
package engine
