// Command accuracy measures Loadtide on public data sets by the protocol of
// docs/accuracy.md. For each set it trains on the time before the test and
// backtests on the test, with the program's own commands and one configuration.
// Sets of a finer interval are measured at it and, with a model of hours, at the
// hours of the same origins. It writes the results to bench/results/accuracy.json
// and the tables of docs/accuracy.md from them.
//
// With -limits it measures how often targets pass a limit, by the chance that was
// forecast, and nothing else. With -horizons it measures models of a day, of two
// days and of a week by day of the lead, and nothing else.
//
// native_lgbm.py measures LightGBM on the finer sets with the same lags, once. It
// writes into the results, and a run of the command keeps them.
//
// Run it by `make accuracy`.
package main
