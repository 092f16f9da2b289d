// Package tabular reads and writes readings as CSV, plain or compressed by gzip or zstd. It reads
// three layouts: long, one row a reading with columns for series, timestamp and value; wide, a
// column of times and one per series; and a file of one series. The header tells them apart,
// [Options] name the columns of other files, the zone of times without an offset, and whether
// intervals are labelled by their end.
//
// Start with [Load], which gives a [Table] of compact rows and a [Report] of what could not be
// used. The commands publish, train, backtest and forecast read their files with it, simulate
// writes with [WriteFile].
//
// It must never guess: a row that is not plainly right is rejected with file, line, column and
// value, and the rows that are kept stand as they were written, repeats included.
package tabular
