// Command accuracy measures Loadtide by the protocol of docs/accuracy.md on the
// public data sets and writes the table there: it trains on time before the
// test and backtests on the test, with the program's own commands and one
// configuration for all sets.
//
// Run it by `make accuracy`.
package main
