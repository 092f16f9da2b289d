// Package tabular reads files of readings: delimited text, Green Button, JSON, SenML, InfluxDB line
// protocol and Parquet, by their content, plain or compressed. It writes delimited text.
//
// What a file looks like is found out from the file: its characters, the mark between columns, the
// decimal mark, the line with the names of the columns, and which columns hold time, series and
// value. [Options] overrule what is found.
//
// Start with [Load], which gives a [Table] of compact rows and a [Report] of what was found, what
// could not be used and what was left out. The commands publish, train, backtest, forecast and
// inspect read their files with it, simulate writes with [WriteFile].
//
// The files of the package stand in this order along the way of the bytes: open, format, encoding,
// split (lines and fields), sample, sample_header and cell (the beginning of a file), words, column,
// timing, roles and layout (what the columns are), evidence, marks and hours (what only all rows
// tell), delimited, row, number, date and time (the rows), settle and clock (local times),
// later, sentinel, quantities, ahead and rising (what a person should know), file_layout and report.
//
// Formats of records (records, json, influx, espi over xml) make a record of each reading, which
// put keeps or rejects; package parquet makes delimited text of the rows of its files. No file takes
// more memory than its rows: a length that a file claims makes no room before the bytes are there.
//
// It must never guess: a file that can be read in two ways is refused with both readings and the
// flag that settles it; a row that is not plainly right is rejected with file, line, column and
// value; and the rows that are kept stand as they were written, repeats included.
package tabular
