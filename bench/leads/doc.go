// Command leads measures what the horizon of a model costs the forecaster: the processor's time of
// a reading, the throughput, and the bytes of a message. The models have the default shape and
// random weights.
//
// In each round it measures every case once, one after the other, and takes the ratios within the
// round. "pipeline" is the path from a message to its outputs, in this process. "forecaster" is the
// program itself, beside a server in this process. All figures are times of the processor, so that
// they hold on a machine that has other work.
//
// Run it by `make bench-leads`.
package main
