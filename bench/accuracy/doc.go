// Command accuracy measures Loadtide on public data sets by the protocol of
// docs/accuracy.md. For each set it trains on the time before the test and
// backtests on the test, with the program's own commands and one configuration.
// It writes the results to bench/results/accuracy.json and the table of
// docs/accuracy.md from them.
//
// Run it by `make accuracy`.
package main
