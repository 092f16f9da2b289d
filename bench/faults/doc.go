// Command faults measures what faulty readings cost on the public data sets: it lets readings go
// wrong, seeded, trains a model on the clean ones and one on the faulty ones, and holds the
// backtests against each other, all with the program's own commands. What is scored against is
// always the truth. The first table has several faults at once, the second one each kind by itself,
// see kinds.go. Of a large set some series are measured, see the flag -series.
//
// Run it by `make bench-faults`.
package main
