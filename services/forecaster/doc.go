// Package forecaster owns partitions of the series: it reads their logs, steps
// the network once per reading and publishes a forecast for every origin.
//
//	reading -> decode, validate -> state of its series -> batch -> LSTM step -> head -> quantiles -> forecast -> stream
//	              | rejected            ring, scaler, h and c
//	              v
//
// Start with Pipeline.Step, the main path, which does no I/O and reads no
// clock. loop.go is the only place that does I/O in order: fetch, Step,
// publish, checkpoint. partition.go starts a partition from its checkpoint and
// finds out what was published already; reload.go brings a new champion into
// the logs. services/loadtide builds a Service; nothing else calls this.
//
// It must never acknowledge what is not published (I1), and never publish what
// the log did not ask for (I4).
package forecaster
