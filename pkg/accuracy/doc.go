// Package accuracy says how good forecasts are, and makes the simplest honest
// forecasts that any other has to beat.
//
// Start with Scores: one series' forecasts beside their actuals, by lead. Total
// joins many series into the measures of a report, Measures. The backtest, the
// trainer's judgement and live scoring use them. SeasonalNaive and Persistence
// serve where no network does yet.
//
// Everything here is a function of its arguments. The package must never know
// where a forecast came from, read a clock, or change what it measures by
// leaving out a finite actual.
package accuracy
