// Package evaluate judges models on later time than they were trained on, by
// rolling origin, beside the simple rules that cost nothing.
//
// Start with Backtest: it streams the readings through pkg/engine, the code
// that serves, and scores what comes out. The trainer's cycle calls it.
//
// It must never let a forecast see a reading at or after its origin.
package evaluate
