// Package evaluate measures models on later time than they were trained on, by rolling origin, and
// measures simple rules on the same origins.
//
// Start with Backtest: it streams the readings through pkg/engine, the code that serves, and scores
// the forecasts. ScoreRules scores the simple rules at the origins of a backtest; Compare compares
// two models that were measured on the same origins. The trainer's cycle and the command backtest
// call this package.
//
// A forecast must never see a reading at or after its origin.
package evaluate
