// Package tabular reads and writes readings as CSV in the long form: a header with series, timestamp and value, then
// one row a reading, plain or gzip'd.
//
// Start with [Load], which gives a [Table] of compact rows and a [Report] of what could not be used. The commands
// publish, train, backtest and forecast read their files with it, pkg/dataset takes its rows from it, simulate writes
// with [WriteFile].
//
// It must never guess: a row that is not plainly right is rejected with file, line, column and value, and the rows that
// are kept stand as they were written, repeats included.
package tabular
