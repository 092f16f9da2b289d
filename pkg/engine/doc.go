// Package engine is the pure heart of a partition: it takes readings in the
// order of their log and gives forecasts. The forecaster, the backtest and the
// trainer's judge all run it.
//
// Start with Engine.Step, then walk: the one way to a state. State lives in slabs,
// one row a series; a batch is cut into waves that hold at most one reading of a
// series, judge.go decides what becomes of each, and the series of a wave are
// walked up to what was said about them, cell by cell and side by side. Tick is
// the log's clock. What comes out is a function of the log alone:
// it depends neither on how the readings were cut into batches nor on other
// series (I4).
//
// It must never do I/O, read a clock or start a goroutine.
package engine
