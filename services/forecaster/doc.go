// Package forecaster owns partitions of the series. It reads their logs, takes one LSTM
// step for each reading, and publishes a forecast for every new origin.
//
//	              log R<p>                                FORECASTS  SCORES  REJECTED  EVENTS
//	 readings, control records                                 ^       ^        ^        ^
//	                 |                                         |       |        |        |
//	 partition.run   v                                         |       |        |        |
//	+-----------> fetch -> Pipeline.Step ------------------> publish --+--------+--------+
//	|             a batch    |  decode   message -> readings     |       in the order of (Seq, K),
//	|                        |  engine   ring, scale, LSTM,      |       beyond the high-water mark
//	|                        |           scores, quantiles       v
//	|                        |  compose  forecasts -> bytes    flush   wait until all are stored
//	|                        |                                   |
//	|                        v                                   v
//	|                      engine's state                      mark    position of stored outputs
//	|                        |                                   |     -> bucket PARTITIONS
//	|                        +----------> snapshot --------> checkpoint -> checkpoints/ (I1)
//	|                                                            |
//	+------------------------- tick, answers, metrics <----------+
//
//	reloader: alias moved -> fetch artifact -> verify -> control record into every log
//
// The package to know first is pkg/engine; its doc.go has the contract of the loop. Start here
// with Pipeline.Step, the main path, which does no I/O and reads no clock. loop.go does all I/O
// of a partition in order. partition.go starts a partition from its checkpoint and finds out
// which outputs were published already. reload.go writes a new champion into the logs.
// services/loadtide builds a Service; nothing else calls this package.
//
// A checkpoint must never hold a position whose outputs are not stored (I1). The package must
// never publish an output that its log does not ask for (I4).
package forecaster
